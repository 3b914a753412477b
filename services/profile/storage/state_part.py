"""How one part of a state is stored, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from touchpoint.profile.v1.state_pb2 import ProfileState


@dataclass(frozen=True, slots=True)
class Part:
    """How one part of a state is stored."""

    fields: tuple[str, ...]
    decode: Callable[[ProfileState], Any]
    encode: Callable[[ProfileState, Any], None]


def within(
    field: str, empty: Callable[[], Any], read: Callable[[Any], Any], write: Callable[..., None]
) -> Part:
    """Return a part that is a message of its own, left out while there is nothing in it."""

    def decode_part(stored: ProfileState) -> Any:
        return read(getattr(stored, field)) if stored.HasField(field) else empty()  # type: ignore[arg-type]

    def encode_part(stored: ProfileState, value: Any) -> None:
        if value:
            write(getattr(stored, field), value)

    return Part((field,), decode_part, encode_part)
