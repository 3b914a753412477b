"""Changes of who is in which segment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from services.profile.domain.event import DAY_US

SWEEP_EVERY_US = DAY_US
"""Time alone moves people in and out: by days, as far as segments count in days."""


class Cause(IntEnum):
    """Why somebody enters or leaves; numbers of `MembershipCause`."""

    EVENT = 1
    """Something happened, or who is one with whom has changed."""
    TIME = 2
    """Time passed, or history was imported."""
    DEFINITIONS = 3
    """The segment is another now."""


class Change(NamedTuple):
    """Somebody entered a segment, or left it."""

    person_id: str
    person_ids: tuple[str, ...]
    """Their set, oldest first."""
    segment: str
    is_member: bool


class Progress(NamedTuple):
    """How far whoever looks for changes has come."""

    event_position: int
    identity_position: int
    swept_by: str
    """The definitions of the last look at everybody."""
    swept_us: int
    """When it began."""
    swept_to: str | None
    """The last set looked at; None: it is over."""
    cause: int
    imported_us: int
    """When an import last ended."""
    event_position_given: int
    """The last that an event took, committed or not."""
    identity_position_given: int
    """The same of identities."""

    @property
    def is_up_to_date(self) -> bool:
        """Whether nothing has taken a position that was not looked at."""
        return (self.event_position, self.identity_position) == (
            self.event_position_given,
            self.identity_position_given,
        )

    def due(self, digest: str, now_us: int) -> Cause | None:
        """Say why everybody has to be looked at; None: nothing calls for it."""
        if digest != self.swept_by:
            return Cause.DEFINITIONS
        if self.imported_us > self.swept_us or now_us - self.swept_us >= SWEEP_EVERY_US:
            return Cause.TIME
        return None


def changes(
    sets: Iterable[tuple[tuple[str, ...], Sequence[str]]], told: Mapping[str, Collection[str]]
) -> list[Change]:
    """Return what is other than it was told: of sets with their segments, against each person's."""
    found: list[Change] = []
    for person_ids, segments in sets:
        now = set(segments)
        for person_id in person_ids:
            before = set(told.get(person_id, ()))
            entered, left = sorted(now - before), sorted(before - now)
            found.extend(Change(person_id, person_ids, segment, True) for segment in entered)
            found.extend(Change(person_id, person_ids, segment, False) for segment in left)
    return found
