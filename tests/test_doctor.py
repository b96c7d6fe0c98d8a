from importlib import metadata

import pytest

from wm_gym import doctor


def test_the_report_has_every_section_and_every_backend():
    report = doctor.report()
    for title in ("System", "torch", "Packages", "Backends", "Display and video"):
        assert f"{title}\n" in report
    for backend in doctor.BACKENDS:
        assert f"  {backend}: " in report
    assert "could not be examined" not in report


def test_the_report_names_devices_and_attention_kernels(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "2.8" if package == "flash-attn" else None)
    report = doctor.report()
    assert "  CUDA: " in report and "  MPS: " in report
    assert "attention kernels: torch's SDPA yes; FlexAttention yes; flash-attn 2.8" in report


def test_extras_are_read_from_the_records_of_pip():
    lines = [
        "numpy>=2",
        "vizdoom>=1.3; extra == 'all'",
        'ray>=2; extra == "all"',
        "vizdoom>=1.3; extra == 'twin'",
        'ray>=2; extra == "distributed"',
        "wm-gym[twin]; extra == 'dev'",
        "minari>=1; extra == 'dev'",
    ]
    expected = {"": ["numpy"], "twin": ["vizdoom"], "distributed": ["ray"], "dev": ["minari"]}
    assert doctor.requirements_by_extra(lines) == expected


def test_a_missing_package_comes_with_its_pip_command(monkeypatch):
    recorded = metadata.version

    def without_vizdoom(name):
        if name == "vizdoom":
            raise metadata.PackageNotFoundError(name)
        return recorded(name)

    monkeypatch.setattr(metadata, "version", without_vizdoom)
    monkeypatch.setattr(metadata, "requires", lambda _: ["numpy", "vizdoom; extra == 'twin'"])
    report = doctor.report()
    assert "missing vizdoom: pip install 'wm-gym[twin]'" in report
    assert "twin: cannot run here: vizdoom is missing: pip install 'wm-gym[twin]'" in report


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError("libfoo.so: cannot open shared object file\nmore"),
            "torch is broken (OSError: libfoo.so: cannot open",
        ),
        (ImportError("no such symbol"), "torch cannot be imported (ImportError: no such symbol)"),
        (RuntimeError(), "torch is broken (RuntimeError)"),
    ],
)
def test_a_broken_package_is_a_line_of_the_report(monkeypatch, error, words):
    def broken(name):
        raise error

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    report = doctor.report()
    assert words in report
    assert "Display and video" in report


def test_a_section_that_fails_does_not_hide_the_others(monkeypatch):
    def fail():
        raise KeyError("unexpected")

    monkeypatch.setattr(doctor.os, "cpu_count", fail)
    report = doctor.report()
    assert "could not be examined: KeyError: 'unexpected'" in report
    assert "Backends\n" in report


def test_an_installation_unknown_to_pip_gets_advice(monkeypatch):
    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", unknown)
    report = doctor.report()
    assert "pip install -e ." in report
    assert "could not be examined" not in report


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SDL_VIDEODRIVER": "dummy", "DISPLAY": ":0"}, "no, SDL_VIDEODRIVER is dummy"),
        ({}, "no, neither DISPLAY nor WAYLAND_DISPLAY is set; use 'rgb_array'"),
        ({"DISPLAY": ":0"}, "yes"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "yes"),
    ],
)
def test_a_window_needs_a_display(monkeypatch, environment, words):
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.setattr(doctor.util, "find_spec", lambda name: object())
    assert doctor._window(environment) == words


@pytest.mark.parametrize(
    ("flags", "words"),
    [("fpu sse avx512_bf16 amx_bf16", "yes (amx_bf16, avx512_bf16)"), ("fpu sse", "no, it is emulated")],
)
def test_bfloat16_is_read_from_the_processor(tmp_path, flags, words):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags\t\t: {flags}\n")
    assert doctor._bfloat16_in_cpu(cpuinfo) == words
    assert doctor._bfloat16_in_cpu(tmp_path / "none") == "unknown on this system"
