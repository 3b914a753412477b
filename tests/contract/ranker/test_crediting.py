"""What acceptances that come late, and what is brought back, add to the log and take from it."""

import itertools
import uuid

import pytest

from tests.contract.ranker.learning_kit import (
    ACCEPTED,
    ADA,
    BLUE_SHOES,
    BOB,
    BOOK,
    COUPON,
    LATE,
    PROMPT,
    RETURNED,
    SHOES,
    SHOWN,
    answer,
    decision,
    decision_id,
    lessons,
    parked,
    redeeming,
)

A_DAY, A_WEEK = 24.0, 168.0


async def credits_of(desk, outcome):
    return [
        each.row.credit for each in await desk.log.rows_after(0, 99) if each.row.outcome is outcome
    ]


async def show(desk, *offers, number=1, hours=0.0, person=ADA):
    await desk.decide(decision(number, *offers, placement=PROMPT, hours=hours, persons=(person,)))


@pytest.mark.parametrize(
    ("hours", "credit"), [(A_DAY + 48, 0.5), (A_DAY + 96, 0.25), (A_WEEK, 0.125)]
)
@pytest.mark.parametrize("names_it", [True, False])
async def test_a_purchase_after_a_day_counts_less_the_later_it_comes(desk, hours, credit, names_it):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", BLUE_SHOES, 1 if names_it else None, hours=hours))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, LATE)]
    assert await credits_of(desk, LATE) == [pytest.approx(credit)]


async def test_a_purchase_within_a_day_counts_whole(desk):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", SHOES, hours=A_DAY))
    assert await credits_of(desk, ACCEPTED) == [1.0]


@pytest.mark.parametrize("names_it", [True, False])
async def test_a_purchase_after_a_week_counts_nothing(desk, names_it):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", SHOES, 1 if names_it else None, hours=A_WEEK + 0.1))
    assert await lessons(desk) == [(1, SHOES, SHOWN)]


async def test_a_late_purchase_counts_once_whether_it_names_its_decision_or_not(desk):
    await show(desk, SHOES)
    for about, hours in ((1, 30), (None, 31), (1, 32), (None, 33)):
        await desk.answer(answer("purchase", SHOES, about, hours=hours))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, LATE)]


async def test_an_accepted_showing_is_not_accepted_late_as_well(desk):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", SHOES, hours=2), answer("purchase", SHOES, 1, hours=50))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, ACCEPTED)]


async def test_a_late_purchase_told_before_its_impression_is_late_still(desk):
    await desk.decide(decision(1, SHOES))
    await desk.answer(answer("purchase", SHOES, hours=73))
    await desk.answer(answer("impression", SHOES, about=1, hours=1))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, LATE)]
    assert await credits_of(desk, LATE) == [pytest.approx(0.5)]


async def test_a_promotion_redeemed_after_its_end_teaches_nothing(desk):
    await show(desk, COUPON)
    await desk.answer(answer("purchase", COUPON, about=1, hours=49))
    assert await lessons(desk) == [(1, COUPON, SHOWN)]
    await desk.answer(answer("purchase", COUPON, hours=48))
    assert (await lessons(desk))[-1] == (1, COUPON, ACCEPTED)


async def test_a_return_takes_back_what_its_purchase_had_added(desk):
    await show(desk, SHOES, BOOK)
    await desk.answer(
        answer("purchase", SHOES, hours=2),
        answer("purchase", BOOK, hours=72),
        answer("return", BLUE_SHOES, hours=100),
        answer("return", BOOK, hours=100),
    )
    assert (await lessons(desk))[-2:] == [(1, SHOES, RETURNED), (1, BOOK, RETURNED)]
    assert await credits_of(desk, RETURNED) == [1.0, *await credits_of(desk, LATE)]


async def test_the_same_return_twice_takes_back_once(desk):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", SHOES, hours=2, quantity=3))
    brought_back = answer("return", SHOES, hours=50)
    for _ in range(3):
        await desk.answer(brought_back)
    assert await credits_of(desk, RETURNED) == [pytest.approx(1 / 3)]


async def test_returns_of_parts_take_back_their_shares_and_never_more_than_was_credited(desk):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", SHOES, hours=2, quantity=4))
    for hours, quantity in ((10, 1), (11, 2), (12, 2), (13, 1)):
        await desk.answer(answer("return", SHOES, hours=hours, quantity=quantity))
    assert await credits_of(desk, RETURNED) == [0.25, 0.5, 0.25]


async def test_a_return_of_more_than_the_last_purchase_takes_back_the_one_before_too(desk):
    await show(desk, SHOES)
    await show(desk, SHOES, number=2, hours=3)
    await desk.answer(answer("purchase", SHOES, hours=2), answer("purchase", SHOES, hours=4))
    await desk.answer(answer("return", SHOES, hours=50, quantity=2))
    assert (await lessons(desk))[-2:] == [(2, SHOES, RETURNED), (1, SHOES, RETURNED)]


async def test_a_return_of_what_was_never_credited_does_nothing(desk):
    await show(desk, SHOES, BOOK)
    await show(desk, SHOES, number=2, person=BOB)
    await desk.answer(answer("purchase", SHOES, person=BOB, hours=2), answer("return", BOOK))
    await desk.answer(answer("return", SHOES, hours=5), answer("return", BOOK, hours=1))
    assert RETURNED not in [outcome for *_, outcome in await lessons(desk)]
    assert await parked(desk) == {}


async def test_a_return_before_what_was_bought_later_leaves_that(desk):
    await show(desk, SHOES)
    await desk.answer(answer("return", SHOES, hours=2), answer("purchase", SHOES, hours=3))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, ACCEPTED)]


async def test_however_showing_purchase_and_return_are_told_the_return_takes_back_once(desk):
    """Each order is told of an offer of its own."""
    for number, told in enumerate(itertools.permutations(range(3))):
        person = (ADA, BOB)[number % 2]
        await desk.decide(decision(number, SHOES, persons=(person,), hours=number * 200))
        events = [
            answer("impression", SHOES, number, person, hours=number * 200 + 1),
            answer("purchase", SHOES, None, person, hours=number * 200 + 2),
            answer("return", SHOES, None, person, hours=number * 200 + 3),
        ]
        for which in told:
            await desk.answer(events[which])
            await desk.answer(events[which])
        of_it = [outcome for about, _, outcome in await lessons(desk) if about == number]
        assert of_it == [SHOWN, ACCEPTED, RETURNED], told


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_return_told_before_its_purchases_takes_back_all_of_them(desk, at_once):
    await show(desk, SHOES)
    await show(desk, SHOES, number=2, hours=3)
    brought_back = answer("return", SHOES, hours=6, quantity=2)
    told = [
        brought_back,
        brought_back,
        answer("purchase", SHOES, hours=2),
        answer("purchase", SHOES, hours=4),
        brought_back,
    ]
    for batch in [told] if at_once else [[each] for each in told]:
        await desk.answer(*batch)
    returned = [about for about, _, outcome in await lessons(desk) if outcome is RETURNED]
    assert returned == [1, 2]


async def test_what_is_left_of_a_return_is_not_forgotten_by_a_link_of_persons(desk):
    await show(desk, SHOES)
    await show(desk, SHOES, number=2, hours=3, person=BOB)
    await desk.answer(
        answer("purchase", SHOES, hours=2), answer("return", SHOES, hours=6, quantity=2)
    )
    await desk.link(ADA, BOB)
    await desk.answer(answer("purchase", SHOES, person=BOB, hours=4))
    returned = [about for about, _, outcome in await lessons(desk) if outcome is RETURNED]
    assert returned == [1, 2]


async def test_another_of_the_set_may_bring_back_what_was_bought(desk):
    await desk.link(ADA, BOB)
    await show(desk, SHOES)
    await desk.answer(
        answer("purchase", SHOES, hours=2), answer("return", SHOES, person=BOB, hours=3)
    )
    assert (await lessons(desk))[-1] == (1, SHOES, RETURNED)


async def test_a_return_after_its_person_was_erased_takes_back_nothing(desk):
    await show(desk, SHOES)
    await desk.answer(answer("purchase", SHOES, hours=2))
    await desk.erase(ADA)
    await desk.answer(answer("return", SHOES, hours=3))
    assert len(await lessons(desk)) == 2


async def back(desk):
    """Return offer and share of all that was taken back, in order."""
    rows = [each.row for each in await desk.log.rows_after(0, 99)]
    return [(row.offer_no, row.credit) for row in rows if row.outcome is RETURNED]


@pytest.mark.parametrize("order", ["", "order-7"])
async def test_a_return_takes_back_the_promotion_that_its_purchase_redeemed_too(desk, order):
    await show(desk, SHOES, COUPON)
    await desk.answer(*redeeming(BLUE_SHOES, COUPON, "bought", order="order-7", quantity=4))
    for hours, quantity in ((10, 1), (11, 3), (12, 1)):
        brought_back = answer("return", SHOES, hours=hours, quantity=quantity, order=order)
        await desk.answer(brought_back, brought_back)
    shares = [(SHOES, 0.25), (COUPON, 0.25), (SHOES, 0.75), (COUPON, 0.75)]
    assert await back(desk) == shares


async def test_a_promotion_goes_back_with_an_item_that_nobody_showed(desk):
    await show(desk, COUPON)
    await desk.answer(*redeeming(SHOES, COUPON, "bought"))
    await desk.answer(answer("return", SHOES, hours=3), answer("return", BOOK, hours=3))
    await desk.answer(answer("return", SHOES, hours=4))
    assert await back(desk) == [(COUPON, 1.0)]


async def test_a_promotion_that_was_taken_up_by_itself_stays_accepted(desk):
    await show(desk, SHOES, COUPON)
    await desk.answer(answer("accept", COUPON), *redeeming(SHOES, COUPON, "bought", hours=2))
    await desk.answer(answer("return", SHOES, hours=3))
    assert await back(desk) == [(SHOES, 1.0)]


async def test_a_return_takes_back_the_purchase_of_its_order_and_none_of_another(desk):
    await show(desk, SHOES, COUPON)
    await desk.answer(*redeeming(SHOES, COUPON, "first", hours=2, order="first"))
    await show(desk, SHOES, number=2, hours=3)
    await desk.answer(answer("purchase", SHOES, hours=4, order="second"))
    await desk.answer(answer("return", SHOES, hours=5, order="third"))
    assert await back(desk) == []
    await desk.answer(answer("return", SHOES, hours=6, order="first", quantity=9))
    assert sorted(await back(desk)) == [(SHOES, 1.0), (COUPON, 1.0)]
    assert (2, SHOES, RETURNED) not in await lessons(desk)


async def test_a_return_that_names_no_order_takes_back_the_latest_purchase_still_kept(desk):
    await show(desk, SHOES, COUPON)
    await desk.answer(*redeeming(SHOES, COUPON, "first", hours=2, order="first"))
    await show(desk, SHOES, number=2, hours=3)
    await desk.answer(answer("purchase", SHOES, hours=4, order="second"))
    await desk.answer(answer("return", SHOES, hours=5))
    assert await back(desk) == [(SHOES, 1.0)]
    await desk.answer(answer("return", SHOES, hours=6))
    assert sorted(await back(desk)) == [(SHOES, 1.0), (SHOES, 1.0), (COUPON, 1.0)]


async def test_a_return_that_names_an_order_may_be_of_a_purchase_that_named_none(desk):
    await show(desk, SHOES, COUPON)
    await desk.answer(*redeeming(SHOES, COUPON, "bought", hours=2))
    await desk.answer(answer("return", SHOES, hours=3, order="told late"))
    assert sorted(await back(desk)) == [(SHOES, 1.0), (COUPON, 1.0)]


async def test_in_whatever_order_it_is_told_a_return_takes_back_item_and_promotion_once(desk):
    """Each order is told of a person of their own."""
    for number, told in enumerate(itertools.permutations(range(4)), start=10):
        person = str(uuid.UUID(int=number))
        about = {number: SHOES, 100 + number: COUPON}
        await desk.decide(*(decision(no, offer, persons=(person,)) for no, offer in about.items()))
        item, promotion = redeeming(SHOES, COUPON, "bought", person=person, hours=2)
        events = [
            [answer("impression", SHOES, number, person, 1)],
            [answer("impression", COUPON, 100 + number, person, 1)],
            [item, promotion],
            [
                answer("return", SHOES, None, person, 3, quantity=0.25),
                answer("return", SHOES, None, person, 4, quantity=0.75),
            ],
        ]
        for which in told:
            await desk.answer(*events[which])
            await desk.answer(*events[which])
        rows = [each.row for each in await desk.log.rows_after(0, 2000)]
        of_them = [row for row in rows if row.decision_id in map(decision_id, about)]
        taken = sorted((row.offer_no, row.credit) for row in of_them if row.outcome is RETURNED)
        assert taken == [(SHOES, 0.25), (SHOES, 0.75), (COUPON, 0.25), (COUPON, 0.75)], told
        assert sum(row.outcome is ACCEPTED for row in of_them) == 2, told
