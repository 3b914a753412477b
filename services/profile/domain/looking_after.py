"""Naming who looks after a person, on somebody's word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.profile.domain.ports import Changes, ProfileTransaction, RaceLost, Transactions
from services.profile.domain.recording import with_retries
from services.profile.domain.relationships import (
    Relationship,
    Tenure,
    beginning,
    ending,
    tenures,
    written,
)
from shared.errors import NotFound

Decide = Callable[[Sequence[Relationship]], list[Relationship]]
"""Says what has to be written, of what was said of the whole set so far."""


async def begin(store: Transactions, wanted: Relationship, *, says_when: bool) -> Sequence[Tenure]:
    """Give somebody a role for a person and return all of the set; raises `NotFound`."""
    return await _decided(
        store,
        wanted.person_id,
        lambda said: beginning(said, wanted, says_when=says_when),
        wanted.set_us,
    )


async def end(
    store: Transactions, person_id: str, role: str, until_us: int, *, now_us: int
) -> Sequence[Tenure]:
    """Let nobody of the set's persons have a role from a moment on; raises `NotFound`."""
    return await _decided(store, person_id, lambda said: ending(said, role, until_us), now_us)


async def _decided(
    store: Transactions, person_id: str, decide: Decide, now_us: int
) -> Sequence[Tenure]:
    async def attempt(transaction: ProfileTransaction) -> Sequence[Tenure]:
        person_ids = await _locked_set(transaction, person_id)
        said = await transaction.relationships(person_ids)
        changed = decide(said)
        if changed:
            await transaction.save(Changes(now_us, relationships=changed))
        return tenures(written(said, changed).values())

    return await with_retries(store, attempt)


async def _locked_set(transaction: ProfileTransaction, person_id: str) -> list[str]:
    """Lock the whole set of a person, so that no erasure overtakes; `NotFound` or `RaceLost`."""
    found = (await transaction.groups_of([person_id])).get(person_id)
    if found is None:
        raise NotFound(f"there is no person {person_id}", reason="PERSON_NOT_FOUND")
    members = await transaction.lock([found.group_id])
    if person_id not in {member.person_id for member in members}:
        raise RaceLost("the set changed while it was waited for")
    return [member.person_id for member in members]
