"""What a figure was measured on: the processor, its instruction set, the threads of torch and the machine's load."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

ABILITIES = ("avx512_bf16", "amx_bf16")
"""Of a processor, beyond torch's name for its instruction set."""


def machine() -> dict[str, str | int | float]:
    """The machine now, as JSON holds it: names, counts, and processes that ran or waited in the last minute."""
    return {
        "processor": _processor(),
        "instruction_set": " ".join([torch.backends.cpu.get_cpu_capability(), *_abilities()]),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
    }


def machine_line() -> str:
    """The machine now, in one line, to be printed beside figures."""
    now = machine()
    return (
        f"{now['processor']}, {now['instruction_set']}, {now['cores']} cores; "
        f"{now['threads']} threads of torch, load {now['load']}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _abilities() -> list[str]:
    ask = getattr(torch.cpu, "get_capabilities", dict)
    return [name for name in ABILITIES if ask().get(name)]
