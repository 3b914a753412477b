"""What profile would say of each person of a shop: snapshots as requests carry them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.quality.shop import Shop
from services.profile.domain import interest, owned
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_MOST_CATEGORIES = 16


def snapshots(shop: Shop) -> Mapping[str, bytes]:
    """Return the snapshot of each person as of the end of the part to learn from."""
    lines = shop.lines
    order = np.lexsort((lines.times_us, lines.persons))
    starts = lines.persons[order].searchsorted(np.arange(len(lines.person_ids) + 1))
    found = {}
    for place, person_id in enumerate(lines.person_ids):
        own = order[starts[place] : starts[place + 1]]
        found[person_id] = _snapshot(shop, person_id, own.tolist())
    return found


def _snapshot(shop: Shop, person_id: str, own: list[int]) -> bytes:
    lines, categories = shop.lines, shop.texts.categories
    bought: owned.Owned = {}
    liked: interest.Interests = {}
    for offer_no, time_us in zip(lines.offer_nos[own].tolist(), lines.times_us[own].tolist()):
        owned.buy(bought, offer_no, time_us, 1.0)
        if category := categories[offer_no - 1]:
            interest.add(liked, category, interest.weight_as_of_epoch(1.0, time_us))
    owned.prune(bought)
    snapshot = PersonSnapshot(as_of_us=shop.now_us, person_ids=[person_id])
    for family_no, each in owned.kept(bought):
        snapshot.owned.family_nos.append(family_no)
        snapshot.owned.last_minutes.append(each.last_minute)
        snapshot.owned.times.append(each.times)
        snapshot.owned.cycle_days.append(each.cycle_days)
    for category, share in interest.affinities(liked, _MOST_CATEGORIES):
        snapshot.traits.categories.append(category)
        snapshot.traits.category_affinities.append(share)
    return snapshot.SerializeToString()
