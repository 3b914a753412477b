"""Folds states anew that an older version of the fold made: a new trait is there for everybody."""

from __future__ import annotations

from services.profile.domain.linking import new_member
from services.profile.domain.parking import fold_into
from services.profile.domain.ports import Changes, ProfileTransaction, Transactions
from services.profile.domain.recording import with_retries
from services.profile.domain.state import State

PERSONS = 4
"""Folded anew in one transaction, which keeps their events waiting."""
RENEWED = (
    "orders",
    "complaints",
    "aversions",
    "variants",
    "bought_categories",
    "bought_brands",
    "habits",
    "tallies",
    "asked",
)
"""Parts that this version of the fold makes and the one before did not, or made otherwise.

All others stay as they are: attributes come from files of customers too, and the log may have been
forgotten that says what was bought or refused years ago. When a part is added here, a migration
raises the column default `fold_version` and the index and the statement that look for older ones.
"""


async def refold_some(store: Transactions, now_us: int) -> int:
    """Fold some persons' states anew from their events; return how many, 0 when all are new.

    Each transaction finds those that are left, so it goes on wherever it was interrupted.
    """

    async def attempt(transaction: ProfileTransaction) -> int:
        outdated = await transaction.outdated(PERSONS)
        for each in outdated:
            # What cannot be folded by this version is left out; nothing else of the person suffers.
            anew = new_member(each.member.person_id)
            await fold_into(transaction.pack, anew, each.events, now_us)
            renew(each.member.state, anew.state)
        if outdated:
            members = [each.member for each in outdated]
            await transaction.save(Changes(now_us, members=members))
            await transaction.mark_renewed([member.person_id for member in members])
        return len(outdated)

    return await with_retries(store, attempt)


def renew(state: State, anew: State) -> None:
    """Take over what this version makes anew."""
    for part in RENEWED:
        getattr(state, part)  # a stored state writes back the parts that were read
        setattr(state, part, getattr(anew, part))
