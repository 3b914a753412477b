"""Who agreed to sharing: whoever else's data leave the house, theirs do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.profile.domain import consent
from services.profile.domain.consent import SHARING, Consents
from services.profile.storage import QUERIES
from services.profile.storage.state_codec import decode
from shared.postgres import Database


async def who_shares(database: Database, person_ids: Sequence[str], now_us: int) -> frozenset[str]:
    """Return those persons who agreed to sharing and have neither taken it back nor let it end.

    The latest word of the whole set counts for each of its persons; silence, and a person who is
    not known, is a no.
    """
    said: dict[str, Consents] = {}
    rows: Sequence[Any] = await database.fetch(QUERIES.states_of_sets, list(person_ids))
    for person_id, state in rows:
        consent.merge(said.setdefault(person_id, {}), decode(state).consents)
    return frozenset(
        person_id for person_id, words in said.items() if consent.agrees(words, SHARING, now_us)
    )
