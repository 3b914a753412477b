"""How one part of a state is stored, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from services.profile.domain.making import maker
from services.profile.domain.owned import Ownership
from touchpoint.profile.v1.state_pb2 import BoughtState, OwnedState, ProfileState

_OWNERSHIP = maker(Ownership)


@dataclass(frozen=True, slots=True)
class Part:
    """How one part of a state is stored."""

    fields: tuple[str, ...]
    decode: Callable[[ProfileState], Any]
    encode: Callable[[ProfileState, Any], None]
    read: Callable[[Any], Any] | None = None
    """Reads it out of the message of its own that it lies in; None: it lies in fields beside."""


def within(
    field: str, empty: Callable[[], Any], read: Callable[[Any], Any], write: Callable[..., None]
) -> Part:
    """Return a part that is a message of its own, left out while there is nothing in it."""

    def decode_part(stored: ProfileState) -> Any:
        return read(getattr(stored, field)) if stored.HasField(field) else empty()  # type: ignore[arg-type]

    def encode_part(stored: ProfileState, value: Any) -> None:
        if value:
            write(getattr(stored, field), value)

    return Part((field,), decode_part, encode_part, read)


def ownerships(part: OwnedState | BoughtState) -> Iterator[Ownership]:
    """Return what was bought of each subject of a part, in its order."""
    columns = zip(
        part.quantities[:],
        part.last_minutes[:],
        part.times[:],
        part.cycle_days[:],
        part.days[:],
        strict=True,
    )
    return map(_OWNERSHIP, columns)


def add_ownerships(part: OwnedState | BoughtState, bought: Iterable[Ownership]) -> None:
    """Add what was bought of each subject to a part, at least one."""
    quantities, last_minutes, times, cycle_days, days = zip(*bought, strict=True)
    part.quantities.extend(quantities)
    part.last_minutes.extend(last_minutes)
    part.times.extend(times)
    part.cycle_days.extend(cycle_days)
    part.days.extend(days)
