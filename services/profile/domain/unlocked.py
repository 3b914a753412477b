"""Recording in two round trips: what a glance shows is written, unless it has changed since.

Optimistic concurrency control (H. T. Kung, J. T. Robinson, 1981): nearly every event is of somebody
known, whom nobody else writes to at that moment. No lock is held while the events are folded.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.profile.domain.applying import Outcome, apply_live
from services.profile.domain.consent import CONSENT_TYPES
from services.profile.domain.linking import Sets
from services.profile.domain.parting import says_not_me
from services.profile.domain.placing import NewId, Plan, place
from services.profile.domain.ports import Arrival, Changes, EventStore

MOST = 40
"""Events; more are copied into the log, which one statement cannot do beside all else."""


async def record_at_a_glance(
    store: EventStore, arrivals: Sequence[Arrival], *, may_link: bool, now_us: int, new_id: NewId
) -> Outcome | None:
    """Record plain events of known persons; None, and nothing is written, when it takes more.

    More is: a new identity, a link or the end of one, a refusal, an entry in the audit trail, an
    event that cannot be folded. Raises Aborted when something has changed meanwhile, or an event is
    no longer new.
    """
    if len(arrivals) > MOST or any(not _is_plain(arrival) for arrival in arrivals):
        return None
    keys = keys_of(arrivals)
    claims = {arrival.key: arrival.digest for arrival in arrivals}
    glance = await store.glance(keys)
    if len(glance.known) < len(keys) or len(claims) < len(arrivals):
        return None
    erased = {key: known.erased_us for key, known in glance.known.items() if known.erased_us}
    plan = place(arrivals, glance.known, may_link=may_link, new_id=new_id, erased=erased)
    if _changes_who_is_who(plan):
        return None
    sets, outcome = Sets(Changes(now_us), glance.members, (), iter(())), Outcome()
    await apply_live(store.pack, plan, sets, outcome, new_id)
    if outcome.parked:
        return None
    await store.save_unchanged(glance, list(claims.items()), sets.changes)
    return outcome


def keys_of(arrivals: Sequence[Arrival]) -> set[bytes]:
    """Return the pseudonyms of all identities that events name."""
    keys = {identity.key for arrival in arrivals for identity in arrival.identities}
    keys.update([arrival.referred for arrival in arrivals if arrival.referred])
    return keys


def _is_plain(arrival: Arrival) -> bool:
    return not (arrival.referred or arrival.event.type in CONSENT_TYPES or says_not_me(arrival))


def _changes_who_is_who(plan: Plan) -> bool:
    return bool(plan.rejected or plan.new_identities or plan.verified or plan.joins())
