"""Each measure of a customer is what its definition says."""

import pytest

from services.ranker.domain.answers import CONTENT, DAY_US, HOUR_US, PROMOTION
from tests.unit.ranker.measures.story import (
    MINUTE_US,
    STORE,
    Period,
    deeds,
    first,
    measured,
    places,
)

LAMP, SHOE, GUIDE, PROMISE = 7, 8, 9, 10
PAID = {"offer_no": LAMP, "value_micros": 40_000_000, "cost_micros": 24_000_000}


def of(*told, shown=None, **more):
    return first(measured(deeds(*told), shown, **more))


def test_thirty_minutes_of_silence_end_a_visit_and_less_does_not():
    silence = 30 * MINUTE_US
    told = [(0, 0, "view"), (0, silence - 1, "view"), (0, 2 * silence - 1, "view")]
    found = of(*told)
    assert (found["visits"], found["visit_seconds"]) == (2, 1799.999999)
    assert found["visitors"] == 1


def test_an_impression_and_an_opened_mail_make_no_visit():
    found = of((0, 0, "impression"), (0, 1, "email_open"))
    assert (found["visits"], found["visitors"]) == (0, 0)


def test_a_family_looked_at_twice_in_a_visit_is_considered_once():
    look = {"offer_no": SHOE, "family_no": LAMP}
    found = of(
        (0, 0, "view", {"offer_no": LAMP}),
        (0, 1, "view", look),
        (0, 2, "add_to_cart", {"offer_no": LAMP}),
        (0, 3, "view", {"offer_no": GUIDE, "is_product": False}),
        (0, HOUR_US, "view", {"offer_no": LAMP}),
    )
    assert found["considered"] == 2


def test_what_comes_back_is_taken_off_revenue_and_off_contribution_but_not_off_sales():
    found = of(
        (0, 0, "purchase", PAID | {"order": 1}),
        (0, 1, "purchase", PAID | {"order": 2, "cost_micros": -1}),
        (0, DAY_US, "return", PAID | {"order": 1}),
    )
    assert (found["orders"], found["sales"], found["returned"]) == (2, 80, 40)
    assert (found["revenue"], found["contribution"], found["costless"]) == (40, 40, 40)


@pytest.mark.parametrize(
    ("bought_us", "is_left"), [(DAY_US, False), (DAY_US + 1, True), (None, True), (-1, True)]
)
def test_a_cart_is_left_when_nothing_is_bought_within_a_day_of_filling_it(bought_us, is_left):
    told = [(0, DAY_US, "add_to_cart")]
    if bought_us is not None:
        told.append((0, DAY_US + bought_us, "purchase"))
    found = of(*told)
    assert (found["carts"], found["carts_left"]) == (1, is_left)


def test_a_cart_whose_day_is_not_over_is_no_cart_yet():
    period = Period(0, 10 * DAY_US)
    told = [(0, 9 * DAY_US + 1, "add_to_cart")]
    assert of(*told, period=period)["carts"] == 0


def test_a_second_order_counts_for_sixty_days_after_a_first_that_is_as_old():
    for days, repeats in ((60, 1), (61, 0)):
        found = of(
            (0, DAY_US, "purchase", {"order": 1}),
            (0, (1 + days) * DAY_US, "purchase", {"order": 2}),
            (0, (1 + days) * DAY_US, "purchase", {"order": 2}),
        )
        assert (found["first_orders"], found["repeat_orders"]) == (1, repeats)
    young = of((0, 41 * DAY_US, "purchase"), (0, 42 * DAY_US, "purchase", {"order": 2}))
    assert (young["first_orders"], young["repeat_orders"]) == (0, 0)


def test_whoever_comes_in_both_halves_is_retained():
    assert of((0, DAY_US, "view"), (0, 50 * DAY_US, "view"))["retained"] == 1
    assert of((0, DAY_US, "view"), (0, 49 * DAY_US, "view"))["retained"] == 0


def test_words_are_counted_by_what_they_say():
    found = of(
        (0, 0, "unsubscribe"),
        (0, 1, "consent", {"is_refusal": True}),
        (0, 2, "consent"),
        (0, 3, "complaint", {"is_refusal": True}),
        (0, 4, "complaint"),
        (0, 5, "refer"),
        (0, 6, "survey_answer", {"rating": 0.0}),
        (0, 7, "survey_answer", {"rating": 9.0}),
        (0, 8, "survey_answer"),
    )
    assert (found["opt_outs"], found["complaints"], found["referrals"]) == (2, 1, 1)
    assert (found["ratings"], found["rating_sum"]) == (2, 9)


def test_what_is_seen_on_one_channel_and_bought_on_another_within_a_day_is_accepted():
    shown = places((0, 0, 0, LAMP))
    seen = (0, 5, "impression", {"offer_no": LAMP, "decision": 0})
    for later_us, accepted in ((DAY_US, 1), (DAY_US + 1, 0)):
        bought = (0, 5 + later_us, "purchase", PAID | {"channel": STORE})
        found = of(seen, bought, shown=shown)
        assert (found["shown"], found["accepted"]) == (1, accepted)


def test_nothing_is_shown_until_it_is_seen_and_some_is_seen_when_decided():
    shown = places((0, 0, 0, LAMP), (0, 0, 0, SHOE, {"is_seen": True}))
    assert of((0, 1, "purchase", PAID), shown=shown)["accepted"] == 0
    assert of((0, 1, "purchase", PAID), shown=shown)["shown"] == 1


def test_an_acceptance_is_credited_once_to_what_it_names_else_to_the_last_showing():
    shown = places(
        (0, 0, 0, LAMP, {"is_seen": True}),
        (0, 1, 10, LAMP, {"is_seen": True}),
    )
    last = of((0, 20, "purchase", PAID), shown=shown)
    assert (last["shown"], last["accepted"]) == (2, 1)
    named = of(
        (0, 20, "purchase", PAID | {"decision": 0}),
        (0, 30, "purchase", PAID | {"decision": 0}),
        shown=shown,
    )
    assert named["accepted"] == 1


def test_content_is_accepted_by_a_click_and_a_product_is_not():
    shown = places(
        (0, 0, 0, LAMP, {"is_seen": True}),
        (0, 0, 0, GUIDE, {"is_seen": True, "kind": CONTENT}),
    )
    clicks = [(0, 5, "click", {"offer_no": no, "decision": 0}) for no in (LAMP, GUIDE)]
    found = of(*clicks, shown=shown)
    assert (found["clicks"], found["accepted"]) == (2, 1)


def test_a_purchase_redeems_the_promotion_that_it_names_until_that_ends():
    for ends_us, accepted in ((0, 2), (50, 2), (49, 1)):
        shown = places(
            (0, 0, 0, LAMP, {"is_seen": True}),
            (0, 0, 0, PROMISE, {"is_seen": True, "kind": PROMOTION, "ends_us": ends_us}),
        )
        bought = (0, 50, "purchase", PAID | {"promotion_no": PROMISE})
        assert of(bought, shown=shown)["accepted"] == accepted


def test_an_opened_mail_shows_all_that_stands_in_it():
    shown = places((0, 0, 0, LAMP), (0, 0, 0, SHOE), (0, 1, 0, SHOE))
    assert of((0, 5, "email_open", {"decision": 0}), shown=shown)["shown"] == 2


def test_a_variant_of_what_was_shown_answers_it_and_another_placement_does_not():
    shown = places((0, 0, 0, LAMP), (0, 0, 0, LAMP, {"placement": 1}))
    variant = {"offer_no": SHOE, "family_no": LAMP, "decision": 0}
    for told, declined in ((variant, 1), (variant | {"placement": 1}, 1), ({"placement": 2}, 0)):
        assert of((0, 5, "decline", variant | told), shown=shown)["declined"] == declined


def test_what_somebody_else_was_shown_is_not_accepted_by_the_same_words():
    shown = places((1, 0, 0, LAMP, {"is_seen": True}))
    bought = (0, 5, "purchase", PAID | {"decision": 0})
    assert measured(deeds(bought), shown)["accepted"].tolist() == [0]


def test_who_did_nothing_and_was_not_decided_for_is_nobody():
    found = measured(deeds((1, 40, "view")), customers=4, decided={1: 60, 2: 70})
    assert list(found.oldest_ids) == ["person-1", "person-2"]
    assert found.first_seen_us.tolist() == [40, 70]


def test_nothing_at_all_is_measured_as_nothing():
    found = measured(deeds(), customers=0)
    assert len(found) == 0
    assert found["revenue"].tolist() == []
