"""What completes what, learned from orders."""

import numpy as np
import pytest

from services.retrieval.domain.learning.baskets import learned_baskets
from services.retrieval.domain.learning.content import NO_CONTENT, ContentVectors, ItemTexts
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import BasketModel

PAN, LID, OIL, OTHER_PAN, CAKE, MILK = range(1, 7)
SHELVES = {
    PAN: ("Kitchen > Pans", "Iron"),
    LID: ("Kitchen > Lids", "Iron"),
    OIL: ("Food > Oil", ""),
    OTHER_PAN: ("Kitchen > Pans", "Tin"),
    CAKE: ("Food > Cakes", ""),
    MILK: ("Food > Milk", ""),
}
DAY_US = 86_400_000_000
NO_TEXTS = ItemTexts(np.zeros(0, np.uint32), [], [], [])


def bought(*orders, numbered=True):
    """Make orders of items; each is of a person and a day of its own."""
    lines = [(order, no) for order, nos in enumerate(orders) for no in nos]
    numbers = np.array([order for order, _ in lines], np.int32)
    return Interactions(
        person_ids=tuple(f"p{order}" for order in range(len(orders))),
        persons=numbers,
        offer_nos=np.array([no for _, no in lines], np.uint32),
        times_us=numbers.astype(np.int64) * DAY_US,
        weights=np.ones(len(lines), np.float32),
        orders=numbers + 1 if numbered else np.zeros(0, np.int32),
    )


def texts(shelves=None):
    shelves = shelves or SHELVES
    nos = np.array(sorted(shelves), np.uint32)
    rows = [shelves[no] for no in nos.tolist()]
    return ItemTexts(nos, [str(no) for no in nos], [row[0] for row in rows], [r[1] for r in rows])


def learned(*orders, content=NO_CONTENT, **how):
    return learned_baskets(bought(*orders, **how), texts(), content)


def partners(model, no):
    row = model.offer_nos.tolist().index(no)
    known = model.partner_nos[row] > 0
    return dict(
        zip(
            model.partner_nos[row][known].tolist(),
            model.partner_counts[row][known].tolist(),
            strict=True,
        )
    )


KITCHEN = [[PAN, LID]] * 8 + [[PAN]] * 4 + [[OIL, CAKE]] * 10 + [[MILK]] * 20


def test_what_is_bought_in_one_order_goes_together():
    model = learned(*KITCHEN)
    assert partners(model, PAN) == {LID: 8}
    assert model.orders[model.offer_nos.tolist().index(PAN)] == 12


def test_what_everybody_buys_completes_nothing():
    orders = [[PAN, MILK]] * 5 + [[LID, MILK]] * 5 + [[CAKE, MILK]] * 5
    assert partners(learned(*orders), PAN) == {}


def test_two_orders_prove_nothing():
    model = learned(*[[PAN, LID]] * 2, *[[PAN]] * 2, *[[LID]] * 2, *[[MILK, CAKE]] * 20)
    assert partners(model, PAN) == {}
    assert partners(model, MILK) == {CAKE: 20}


def test_what_stands_in_for_it_does_not_complete_it():
    # Now and then somebody takes two pans, twice as often as by chance.
    orders = [[PAN, OTHER_PAN, OIL]] * 5 + [[PAN, OIL]] * 8 + [[OTHER_PAN]] * 8 + [[CAKE]] * 50
    assert partners(learned(*orders), PAN) == {OIL: 13}


def test_a_set_of_one_shelf_goes_together():
    orders = [[PAN, OTHER_PAN]] * 6 + [[MILK, CAKE]] * 40
    assert partners(learned(*orders), PAN) == {OTHER_PAN: 6}


def test_likeness_of_contents_tells_substitutes_too():
    same = ContentVectors(np.array([PAN, OIL], np.uint32), np.array([[1, 0], [1, 0]], np.float32))
    orders = [[PAN, OIL]] * 5 + [[PAN]] * 8 + [[OIL]] * 8 + [[CAKE]] * 60
    assert partners(learned(*orders), PAN) == {OIL: 5}
    assert partners(learned(*orders, content=same), PAN) == {}


def test_thirty_orders_prove_more_than_three():
    orders = [[PAN, LID]] * 30 + [[CAKE, MILK]] * 3 + [[OIL]] * 60
    model = learned(*orders)
    scores = dict(zip(model.offer_nos.tolist(), model.partner_scores[:, 0].tolist(), strict=True))
    assert scores[PAN] > 2 * scores[CAKE] > 0.0


def test_without_orders_what_a_person_bought_in_a_day_is_one():
    assert partners(learned(*KITCHEN, numbered=False), PAN) == {LID: 8}


def test_a_shop_that_buys_everything_is_left_out():
    everything = list(range(10, 75))
    assert not len(learned(*[everything] * 5).offer_nos)


def test_of_very_many_items_each_keeps_its_own():
    rng = np.random.default_rng(1)
    orders = [[2 * pair + 10, 2 * pair + 11] for pair in rng.integers(0, 50, 2000).tolist()]
    model = learned(*orders)
    assert len(model.offer_nos) == 100
    assert (model.partner_nos[:, 0] == (model.offer_nos ^ 1)).all()


def test_brands_are_kept_where_buyers_keep_them():
    shelves = {no: ("Pans" if no < 20 else "Lids", f"brand {no % 2}") for no in range(10, 30)}
    rng = np.random.default_rng(1)

    def orders(keeps):
        for pan, other in zip(rng.integers(10, 20, 600), rng.integers(20, 30, 600), strict=True):
            lid = other - other % 2 + pan % 2 if keeps else other
            yield [int(pan), int(lid)]

    kept = learned_baskets(bought(*orders(keeps=True)), texts(shelves), NO_CONTENT)
    free = learned_baskets(bought(*orders(keeps=False)), texts(shelves), NO_CONTENT)
    assert kept.brand_kept == pytest.approx(2.0, abs=0.15)
    assert free.brand_kept == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("orders", [[], [[PAN]], [[PAN], [LID]]])
def test_nothing_is_learned_from_nothing(orders):
    assert not len(learned(*orders).offer_nos)
    assert not len(learned_baskets(bought(*orders), NO_TEXTS, NO_CONTENT).offer_nos)
    assert BasketModel.none().partner_nos.shape == (0, 0)
