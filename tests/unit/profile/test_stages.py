"""How far somebody is with a category."""

from services.profile.domain import cart
from services.profile.domain.event import DAY_US
from services.profile.domain.stages import MAX_STAGES, Stage, stages
from tests.unit.profile.happenings import NOON_US, happened, state_of

DAY = 24 * 60
SHOES, COFFEE = "Shoes", "Food > Coffee"


def view(minutes, offer_no=1, category=SHOES):
    return happened("view", minutes, category=category, offer_no=offer_no)


def bought(minutes, category=SHOES, offer_no=1):
    return happened("purchase", minutes, category=category, offer_no=offer_no, family_no=offer_no)


def found(*events, days=0.0):
    state, now_us = state_of(*events), NOON_US + round(days * DAY_US)
    cart_nos = {item.offer_no for item in cart.items(state.cart, now_us)}
    return stages(state.log, cart_nos, state.bought_categories, now_us)


def stage(*events, days=0.0):
    return dict(found(*events, days=days)).get(SHOES)


def test_nothing_done_is_no_stage():
    assert not found()
    assert not found(happened("impression", category=SHOES))


def test_a_look_or_two_is_browsing():
    assert stage(view(0)) is Stage.BROWSING
    assert stage(view(0, 1), view(1, 2)) is Stage.BROWSING
    assert stage(happened("search", category=SHOES)) is Stage.BROWSING


def test_several_items_or_one_of_them_again_is_comparing():
    assert stage(view(0, 1), view(1, 2), view(2, 3)) is Stage.COMPARING
    assert stage(view(0, 1), view(1, 2), view(2, 1)) is Stage.COMPARING


def test_an_item_in_the_cart_or_looked_at_again_and_again_is_deciding():
    put = happened("add_to_cart", 3, category=SHOES, offer_no=1)
    assert stage(view(0), put) is Stage.DECIDING
    out = happened("remove_from_cart", 4, category=SHOES, offer_no=1)
    assert stage(view(0), put, out) is Stage.BROWSING
    assert stage(view(0), view(1), view(2)) is Stage.DECIDING
    assert stage(happened("question_asked", category=SHOES)) is Stage.DECIDING


def test_a_purchase_is_the_end_of_it_until_somebody_looks_again():
    assert stage(view(0), bought(1)) is Stage.BOUGHT
    assert stage(bought(1), view(0)) is Stage.BOUGHT
    assert stage(view(0), view(1), view(2), bought(3), view(9)) is Stage.BROWSING


def test_what_is_bought_regularly_is_due_again_when_its_time_comes():
    regularly = [bought(day * DAY) for day in (-40, -30, -20, -10)]
    assert stage(*regularly, days=-3) is None
    assert stage(*regularly, days=-1) is Stage.DUE_AGAIN
    assert stage(*regularly, days=9) is Stage.DUE_AGAIN
    assert stage(*regularly, days=11) is None


def test_who_looks_for_what_is_due_is_told_as_due_until_they_compare():
    regularly = [bought(day * DAY) for day in (-40, -30, -20, -10)]
    assert stage(*regularly, view(0, 2)) is Stage.DUE_AGAIN
    assert stage(*regularly, view(0, 2), view(1, 3), view(2, 4)) is Stage.COMPARING


def test_what_was_last_looked_at_a_week_ago_is_out_of_view():
    assert stage(view(0), days=6.9) is Stage.BROWSING
    assert stage(view(0), days=7.1) is None


def test_each_category_has_its_own_and_the_latest_comes_first():
    both = found(
        view(0), view(1, 9, COFFEE), happened("add_to_cart", 2, category=COFFEE, offer_no=9)
    )
    assert both == [(COFFEE, Stage.DECIDING), (SHOES, Stage.BROWSING)]


def test_no_more_than_a_snapshot_holds():
    many = [view(minute, category=f"C{minute}") for minute in range(40)]
    assert len(found(*many)) == MAX_STAGES
