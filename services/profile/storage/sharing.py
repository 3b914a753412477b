"""Who agreed to sharing: whoever else's data leave the house, theirs do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.profile.domain import consent
from services.profile.domain.consent import SHARING, Consents
from services.profile.storage import QUERIES
from services.profile.storage.state_codec import decode
from shared.postgres import Database

_WORD = SHARING.encode()


def do_share(states: Iterable[bytes], now_us: int) -> bool:
    """Say whether a set agreed, by the states of all its persons as they are stored."""
    words: Consents = {}
    for state in states:
        # Most never spoke of it, and to look for the word is much cheaper than to read a state.
        if _WORD in state:
            consent.merge(words, decode(state).consents)
    return consent.agrees(words, SHARING, now_us)


async def who_shares(database: Database, person_ids: Sequence[str], now_us: int) -> frozenset[str]:
    """Return those persons who agreed to sharing and have neither taken it back nor let it end.

    The latest word of the whole set counts for each of its persons; silence, and a person who is
    not known, is a no.
    """
    states: dict[str, list[bytes]] = {}
    rows: Sequence[Any] = await database.fetch(QUERIES.states_of_sets, list(person_ids))
    for person_id, state in rows:
        states.setdefault(person_id, []).append(state)
    return frozenset(person_id for person_id, found in states.items() if do_share(found, now_us))
