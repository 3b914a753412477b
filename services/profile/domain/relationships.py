"""Who looks after a person: what was said of it, and what that comes to at each moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

OPEN = 2**62
"""An end that is not known yet; later than every time."""


class Relationship(NamedTuple):
    """What was said under one person: from then on they are looked after, until an end."""

    person_id: str
    role: str
    owner_id: str
    from_us: int
    until_us: int
    """`OPEN`: until further notice."""
    set_us: int
    """When it was said; of two that begin at one moment the later word counts."""


class Tenure(NamedTuple):
    """A stretch of time in which somebody had a role for a person."""

    role: str
    owner_id: str
    from_us: int
    until_us: int
    """`OPEN`: until further notice."""

    def covers(self, time_us: int) -> bool:
        return self.from_us <= time_us < self.until_us


def tenures(said: Iterable[Relationship]) -> list[Tenure]:
    """Return who had, has and will have each role, by role, newest first.

    One at a time: of two the one that began later counts while it lasts, so that a stand-in ends
    and the one before is back. What was said under several persons of a set counts as if it had
    been said under one, and apart again when the set is taken apart.
    """
    by_role: dict[str, list[Relationship]] = {}
    for each in said:
        by_role.setdefault(each.role, []).append(each)
    return [tenure for role in sorted(by_role) for tenure in _of_role(by_role[role])]


def in_force(said: Iterable[Relationship], role: str, time_us: int) -> Tenure | None:
    """Return who has a role at a moment."""
    return next((t for t in tenures(said) if t.role == role and t.covers(time_us)), None)


def beginning(
    said: Sequence[Relationship], wanted: Relationship, *, says_when: bool
) -> list[Relationship]:
    """Return what has to be written so that somebody has a role.

    Where the time is not said, what is so already is left as it is: a repeated call, or file,
    changes nothing.
    """
    if not says_when:
        known = in_force(said, wanted.role, wanted.from_us)
        if known is not None and (known.owner_id, known.until_us) == (
            wanted.owner_id,
            wanted.until_us,
        ):
            return []
    return [] if any(each[:5] == wanted[:5] for each in said) else [wanted]


def ending(said: Iterable[Relationship], role: str, until_us: int) -> list[Relationship]:
    """Return what has to be written so that nobody has a role any more from a moment on."""
    return [
        each._replace(until_us=until_us)
        for each in said
        if each.role == role and each.from_us <= until_us < each.until_us
    ]


def written(
    said: Iterable[Relationship], changed: Iterable[Relationship]
) -> dict[tuple[str, str, int], Relationship]:
    """Return all by what they are kept under: of a role and a beginning the later word counts."""
    found: dict[tuple[str, str, int], Relationship] = {}
    for each in (*said, *changed):
        known = found.setdefault((each.person_id, each.role, each.from_us), each)
        if each.set_us >= known.set_us:
            found[each.person_id, each.role, each.from_us] = each
    return found


def _of_role(said: Sequence[Relationship]) -> list[Tenure]:
    """Return the stretches of one role, newest first."""
    edges = sorted({time_us for each in said for time_us in (each.from_us, each.until_us)})
    stretches: list[Tenure] = []
    for start_us, end_us in pairwise(edges):
        standing = [each for each in said if each.from_us <= start_us < each.until_us]
        if not standing:
            continue
        found = max(standing, key=lambda each: (each.from_us, each.set_us, each.owner_id))
        last = stretches[-1] if stretches else None
        if last is not None and (last.owner_id, last.until_us) == (found.owner_id, start_us):
            stretches[-1] = last._replace(until_us=end_us)
        else:
            stretches.append(Tenure(found.role, found.owner_id, start_us, end_us))
    stretches.reverse()
    return stretches
