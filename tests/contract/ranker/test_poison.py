"""What nobody can teach: to answer for others, too often, or with what no model ever saw."""

import numpy as np
import pytest

from services.ranker.domain.encoding import encode
from services.ranker.domain.layout import WEIGHTS
from tests.contract.ranker.conftest import TERMS
from tests.contract.ranker.learning_kit import (
    ACCEPTED,
    ADA,
    BOB,
    CEM,
    COUPON,
    GUIDE,
    PROMPT,
    SHOES,
    SHOWN,
    answer,
    decision,
    lessons,
    parked,
    seen_as,
)


@pytest.mark.parametrize("kind", ["impression", "click", "accept", "decline", "purchase"])
async def test_an_answer_to_what_somebody_else_was_shown_is_parked_and_teaches_nothing(desk, kind):
    await desk.decide(decision(1, COUPON, persons=(ADA,)))
    await desk.answer(answer(kind, COUPON, about=1, person=BOB))
    assert await lessons(desk) == []
    assert await parked(desk) == {"FOREIGN_DECISION": 1}


async def test_a_visitor_that_became_a_customer_answers_what_the_visitor_was_shown(desk):
    await desk.decide(decision(1, GUIDE, persons=(ADA,)))
    await desk.link(ADA, BOB)
    await desk.answer(answer("click", GUIDE, about=1, person=BOB))
    assert await lessons(desk) == [(1, GUIDE, SHOWN), (1, GUIDE, ACCEPTED)]


async def test_an_answer_told_before_the_link_of_its_person_teaches_once_it_is_told(desk):
    await desk.decide(decision(1, GUIDE, persons=(ADA,)))
    await desk.answer(answer("click", GUIDE, about=1, person=BOB))
    await desk.answer(answer("click", GUIDE, about=1, person=CEM))
    await desk.link(ADA, BOB)
    await desk.link(ADA, BOB, version=2)
    assert await lessons(desk) == [(1, GUIDE, SHOWN), (1, GUIDE, ACCEPTED)]
    assert await parked(desk) == {"FOREIGN_DECISION": 1}


async def test_what_was_decided_for_nobody_known_may_be_answered(desk):
    await desk.decide(decision(1, GUIDE, persons=()))
    await desk.answer(answer("click", GUIDE, about=1, person=BOB))
    assert await lessons(desk) == [(1, GUIDE, SHOWN), (1, GUIDE, ACCEPTED)]


async def test_a_person_accepts_so_often_a_day_over_the_whole_set(desk):
    """Shown on many days, all are accepted on one of them."""
    await desk.link(ADA, BOB)
    for number in range(9):
        person = (ADA, BOB)[number % 2]
        shown = decision(number, GUIDE, placement=PROMPT, persons=(person,), hours=-24 * number)
        await desk.decide(shown)
    for number in range(9):
        await desk.answer(answer("click", GUIDE, about=number, person=(BOB, ADA)[number % 2]))
    outcomes = [outcome for *_, outcome in await lessons(desk)]
    assert (outcomes.count(SHOWN), outcomes.count(ACCEPTED)) == (9, TERMS.acceptances_per_day)
    assert await parked(desk) == {"OVER_LIMIT": 9 - TERMS.acceptances_per_day}


async def test_acceptances_that_name_no_decision_count_against_the_same_limit(desk):
    for number in range(9):
        await desk.decide(decision(number, GUIDE, placement=PROMPT, hours=-24 * number))
    for _ in range(1000):
        await desk.answer(answer("click", GUIDE))
    outcomes = [outcome for *_, outcome in await lessons(desk)]
    assert outcomes.count(ACCEPTED) == 1


async def test_what_was_decided_for_nobody_counts_against_who_accepts_it(desk):
    for number in range(9):
        await desk.decide(decision(number, GUIDE, placement=PROMPT, persons=()))
        await desk.answer(answer("click", GUIDE, about=number))
    outcomes = [outcome for *_, outcome in await lessons(desk)]
    assert outcomes.count(ACCEPTED) == TERMS.acceptances_per_day


async def test_the_limit_holds_for_answers_that_are_dated_on_the_day_before_their_showing(desk):
    for number in range(TERMS.acceptances_per_day + 3):
        await desk.decide(decision(number, GUIDE, placement=PROMPT, persons=()))
        await desk.answer(answer("click", GUIDE, about=number, hours=-24))
    outcomes = [outcome for *_, outcome in await lessons(desk)]
    assert outcomes.count(ACCEPTED) == TERMS.acceptances_per_day
    assert await parked(desk) == {"OVER_LIMIT": 3}


async def test_the_limit_holds_for_purchases_that_an_impression_of_another_day_explains(desk):
    """Both are of a day on which the person accepted as much as one may."""
    count = TERMS.acceptances_per_day
    for number in range(count):
        await desk.decide(decision(number, GUIDE, placement=PROMPT, persons=()))
        await desk.answer(answer("click", GUIDE, about=number, hours=1))
    await desk.decide(decision(count, SHOES, hours=-20))
    await desk.answer(answer("purchase", SHOES, hours=1))
    await desk.answer(answer("impression", SHOES, about=count, hours=-19))
    outcomes = [outcome for *_, outcome in await lessons(desk)]
    assert outcomes.count(ACCEPTED) == count
    assert await parked(desk) == {"OVER_LIMIT": 1}


@pytest.mark.parametrize(
    "features",
    [
        encode(float("nan"), np.array([1], np.uint32)),
        encode(float("inf"), np.array([1], np.uint32)),
        encode(-3.0, np.array([WEIGHTS], np.uint32)),
        seen_as(SHOES)[:-1],
        b"\x01",
    ],
)
async def test_features_that_no_model_can_have_seen_are_put_aside_and_learning_goes_on(
    desk, features
):
    await desk.decide(decision(1, SHOES, seen=lambda _: features), decision(2, SHOES))
    await desk.decide(decision(3, SHOES, placement=PROMPT, seen=lambda _: features))
    await desk.answer(answer("impression", SHOES, about=1), answer("impression", SHOES, about=2))
    assert await lessons(desk) == [(2, SHOES, SHOWN)]
    assert await parked(desk) == {"BAD_FEATURES": 2}
    [told] = (await desk.log.state()).parked
    assert told.latest_event_id.endswith(f"/{PROMPT}/{SHOES}")


async def test_what_a_newer_version_saw_is_kept_for_it(desk):
    newer = b"\xff" + seen_as(SHOES)[1:]
    await desk.decide(decision(1, SHOES, placement=PROMPT, seen=lambda _: newer))
    [row] = await desk.log.rows_after(0, 9)
    assert row.row.features == newer
