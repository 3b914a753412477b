"""Settings declared as fields of a dataclass: how each is read, and how it is shown."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from shared.setting_types import BY_ANNOTATION, Parse

_KEY = "touchpoint.setting"
MASK = "***"
"""In place of secrets."""
_URL_PASSWORD = re.compile(r"(?<=://)([^:@/]*):([^@/]*)@")


def setting(
    *,
    env: str | tuple[str, ...],
    help: str,  # noqa: A002 the word that command lines use
    default: Any = dataclasses.MISSING,
    secret: bool = False,
    parse: Parse | None = None,
) -> Any:
    """Declare a setting; `{SERVICE}` in the key stands for the service's name in upper case.

    Of several keys the first that is set counts.

    Without a default it is required. `parse` turns text into the value and raises ValueError
    with a sentence about what it wants; by default the annotation (str, int, float, bool,
    Path, an Enum) says how.
    """
    metadata = {_KEY: Declared((env,) if isinstance(env, str) else env, help, secret, parse)}
    if callable(default):
        return dataclasses.field(default_factory=default, kw_only=True, metadata=metadata)
    return dataclasses.field(default=default, kw_only=True, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Declared:
    """How a setting is read."""

    keys: tuple[str, ...]
    help: str
    secret: bool
    parse: Parse | None


def declared_of(
    settings_type: type[Any], service: str
) -> list[tuple[dataclasses.Field[Any], Declared, list[str]]]:
    """Return the settings of a dataclass in its order, each with the keys that it is read from."""
    return [
        (
            field,
            field.metadata[_KEY],
            [key.replace("{SERVICE}", service.upper()) for key in field.metadata[_KEY].keys],
        )
        for field in dataclasses.fields(settings_type)
        if _KEY in field.metadata
    ]


def is_required(field: dataclasses.Field[Any]) -> bool:
    """Say whether a setting has no default."""
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def parsed(field: dataclasses.Field[Any], declared: Declared, text: str) -> Any:
    """Return the value of a text; raises ValueError with what it should be."""
    if declared.parse is not None:
        return declared.parse(text)
    kind = field.type if isinstance(field.type, str) else field.type.__name__
    if kind in BY_ANNOTATION:
        return BY_ANNOTATION[kind](text)
    raise TypeError(f"setting {field.name} of type {kind} needs parse=")


def as_text(value: Any, declared: Declared) -> str:
    """Return a value as it may be printed: of secrets whether they are there, and no more."""
    return _masked(value) if declared.secret else _text(value)


def _masked(value: Any) -> str:
    if isinstance(value, str) and "://" in value:
        return _URL_PASSWORD.sub(rf"\1:{MASK}@", value)
    return MASK if value else ""


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple | frozenset):
        return ",".join(sorted(str(part) for part in value))
    return "" if value is None else str(value)
