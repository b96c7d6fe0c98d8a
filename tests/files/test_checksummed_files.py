import json

import numpy as np
import pytest
import torch

from wm_gym.files.checksummed import FileKind, pack_checksummed, read_file, unpack_checksummed

KIND = FileKind("wm_gym.sample", 3)
TENSORS = {
    "numbers": torch.arange(60, dtype=torch.float32).reshape(3, 20),
    "halves": torch.ones(7, dtype=torch.bfloat16),
    "flags": torch.tensor([True, False]),
    "none": torch.zeros(0, 4),
    "one": torch.tensor(5),
}
HEADER = {"name": "a world", "list": [1, 2.5, None], "big": 2**90}
WHOLE = pack_checksummed(KIND, HEADER, TENSORS)


def opened(data):
    return unpack_checksummed(data, KIND, "a sample")


def flipped(data, position):
    return data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :]


def position_of(name):
    length = int.from_bytes(WHOLE[:8], "little")
    return 8 + length + json.loads(WHOLE[8 : 8 + length])[name]["data_offsets"][0]


def test_packed_data_can_be_unpacked():
    header, tensors = opened(WHOLE)
    assert header == HEADER and set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype and torch.equal(tensors[name], tensor)


def test_equal_contents_give_equal_bytes():
    assert pack_checksummed(KIND, HEADER, dict(reversed(TENSORS.items()))) == WHOLE


def test_a_flipped_byte_is_refused_wherever_it_is():
    for position in range(len(WHOLE)):
        with pytest.raises(ValueError, match="a sample must be"):
            opened(flipped(WHOLE, position))


@pytest.mark.parametrize("name", ["numbers", "halves", "flags", "one"])
def test_the_message_names_the_part_with_a_flipped_byte(name):
    position = position_of(name)
    with pytest.raises(ValueError) as raised:
        opened(flipped(WHOLE, position))
    size = TENSORS[name].nbytes
    assert str(raised.value) == (
        f"a sample must be whole, got a damaged {name!r} (bytes {position} to {position + size - 1})"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (7, "a sample must be bytes, got int"),
        (b"", "a sample must be wm_gym.sample bytes, got 0 bytes of something else"),
        (b"x" * 99, "a sample must be wm_gym.sample bytes, got 99 bytes of something else"),
        (WHOLE[:-1], f"a sample must be whole, got {len(WHOLE) - 1} bytes, cut short or with a damaged header"),
        (WHOLE + b"!", f"a sample must be whole, got {len(WHOLE) + 1} bytes, cut short or with a damaged header"),
        (WHOLE.replace(b"a world", b"a w0rld"), "a sample must be whole, got a damaged header"),
        (
            pack_checksummed(FileKind("wm_gym.sample", 4), HEADER, TENSORS),
            "a sample must be wm_gym.sample version 3, got wm_gym.sample version 4",
        ),
        (
            pack_checksummed(FileKind("wm_gym.other", 3), HEADER, TENSORS),
            "a sample must be wm_gym.sample version 3, got wm_gym.other version 3",
        ),
    ],
)
def test_bytes_of_something_else_are_refused_in_one_sentence(data, message):
    with pytest.raises(ValueError) as raised:
        opened(data)
    assert str(raised.value) == message


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError) as raised:
        read_file(tmp_path / "none", "a sample")
    assert str(raised.value) == (
        f"a sample must be a file that can be read, got '{tmp_path / 'none'}': No such file or directory"
    )


def test_random_bytes_are_never_accepted():
    rng = np.random.default_rng(0)
    for _ in range(50):
        with pytest.raises(ValueError, match="something else"):
            opened(rng.bytes(200))
