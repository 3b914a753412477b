"""The caller's own columns and objects: what JSON can say of them, and nothing that runs away."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from google.protobuf.struct_pb2 import Struct

from cli.importing.cells import told

_DEEPEST = 16
_LARGEST = sys.float_info.max
_WORDS = {"true": True, "false": False}


def attributes_of(said: Mapping[str, Any] | None, columns: Mapping[str, Any]) -> Struct:
    """Put the attributes of an object and those of columns together; raises ValueError.

    In text, true and false are words.
    """
    words = {name: _WORDS.get(cell, cell) for name, cell in columns.items() if type(cell) is str}
    found = Struct()
    found.update(_plain({**(said or {}), **columns, **words}, _DEEPEST))
    return found


def _plain(value: Any, deepest: int) -> Any:
    """Return what JSON can say of a value, an instant as text; raises ValueError."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        if not abs(value) <= _LARGEST:  # so that NaN fails too
            raise ValueError(f"must hold finite numbers, not {told(value)}")
        return value
    if isinstance(value, date | time | Decimal):
        return str(value) if isinstance(value, Decimal) else value.isoformat()
    if not deepest:
        raise ValueError(f"must not be nested deeper than {_DEEPEST}")
    if isinstance(value, Mapping):
        return {str(name): _plain(part, deepest - 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, deepest - 1) for part in value]
    raise ValueError(f"must be text, a number, a list or an object, not {told(value)}")


def attribute_text(cell: Any) -> str:
    """Return the caller's own cell as text, as items and customers have it; raises ValueError."""
    value = _plain(cell, _DEEPEST)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # columns of whole numbers with gaps are often kept as such
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_torn(cell: Any) -> bool:
    """Say whether a text holds half of a character, which no message can."""
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
