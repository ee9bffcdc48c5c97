"""Ready-made settings: settings.yaml has them by name; `apply` writes one into params.yaml."""

from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.tokens import CommentToken

from dirac.params import check_params
from dirac.scratch import publish

Changes = dict[str, tuple[Any, Any]]  # dotted key -> old value, new value


class SettingsError(ValueError):
    """Settings that cannot be applied; the message names them and what is allowed."""


def names(settings: Path = Path("settings.yaml")) -> list[str]:
    """The settings there are. Raises SettingsError if the file is missing or not YAML."""
    return list(_read(settings))


def apply(name: str, params: Path, settings: Path = Path("settings.yaml")) -> Changes:
    """Write the values of a setting into a params file, whose comments and layout stay.

    The file is replaced only if all of it can be used afterwards. Returns what changed. Raises
    SettingsError for an unknown name, key or file, ParamsError for an impossible value.
    """
    ready = _read(settings)
    if name not in ready:
        raise SettingsError(f"there are no settings {name!r}; there are {', '.join(ready)}")
    values = _read(params)
    changes = {}
    for key, new in _leaves(ready[name]):
        old = _replace(values, key, new, f"{settings}: {name}")
        if old != new:
            changes[key] = (old, new)
    check_params(values, f"{params} with the settings {name}")
    text = StringIO()
    _yaml().dump(values, text)
    written = params.with_name(f".{params.name}.new")
    written.write_text(text.getvalue(), encoding="utf-8")
    publish(written, params)
    return changes


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _replace(values: Any, key: str, new: Any, where: str) -> Any:
    """Set the value at a dotted key that is there already; returns the old one."""
    *sections, last = key.split(".")
    for section in sections:
        values = _item(values, section, key, where)
    old = _item(values, last, key, where)
    if isinstance(old, CommentedSeq) and isinstance(new, list):
        before = list(old)
        old[:] = new  # in place: what follows the list in its line is the list's own
        if not before:  # which was in one line, but has no layout
            old.fa.set_flow_style()
        return before
    values[last] = new
    return old


def _item(values: Any, name: str, key: str, where: str) -> Any:
    if not isinstance(values, CommentedMap) or name not in values:
        raise SettingsError(f"{where}: the params file has no key {key}")
    # A comment keeps its column: at 0 it follows the value closely, however short that has become.
    for comment in values.ca.items.get(name, ()):
        if isinstance(comment, CommentToken):
            comment.start_mark.column = 0
    return values[name]


def _read(path: Path) -> CommentedMap:
    try:
        values = _yaml().load(path)
    except FileNotFoundError:
        raise SettingsError(f"{path.resolve()} is missing: run from the project's folder") from None
    except YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}") from None
    if not isinstance(values, CommentedMap):
        raise SettingsError(f"{path} must hold keys and values")
    return values


class _Representer(RoundTripRepresenter):
    """As it stood, but for null, which ruamel leaves out."""

    def represent_none(self, data: None) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.preserve_quotes = True
    yaml.width = 1000  # no line is broken
    return yaml
