"""Parked events are folded again, some at a time: after the cause was mended they count."""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.domain.applying import Touched
from services.profile.domain.parking import fold_into
from services.profile.domain.ports import Changes, Parked, ProfileTransaction, Transactions
from services.profile.domain.recording import with_retries

MAX_AT_ONCE = 200
"""Parked events tried in one transaction: a tenth of a second even if none can be folded."""
REPLAYED = "replayed"
"""The cause that watchers are told."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of some parked events."""

    position: int
    """Go on after it; 0: there are no more."""
    folded: int = 0
    parked: int = 0
    """Those that stay parked."""
    touched: tuple[Touched, ...] = ()


async def replay(store: Transactions, position: int, now_us: int) -> Replayed:
    """Fold the next parked events after a position of the log; those that still fail stay parked.

    Their numbers and notices they got when they came in: nothing is told of them again.
    """

    async def attempt(transaction: ProfileTransaction) -> Replayed:
        pending = await transaction.parked(position, MAX_AT_ONCE)
        changes, touched = Changes(now_us), []
        for each in pending:
            failures = await fold_into(transaction.pack, each.member, each.events, now_us)
            reasons = {failure.place: failure.reason for failure in failures}
            member = each.member
            changes.parked += [
                Parked(each.positions[place], member.person_id, 0, reason)
                for place, reason in reasons.items()
            ]
            folded = [at for place, at in enumerate(each.positions) if place not in reasons]
            if folded:
                member.freeing_seq += 1
                changes.members.append(member)
                changes.unparked += folded
                touched.append(Touched((member.person_id,), member.seq, REPLAYED))
        await transaction.save(changes)
        last = max((max(each.positions) for each in pending), default=0)
        return Replayed(last, len(changes.unparked), len(changes.parked), tuple(touched))

    return await with_retries(store, attempt)


async def replay_all(store: Transactions, now_us: int) -> Replayed:
    """Try every parked event once more: after another version has started, it may be mended."""
    folded = parked = position = 0
    while True:
        done = await replay(store, position, now_us)
        folded, parked, position = folded + done.folded, parked + done.parked, done.position
        if not position:
            return Replayed(0, folded, parked)
