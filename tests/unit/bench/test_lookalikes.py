"""How well look-alikes are found: who is hidden, and what the rivals look at."""

from __future__ import annotations

import numpy as np

from bench.quality import lookalikes
from services.retrieval.domain.audience.conduct import WEEK_US
from services.retrieval.domain.audience.deed_log import DeedLog, Slice
from services.retrieval.domain.audience.deeds import PURCHASE, Deeds

PEOPLE, WEEKS = 320, 20
"""Person n pays n a week; those who pay much buy item 1, all others item 0."""


def deeds() -> Deeds:
    log = DeedLog({})
    for person in range(PEOPLE):
        log.add(
            Slice(
                person_ids=[f"p{person}"] * WEEKS,
                types=[PURCHASE] * WEEKS,
                times_us=np.arange(WEEKS) * WEEK_US,
                order_ids=[""] * WEEKS,
                value_micros=np.full(WEEKS, person + 1),
                categories=[""] * WEEKS,
            )
        )
    return log.deeds()


ITEMS = np.repeat(np.arange(PEOPLE) >= PEOPLE - lookalikes._BEST, WEEKS).astype(np.int64)


def test_the_disguised_are_of_the_best_and_known_for_their_first_weeks_alone() -> None:
    draw = lookalikes._drawn(deeds(), ITEMS, 1)
    counts = np.bincount(draw.deeds.persons, minlength=PEOPLE)
    assert (counts[draw.disguised] == lookalikes._WEEKS).all()
    assert (counts == WEEKS).sum() == PEOPLE - lookalikes._DISGUISED
    assert min(draw.disguised) >= PEOPLE - lookalikes._BEST
    assert not np.isin(draw.disguised, draw.seed).any()
    assert len(draw.seed) + len(draw.disguised) == lookalikes._BEST
    assert len(draw.items) == len(draw.deeds.persons)


def test_the_control_hides_as_many_others_behind_as_few_weeks() -> None:
    draw = lookalikes._drawn(deeds(), ITEMS, 1, with_others=True)
    counts = np.bincount(draw.deeds.persons, minlength=PEOPLE)
    assert len(draw.others) == len(draw.disguised)
    assert max(draw.others) < PEOPLE - lookalikes._BEST
    assert (counts[draw.others] == lookalikes._WEEKS).all()
    assert (lookalikes._drawn(deeds(), ITEMS, 1).disguised == draw.disguised).all()


def test_item_knn_ranks_those_first_who_buy_what_the_seed_buys() -> None:
    draw = lookalikes._drawn(deeds(), ITEMS, 1)
    order = np.argsort(-lookalikes._item_knn(draw), kind="stable")
    ranked = order[~np.isin(order, draw.seed)]
    assert lookalikes._found(ranked, np.array([0])).tolist() == [0.0]
    assert set(ranked[: len(draw.disguised)].tolist()) == set(draw.disguised.tolist())
