"""The values of one person's fields, as the conditions of segments ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from shared.clock import from_us
from shared.conditions.customer import FIELDS
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_READ: Mapping[str, Callable[[PersonSnapshot], Any]] = MappingProxyType(
    {
        **{name: field.read for name, field in FIELDS.items()},
        "now": lambda known: from_us(known.as_of_us),
    }
)


class PersonValues(dict[str, Any]):
    """What fields are worth, each read from the snapshot when it is first asked for.

    A dictionary, because what was read before is then found without a call of Python.
    """

    __slots__ = ("_snapshot",)

    def __init__(self, snapshot: PersonSnapshot) -> None:
        super().__init__()
        self._snapshot = snapshot

    def __missing__(self, name: str) -> Any:
        """Read a field; called by Python only for one that was not read yet."""
        value = self[name] = _READ[name](self._snapshot)
        return value
