"""The preview of a segment: how many, who, and what would change by it."""

from __future__ import annotations

import heapq
import random
from typing import Any, NamedTuple

from services.profile.audiences.look import Looked
from services.profile.domain.estimates import estimate
from services.profile.domain.lookup import Person
from services.profile.domain.segments import Segment
from shared.conditions.person import PersonValues
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.audience_pb2 import AudienceMember, AudiencePreview, PeopleCount

MONETARY = "customer.monetary_micros"
_LONGEST_TEXT = 200
_SHOWN_ENTRIES = 10


class _Seen(NamedTuple):
    """One member that may be shown; the largest rank goes first."""

    rank: float
    number: int
    person_ids: tuple[str, ...]
    values: dict[str, Any]


class Preview:
    """Counts people as they are shown."""

    def __init__(
        self, segment: Segment, active: Segment | None, shown: int, *, at_random: bool
    ) -> None:
        """Take the segment, and the active one that it would replace."""
        self._segment = segment
        self._active = active
        self._most_shown = shown
        self._chance = random.Random(0) if at_random else None  # noqa: S311 - a sample, no secret
        self._members = self._entering = self._leaving = self._failed = 0
        self._seen: list[_Seen] = []

    @property
    def reads(self) -> frozenset[str]:
        """The fields that have to be known of everybody."""
        others = self._active.reads if self._active else frozenset()
        return self._segment.reads | others | {MONETARY}

    def see(self, person: Person, snapshot: PersonSnapshot) -> None:
        """Count one person."""
        values = PersonValues(snapshot)
        holds = self._segment.holds(values)
        self._failed += holds is None
        self._members += bool(holds)
        if self._active is not None:
            was = bool(self._active.holds(values))
            self._entering += bool(holds) and not was
            self._leaving += was and not holds
        if holds and self._most_shown:
            self._keep(person, values)

    def _keep(self, person: Person, values: PersonValues) -> None:
        spent = values[MONETARY]
        rank = self._chance.random() if self._chance else float(spent)
        if len(self._seen) >= self._most_shown and rank <= self._seen[0].rank:
            return
        read = {name: values[name] for name in sorted(self._segment.reads)}
        seen = _Seen(rank, -self._members, person.person_ids, {**read, MONETARY: spent})
        if len(self._seen) < self._most_shown:
            heapq.heappush(self._seen, seen)
        else:
            heapq.heappushpop(self._seen, seen)

    def message(self, looked: Looked) -> AudiencePreview:
        """Return what was counted, once everybody was shown."""
        made = AudiencePreview(
            when=self._segment.when,
            people=looked.people,
            looked_at=looked.looked_at,
            exact=looked.is_exact,
            members=_count(self._members, looked),
            failed=_count(self._failed, looked),
            sample=[_member(seen) for seen in sorted(self._seen, reverse=True)],
        )
        if self._active is not None:
            made.entering.CopyFrom(_count(self._entering, looked))
            made.leaving.CopyFrom(_count(self._leaving, looked))
        return made


def _count(found: int, looked: Looked) -> PeopleCount:
    counted = estimate(found, looked.looked_at, looked.people)
    return PeopleCount(
        people=counted.people,
        at_least=counted.at_least,
        at_most=counted.at_most,
        share=counted.share,
    )


def _member(seen: _Seen) -> AudienceMember:
    values = {name: as_text(value) for name, value in seen.values.items()}
    spent = seen.values[MONETARY]
    return AudienceMember(person_ids=seen.person_ids, monetary_micros=spent, values=values)


def as_text(value: Any) -> str:
    """Return a value for people to read; of many entries the first."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str | int):
        return str(value)[:_LONGEST_TEXT]
    if hasattr(value, "items"):
        entries = [f"{name}: {as_text(each)}" for name, each in sorted(value.items())]
    elif hasattr(value, "__iter__"):
        entries = [as_text(each) for each in value]
    else:
        entries = [str(value)]
    return ", ".join(entries[:_SHOWN_ENTRIES])[:_LONGEST_TEXT]
