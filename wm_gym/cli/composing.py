"""Composes a config from `setting=value` overrides by Hydra. Overrides that do more than set are refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from wm_gym.choices import did_you_mean
from wm_gym.cli.settings import Setting, field_name, settings_of

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

C = TypeVar("C")


def compose(config: type[C], overrides: list[str], hint: str = "") -> C:
    """A dataclass config with `setting=value` overrides, checked by Hydra.

    Args:
        config: A dataclass.
        overrides: What is to be other than its default.
        hint: Follows the refusal of several values.

    Raises:
        ValueError: If a setting is unknown, its value is of the wrong kind, or an override does more than set.
    """
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    known = {setting.name: setting for setting in settings_of(config)}
    for text in overrides:
        _check(parsed(text), text, known, hint)
    try:
        return _composed(config, overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(_refusal(_culprit(config, overrides), known, error)) from error


def _culprit(config: type[Any], overrides: list[str]) -> str:
    """The first override that Hydra refuses even alone, or else the last."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    for text in overrides:
        try:
            _composed(config, [text])
        except (HydraException, OmegaConfBaseException):
            return text
        except ValueError:
            continue  # it may go with what else is set
    return overrides[-1]


def as_yaml(config: Any) -> str:
    """A config as YAML, as Hydra shows it."""
    from omegaconf import OmegaConf

    assert is_dataclass(config)
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def _composed(config: type[C], overrides: list[str]) -> C:
    from hydra import compose as hydra_compose
    from hydra import initialize
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    node = OmegaConf.structured(config)
    _thaw(node)
    ConfigStore.instance().store(name=config.__name__, node=node)
    named = [f"{field_name(name)}={value}" for name, _, value in (text.partition("=") for text in overrides)]
    with initialize(version_base="1.3", config_path=None):
        composed: Any = OmegaConf.to_object(hydra_compose(config.__name__, named))
    return composed


def _thaw(node: Any) -> None:
    """Let overrides into the frozen dataclasses inside a config too; what is built from it is frozen again."""
    from omegaconf import DictConfig, OmegaConf

    OmegaConf.set_readonly(node, False)
    for name in node:
        if isinstance(node[name], DictConfig):
            if not node[name]:
                OmegaConf.set_struct(node[name], False)  # a dictionary without keys of its own takes any
            _thaw(node[name])


def parsed(text: str) -> Override:
    """One word of a command line as Hydra reads it.

    Raises:
        ValueError: If it is not written setting=value, as Hydra has it.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"settings must be written setting=value, got {text!r}")
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise ValueError(
            f"{name} must have a value as Hydra writes it, with quotes around what has commas, brackets or quotes in "
            f"it, got {value!r}"
        ) from error


def _check(override: Override, text: str, known: dict[str, Setting], hint: str) -> None:
    """Refuse what Hydra would take and a fixed set of settings cannot: more settings, fewer, sweeps, packages."""
    from hydra.core.override_parser.types import OverrideType

    name = override.key_or_group
    if override.type is not OverrideType.CHANGE or override.package is not None:
        raise ValueError(f"settings can be set, not added, removed or moved: must be setting=value, got {text!r}")
    if override.is_sweep_override():
        raise ValueError(
            f"{name} must have one value, in quotes if there are commas in it or in [brackets] if it is a list, "
            f"got {text.partition('=')[2]!r}{hint}"
        )
    if not _exists(name, known):
        raise ValueError(f"settings must be among those that --help lists, got {name!r}{_guess(name, known)}")


def _exists(name: str, known: dict[str, Setting]) -> bool:
    """Whether there is such a setting, or one that is a dictionary and has such a key."""
    if name in known:
        return True
    outer, _, key = name.rpartition(".")
    return outer in known and isinstance(known[outer].default, dict) and key in known[outer].default


def _guess(name: str, known: Iterable[str]) -> str:
    """A setting of that name elsewhere, or one that is written alike."""
    last = name.rpartition(".")[2]
    elsewhere = [other for other in known if other.rpartition(".")[2] == last]
    return f"; did you mean {elsewhere[0]!r}?" if elsewhere else did_you_mean(name, known)


def _refusal(text: str, known: dict[str, Setting], error: Exception) -> str:
    """What must be and what came, of a value of the wrong kind."""
    name, _, value = text.partition("=")
    setting = known.get(name)
    if setting is not None and not setting.type:
        return f"{name} must be set by its settings, such as {_first_inside(name, known)}=..., got {value!r}"
    if setting is not None:
        keys = f" with keys among {list(setting.default)}" if isinstance(setting.default, dict) else ""
        return f"{name} must be of type {setting.type}{keys}, got {value!r}"
    return f"{name} must have a value that fits, got {value!r}: {str(error.__cause__ or error).splitlines()[0]}"


def _first_inside(name: str, known: Iterable[str]) -> str:
    return next(other for other in known if other.startswith(f"{name}."))
