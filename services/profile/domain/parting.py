"""`not_me`: somebody says that they are not whom an identity leads to, and the view is mended."""

from __future__ import annotations

from services.profile.domain.audit import Action, By, Note
from services.profile.domain.identity import CUSTOMER, Identity, connected
from services.profile.domain.linking import Sets
from services.profile.domain.placing import NOT_ME, NewId, Placed, Plan
from services.profile.domain.ports import Arrival, ProfileTransaction

_RPC = "RecordEvents"


def says_not_me(arrival: Arrival) -> bool:
    return arrival.event.type == NOT_ME


async def part_all(transaction: ProfileTransaction, plan: Plan, sets: Sets, new_id: NewId) -> None:
    """Part whom events of this batch speak of; each identity once, however often it was said."""
    said = {
        placed.arrival.identities[0].key: placed
        for placed in plan.placed
        if says_not_me(placed.arrival) and placed.person_id not in plan.new_persons
    }
    for placed in said.values():
        await _part(transaction, sets, placed, new_id)
    if said:
        sets.changes.keep(sets.changes.members)


async def _part(transaction: ProfileTransaction, sets: Sets, placed: Placed, new_id: NewId) -> None:
    """Take the identity from its person, or the person it alone leads to from all the others.

    What was written stays under the person it was written of. A person who is reached by this
    identity alone, and is one with nobody, is left behind: the identity leads to a new one. Only a
    customer number does not, because that is the person as the shop knows them.
    """
    identity, person_id = placed.arrival.identities[0], placed.person_id
    is_all = await transaction.identities_of(person_id) < 2
    members = sets.set_of(person_id)
    if is_all and len(members) > 1:
        await _take_out(transaction, sets, person_id)
    elif is_all and identity.kind == CUSTOMER:
        return
    else:
        await _detach(transaction, sets, identity, person_id, new_id)
    by = By(placed.arrival.caller, _RPC)
    sets.changes.notes.append(Note(by, Action.UNLINKED, person_id))


async def _detach(
    transaction: ProfileTransaction,
    sets: Sets,
    identity: Identity,
    person_id: str,
    new_id: NewId,
) -> None:
    sets.number(await transaction.next_versions(2))
    await transaction.detach(identity.key, person_id)
    sets.part_identity(identity, person_id, new_id())


async def _take_out(transaction: ProfileTransaction, sets: Sets, person_id: str) -> None:
    """Undo all links of a person; those of the set who were one by way of them are so no more."""
    members = {member.person_id for member in sets.set_of(person_id)}
    made = sets.changes.links
    standing = [*await transaction.links(sorted(members)), *made]
    undone = [each for each in standing if person_id in (each.person_id, each.other_person_id)]
    await transaction.undo_links(
        [each.link_id for each in undone if each not in made], sets.changes.now_us
    )
    sets.changes.links = [each for each in made if each not in undone]
    left = [(each.person_id, each.other_person_id) for each in standing if each not in undone]
    components, others = [{person_id}], members - {person_id}
    while others:
        components.append(connected(min(others), left))
        others -= components[-1]
    sets.number(await transaction.next_versions(len(components)))
    sets.take_apart(components)
