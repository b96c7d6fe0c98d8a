"""`wm-gym doctor`: what is installed, what can run here, and the pip command for what is missing.

Versions are read from pip's records; only torch and PyAV are imported. A broken package does not break the report: it
is a line in it.
"""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata, util
from pathlib import Path
from types import ModuleType

import wm_gym
from wm_gym.backends.registry import BACKENDS

BACKEND_NEEDS = {
    "twin": ("vizdoom", "twin"), "sglang": ("msgpack", "remote"), "vllm_omni": ("msgpack", "remote"),
}  # fmt: skip
"""Backends that need more than the core: a package, and the extra that installs it."""

# Requires-Dist: name[extras]version; marker
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)[^;]*(?:;(?P<marker>.*))?$")
_EXTRA = re.compile(r"extra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")


def report() -> str:
    """The whole report, as text for a terminal."""
    sections: dict[str, Callable[[], Iterator[str]]] = {
        "System": _system,
        "torch": _torch,
        "Packages": _packages,
        "Backends": _backends,
        "Display and video": _display_and_video,
    }
    return "\n\n".join("\n".join([title, *_safely(lines)]) for title, lines in sections.items())


def main() -> int:
    """Print the report."""
    print(report())
    return 0


def _safely(lines: Callable[[], Iterator[str]]) -> list[str]:
    """The indented lines of one section, and the error that ended it, if any."""
    found: list[str] = []
    try:
        found.extend(f"  {line}" for line in lines())
    except Exception as error:  # a broken installation may raise anything at all
        found.append(f"  could not be examined: {_in_short(error)}")
    return found


def _system() -> Iterator[str]:
    yield f"wm-gym {wm_gym.__version__}, Python {platform.python_version()} at {sys.executable}"
    yield f"{platform.platform()}, {os.cpu_count()} cores"


def _torch() -> Iterator[str]:
    torch = _import_or_reason("torch")
    if isinstance(torch, str):
        yield f"{torch}: pip install torch"
        return
    yield f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    cuda = torch.cuda.is_available()
    yield "CUDA: " + (f"yes, {torch.cuda.get_device_name(0)}" if cuda else "no")
    yield f"MPS: {'yes' if torch.backends.mps.is_available() else 'no'}"
    yield f"attention kernels: {_attention_kernels()}"
    yield f"bfloat16 in this CPU: {_bfloat16_in_cpu(Path('/proc/cpuinfo'))}"
    policy = os.environ.get("OMP_WAIT_POLICY")
    advice = (
        "" if policy == "PASSIVE" else "; set it to PASSIVE where cores are shared: spinning threads stall each other"
    )
    yield f"OMP_WAIT_POLICY: {policy or 'not set'}{advice}"


def _attention_kernels() -> str:
    """The attention kernels that can be imported here, in words."""
    flex = "yes" if util.find_spec("torch.nn.attention.flex_attention") is not None else "no, torch is too old"
    return f"torch's SDPA yes; FlexAttention {flex}; flash-attn {_version('flash-attn') or 'not installed'}"


def _bfloat16_in_cpu(cpuinfo: Path) -> str:
    """Whether the processor has bfloat16 instructions, by the flags of Linux's cpuinfo."""
    if not cpuinfo.is_file():
        return "unknown on this system"
    flags = {"avx512_bf16", "amx_bf16", "bf16"} & set(cpuinfo.read_text(encoding="utf-8", errors="replace").split())
    return f"yes ({', '.join(sorted(flags))})" if flags else "no, it is emulated"


def _packages() -> Iterator[str]:
    try:
        requirements = metadata.requires("wm-gym") or []
    except metadata.PackageNotFoundError:
        yield "wm-gym runs from a folder that pip does not know: pip install -e ."
        return
    for extra, names in requirements_by_extra(requirements).items():
        missing = [name for name in names if _version(name) is None]
        found = ", ".join(f"{name} {_version(name)}" for name in names if name not in missing)
        yield f"{extra or 'core'}: {found or 'nothing installed'}"
        if missing:
            target = f"wm-gym[{extra}]" if extra else "wm-gym"
            yield f"    missing {', '.join(missing)}: pip install '{target}'"


def requirements_by_extra(requirements: list[str]) -> Mapping[str, list[str]]:
    """Package names by the smallest extra that brings them; "" is the core.

    Args:
        requirements: Requires-Dist lines. Extras that only combine others are left out.
    """
    names: dict[str, list[str]] = {}
    for requirement in requirements:
        parsed = _REQUIREMENT.match(requirement)
        if parsed is None or parsed["name"] == "wm-gym":
            continue
        marker = _EXTRA.search(parsed["marker"] or "")
        names.setdefault(marker["extra"] if marker else "", []).append(parsed["name"])
    seen: set[str] = set()
    for extra in sorted(names, key=lambda extra: len(names[extra])):
        names[extra] = [name for name in names[extra] if name not in seen]
        seen.update(names[extra])
    return {extra: own for extra, own in names.items() if own}


def _backends() -> Iterator[str]:
    for name, path in BACKENDS.items():
        reason = _why_not(name, path.partition(":")[0])
        yield f"{name}: {'can run here' if reason is None else f'cannot run here: {reason}'}"


def _why_not(backend: str, module: str) -> str | None:
    """The reason why a backend cannot run here, or None if none is found."""
    package, extra = BACKEND_NEEDS.get(backend, ("wm-gym", ""))
    if extra and _version(package) is None:
        return f"{package} is missing: pip install 'wm-gym[{extra}]'"
    return None if util.find_spec(module) is not None else f"module {module} is missing: pip install wm-gym"


def _display_and_video() -> Iterator[str]:
    yield f"render_mode 'human': {_window(os.environ)}"
    av = _import_or_reason("av")
    if isinstance(av, str):
        yield f"videos: {av}: pip install av"
        return
    codec = "libx264" if "libx264" in av.codecs_available else "no libx264: mp4 videos cannot be written"
    libavcodec = _dotted(av.library_versions["libavcodec"])
    yield f"videos: PyAV {av.__version__} with FFmpeg's libavcodec {libavcodec}, {codec}"


def _window(environment: Mapping[str, str]) -> str:
    """Whether a window can be opened, in words."""
    if util.find_spec("pygame") is None:
        return "no, pygame is missing: pip install 'wm-gym[play]'"
    if environment.get("SDL_VIDEODRIVER") == "dummy":
        return "no, SDL_VIDEODRIVER is dummy"
    if sys.platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return "no, neither DISPLAY nor WAYLAND_DISPLAY is set; use 'rgb_array'"
    return "yes"


def _import_or_reason(name: str) -> ModuleType | str:
    """The module, or the reason why it cannot be imported."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        return f"{name} cannot be imported ({_in_short(error)})" if util.find_spec(name) else f"{name} is not installed"
    except Exception as error:  # libraries built for another machine raise OSError and others
        return f"{name} is broken ({_in_short(error)})"


def _version(package: str) -> str | None:
    """The version in pip's records, or None if the package is missing or its record damaged."""
    try:
        return metadata.version(package)
    except Exception:  # damaged records raise more than PackageNotFoundError
        return None


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else type(error).__name__


if __name__ == "__main__":
    raise SystemExit(main())
