import json

import numpy as np
import pytest
import torch

from wm_gym.agents.vlm.batches import IGNORED, Batches
from wm_gym.agents.vlm.chunk import ChunkLanguage, Part, write_chunk
from wm_gym.agents.vlm.data import Pair
from wm_gym.agents.vlm.grammar import ChunkGrammar
from wm_gym.agents.vlm.local import LocalConfig, LocalVLM
from wm_gym.agents.vlm.prompting import Prompt
from wm_gym.agents.vlm.tiny import TinyConfig, save_tiny
from wm_gym.agents.vlm.trained_weights import TrainedWeights
from wm_gym.agents.vlm.training import VLMRunConfig, VLMTrainConfig, train_vlm

SMALL = TinyConfig(hidden=32, feed_forward=32, layers=1, vision_hidden=16, vision_depth=1, vocabulary=160)


def frame(red):
    picture = np.zeros((36, 48, 3), np.uint8)
    picture[:, 24:] = (255, 0, 0) if red else (0, 0, 255)
    return picture


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Where it is red one walks, where it is blue one goes back; to turn left is the same everywhere."""
    path = tmp_path_factory.mktemp("film") / "walks.npz"
    keys = np.zeros((4, 44, 8), bool)
    for row, key in enumerate((0, 2, 5, 5)):
        keys[row, :3, key] = True
    np.savez(
        path, frames=np.stack([frame(True), frame(False)]), frame_of=np.array([0, 1, 0, 1], np.int32),
        families=np.array(["forward", "forward", "stand", "stand"]),
        instructions=np.array(["walk on", "walk on", "spin", "spin"]), keys=keys, steps=np.full(4, 3, np.int32),
    )  # fmt: skip
    return str(path)


def run_config(film, folder, **settings):
    settings = {"steps": 4, "batch": 4, "report_steps": 2, "scored": 4, "mirrors": False, "tiny": SMALL, **settings}
    return VLMRunConfig([film], [film], train=VLMTrainConfig(output=str(folder), **settings))


def test_inputs_are_those_of_the_processor_and_labels_the_answer(tiny):
    pairs = [Pair(frame(k == 1), "turn left" + " now" * k, (Part("W", 3 + k),), (0, k, False)) for k in range(3)]
    batch = Batches(tiny[1], "rules").batch(pairs)
    for row, pair in enumerate(pairs):
        alone = LocalVLM.of(*tiny).inputs([Prompt("rules", pair.instruction, pair.frame)])
        asked = alone["input_ids"].shape[1]
        answer = batch.labels[row][batch.labels[row] != IGNORED]
        assert torch.equal(batch.inputs["input_ids"][row, :asked], alone["input_ids"][0])
        assert torch.equal(batch.inputs["mm_token_type_ids"][row, :asked], alone["mm_token_type_ids"][0])
        assert torch.equal(batch.inputs["pixel_values"].view(3, -1)[row], alone["pixel_values"].flatten())
        assert tiny[1].tokenizer.decode(answer[:-1]) == write_chunk(pair.chunk)
        assert answer[-1] == tiny[1].tokenizer.eos_token_id
        assert batch.inputs["attention_mask"][row].sum() == asked + len(answer)


@pytest.mark.slow
def test_a_model_learns_what_depends_on_the_frame_and_what_does_not(film, tmp_path):
    train_vlm(run_config(film, tmp_path, steps=150, batch=8, learning_rate=1e-2, warmup=5, average_decay=0.9))
    model = LocalVLM(LocalConfig(model=str(tmp_path / "model")))
    asked = [Prompt("", text, frame(red)) for text in ("walk on", "spin") for red in (True, False)]
    replies = [reply.text for reply in model.write(asked, ChunkGrammar(ChunkLanguage()))]
    assert replies == [f'[{{"keys":"{key}","steps":3}}]' for key in "WSJJ"]
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["same_chunk"] == 1.0 and rows[-1]["held_out_loss"] < rows[0]["held_out_loss"]
    assert list(tmp_path.glob("events.out.tfevents*"))


def test_a_resumed_run_ends_in_the_same_weights(film, tmp_path):
    assert "model and logs are in" in train_vlm(run_config(film, tmp_path / "whole", steps=2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wm_gym.train_world.trainer._is_over", lambda progress, config: progress.step == 1)
        train_vlm(run_config(film, tmp_path / "parts", steps=2))
    train_vlm(run_config(film, tmp_path / "parts", steps=2))
    whole, parts = ((tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_an_adapter_is_trained_and_loaded_beside_any_folder(film, tmp_path, tiny):
    pytest.importorskip("peft")
    save_tiny(tmp_path / "base", *tiny)
    tiny[0].float()
    config = run_config(film, tmp_path / "run", lora_rank=2, steps=2)
    config.model = str(tmp_path / "base")
    train_vlm(config)
    saved = tmp_path / "run" / "adapter"
    assert (saved / "adapter_model.safetensors").stat().st_size < 100_000
    plain = LocalVLM(LocalConfig(model=config.model))
    turned = LocalVLM(LocalConfig(model=config.model, adapter=str(saved)))
    name = "model.language_model.layers.0.mlp.up_proj.weight"
    assert not torch.equal(plain.network.state_dict()[name], turned.network.state_dict()[name])
    checkpoint = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert all("lora_" in name for name in checkpoint["network"])


def test_averaged_weights_stand_in_for_a_while():
    import copy

    model = torch.nn.Linear(2, 2)
    trained = TrainedWeights(model)
    average = copy.deepcopy(trained)
    before = model.weight.detach().clone()
    with torch.no_grad():
        for one in average.parameters():
            one.fill_(3.0)
    with average.in_place() as seen:
        assert seen is model and (model.weight == 3).all() and not model.training
    assert torch.equal(model.weight, before) and model.training
    assert set(trained.state_dict()) == {"weights.weight", "weights.bias"}
