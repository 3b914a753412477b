"""What happens gets its number and its effect on the state of its person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.profile.domain.audit import Action, By, Note
from services.profile.domain.consent import CONSENT_TYPES
from services.profile.domain.event import frees_standing_decision
from services.profile.domain.linking import Sets
from services.profile.domain.making import maker
from services.profile.domain.parking import fold_into
from services.profile.domain.placing import NewId, Plan, Rejection
from services.profile.domain.ports import Arrival, Member, Pack, Parked, Recorded

AT_ONCE = 100
"""Events handled before other requests get their turn: about 5 ms of each step."""
_RECORDED = maker(Recorded)


@dataclass(frozen=True, slots=True)
class Touched:
    """A set that something happened to."""

    person_ids: tuple[str, ...]
    seq: int
    """Sum of the event numbers of the set."""
    cause: str
    """The type of the last event."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    accepted: int = 0
    repeated: list[int] = field(default_factory=list)
    """Places of those that were recorded before."""
    rejected: list[Rejection] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)
    parked: dict[int, Parked] = field(default_factory=dict)
    """By place, those of the accepted that count only once they can be folded."""

    @property
    def duplicates(self) -> int:
        return len(self.repeated)

    def add(self, other: Outcome) -> None:
        """Take over what became of another part of the batch."""
        self.accepted += other.accepted
        self.repeated += other.repeated
        self.rejected += other.rejected
        self.touched += other.touched
        self.parked |= other.parked


async def apply_live(pack: Pack, plan: Plan, sets: Sets, outcome: Outcome, new_id: NewId) -> None:
    """Give each event its number and its effect, in the order of the request."""
    causes: dict[str, str] = {}
    by_person: dict[str, list[Recorded]] = {}
    for count, (arrival, person_id, joins) in enumerate(plan.placed, start=1):
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
        for join in joins:
            sets.join(join, new_id(), arrival.event_id)
        member = sets.member(person_id)
        event = arrival.event
        member.seq += 1
        member.freeing_seq += frees_standing_decision(event.type, event.reassurance)
        recorded = _RECORDED((arrival, person_id, member.seq, sets.token(member)))
        sets.changes.events.append(recorded)
        if event.type in CONSENT_TYPES:
            sets.changes.notes.append(consent_changed(arrival, person_id, "RecordEvents"))
        by_person.setdefault(person_id, []).append(recorded)
        causes[member.group_id] = event.type
    changed = {person_id: sets.member(person_id) for person_id in by_person}
    outcome.parked = await _fold_live(pack, sets, by_person)
    sets.changes.parked.extend(outcome.parked.values())
    sets.changes.keep(changed.values())
    outcome.accepted += len(plan.placed)
    outcome.touched.extend(_touched(sets, changed, causes))


async def _fold_live(
    pack: Pack, sets: Sets, by_person: Mapping[str, Sequence[Recorded]]
) -> dict[int, Parked]:
    """Fold what happened into the states; return by place what cannot be folded."""
    parked: dict[int, Parked] = {}
    for count, (person_id, recorded) in enumerate(by_person.items(), start=1):
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
        events = [each.arrival.event for each in recorded]
        member = sets.member(person_id)
        for failure in await fold_into(pack, member, events, sets.changes.now_us):
            failed = recorded[failure.place]
            parked[failed.arrival.place] = Parked(0, person_id, failed.seq, failure.reason)
    return parked


def consent_changed(arrival: Arrival, person_id: str, rpc: str) -> Note:
    return Note(By(arrival.caller, rpc), Action.CONSENT_CHANGED, person_id)


def _touched(sets: Sets, changed: dict[str, Member], causes: dict[str, str]) -> Iterable[Touched]:
    groups = {member.group_id: person_id for person_id, member in changed.items()}
    for group_id, person_id in groups.items():
        members = sets.set_of(person_id)
        yield Touched(
            tuple(member.person_id for member in members),
            sum(member.seq for member in members),
            causes.get(group_id, "login"),
        )
