"""What every learning log makes of decisions and their answers."""

import random

from services.ranker.domain.answers import HOUR_US, Outcome, Parked
from services.ranker.domain.learning_log import ParkedCount
from tests.contract.ranker.learning_kit import (
    ACCEPTED,
    ADA,
    BANNER,
    BLUE_SHOES,
    BOB,
    BOOK,
    CEM,
    COUPON,
    DECLINED,
    GUIDE,
    NOON_US,
    PROMPT,
    QUESTION,
    SHOES,
    SHOWN,
    answer,
    decision,
    decision_id,
    lessons,
    parked,
    seen_as,
    seen_of_somebody,
)
from touchpoint.common.v1.vocabulary_pb2 import Arm


async def test_an_impression_is_a_negative_at_once_and_a_purchase_corrects_it(desk):
    await desk.decide(decision(1, SHOES, BOOK))
    assert await lessons(desk) == []
    await desk.answer(answer("impression", SHOES, about=1))
    assert await lessons(desk) == [(1, SHOES, SHOWN)]
    await desk.answer(answer("purchase", BLUE_SHOES, hours=20))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, ACCEPTED)]
    [seen, bought] = await desk.log.rows_after(0, 10)
    assert (seen.number, bought.number) == (1, 2)
    assert seen.row.features == bought.row.features == seen_as(SHOES)
    assert bought.row.selection_probability == 0.5
    assert seen.row.placement == BANNER


async def test_the_same_answers_again_change_nothing(desk):
    seen, bought = answer("impression", SHOES, about=1), answer("purchase", SHOES, hours=2)
    await desk.decide(decision(1, SHOES))
    for _ in range(2):
        await desk.answer(seen, bought)
        await desk.decide(decision(1, SHOES))
    await desk.answer(answer("impression", SHOES, about=1), answer("purchase", SHOES, hours=3))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, ACCEPTED)]


async def test_the_last_showing_before_the_purchase_is_credited_whatever_the_channel(desk):
    await desk.decide(decision(1, SHOES), decision(2, SHOES, placement=PROMPT, hours=2))
    await desk.decide(decision(3, SHOES, hours=4))
    await desk.answer(answer("impression", SHOES, about=1, hours=1))
    await desk.answer(answer("impression", SHOES, about=3, hours=4))
    await desk.answer(answer("purchase", SHOES, hours=3))
    assert (await lessons(desk))[-1] == (2, SHOES, ACCEPTED)


async def test_what_an_agent_says_is_seen_when_it_is_decided(desk):
    await desk.decide(decision(1, COUPON, QUESTION, placement=PROMPT))
    assert await lessons(desk) == [(1, COUPON, SHOWN), (1, QUESTION, SHOWN)]


async def test_an_answer_without_an_impression_says_that_it_was_seen(desk):
    await desk.decide(decision(1, GUIDE, COUPON, QUESTION))
    await desk.answer(
        answer("click", GUIDE, about=1),
        answer("accept", COUPON, about=1),
        answer("survey_answer", QUESTION, about=1),
    )
    assert await lessons(desk) == [
        (1, GUIDE, SHOWN),
        (1, GUIDE, ACCEPTED),
        (1, COUPON, SHOWN),
        (1, COUPON, ACCEPTED),
        (1, QUESTION, SHOWN),
        (1, QUESTION, ACCEPTED),
    ]


async def test_a_click_on_an_item_is_no_purchase_and_an_ignored_offer_stays_a_negative(desk):
    await desk.decide(decision(1, SHOES, COUPON))
    await desk.answer(answer("click", SHOES, about=1), answer("ignore", COUPON, about=1))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, COUPON, SHOWN)]


async def test_a_decline_stands_whatever_follows(desk):
    await desk.decide(decision(1, COUPON))
    await desk.answer(answer("decline", COUPON, about=1), answer("accept", COUPON, about=1))
    assert await lessons(desk) == [(1, COUPON, SHOWN), (1, COUPON, DECLINED)]


async def test_a_promotion_is_redeemed_before_it_ends_or_not_at_all(desk):
    await desk.decide(decision(1, COUPON, placement=PROMPT))
    await desk.answer(answer("accept", COUPON, about=1, hours=49))
    assert await lessons(desk) == [(1, COUPON, SHOWN)]
    await desk.answer(answer("accept", COUPON, hours=47))
    assert (await lessons(desk))[-1] == (1, COUPON, ACCEPTED)


async def test_an_opened_mail_shows_all_that_stands_in_it(desk):
    await desk.decide(decision(1, SHOES, BOOK))
    await desk.answer(answer("email_open", about=1))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, BOOK, SHOWN)]


async def test_an_answer_that_overtakes_its_decision_waits_for_it(desk):
    await desk.answer(answer("accept", COUPON, about=1), answer("click", GUIDE, about=2))
    assert await lessons(desk) == []
    assert await parked(desk) == {}
    await desk.decide(decision(1, COUPON))
    assert await lessons(desk) == [(1, COUPON, SHOWN), (1, COUPON, ACCEPTED)]


async def test_an_answer_without_a_decision_is_parked_and_counted(desk):
    lost = answer("impression", SHOES, about=9, event_id="lost")
    await desk.answer(lost, answer("impression", SHOES, about=8, event_id="early"))
    await desk.log.park_late(NOON_US, 0.0)
    assert await parked(desk) == {"NO_DECISION": 2}
    [told] = (await desk.log.state()).parked
    assert told == ParkedCount(Parked.NO_DECISION, 2, "lost", NOON_US)


async def test_a_parked_answer_teaches_when_its_decision_comes_after_all(desk):
    await desk.answer(answer("impression", SHOES, about=9))
    await desk.log.park_late(NOON_US, 0.0)
    await desk.decide(decision(9, SHOES))
    assert await lessons(desk) == [(9, SHOES, SHOWN)]
    assert await parked(desk) == {}


async def test_an_answer_about_what_was_not_shown_is_parked(desk):
    await desk.decide(decision(1, SHOES))
    await desk.answer(answer("impression", BOOK, about=1), answer("accept", COUPON))
    assert await lessons(desk) == []
    assert await parked(desk) == {"NOT_SHOWN": 2}


async def test_an_id_that_is_none_of_ours_is_parked_too(desk):
    odd = answer("impression", SHOES, about=1)
    bad = type(odd)(odd.event_id, ADA, odd.type, odd.time_us, SHOES, SHOES, "not an id")
    await desk.answer(bad)
    await desk.log.park_late(NOON_US, 0.0)
    assert await parked(desk) == {"NO_DECISION": 1}


async def test_a_purchase_that_is_told_before_its_impression_is_credited_still(desk):
    await desk.decide(decision(1, SHOES))
    await desk.answer(answer("purchase", SHOES, hours=2))
    await desk.answer(answer("impression", SHOES, about=1, hours=1))
    await desk.answer(answer("impression", SHOES, about=1, hours=1))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, ACCEPTED)]


async def test_the_set_of_a_person_is_credited_until_it_is_parted(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT), decision(2, BOOK, placement=PROMPT))
    await desk.answer(answer("purchase", SHOES, person=BOB))
    assert ACCEPTED not in [outcome for *_, outcome in await lessons(desk)]
    await desk.link(ADA, BOB)
    await desk.answer(answer("purchase", SHOES, person=BOB))
    assert (await lessons(desk))[-1] == (1, SHOES, ACCEPTED)
    await desk.part(ADA, BOB)
    await desk.answer(answer("purchase", BOOK, person=BOB))
    assert (await lessons(desk))[-1] == (1, SHOES, ACCEPTED)


async def test_what_was_bought_by_another_of_the_set_waits_for_its_showing_too(desk):
    await desk.decide(decision(1, SHOES, persons=(ADA,)))
    await desk.link(ADA, BOB)
    await desk.answer(answer("purchase", SHOES, person=BOB, hours=2))
    await desk.answer(answer("impression", SHOES, about=1, person=ADA, hours=1))
    assert await lessons(desk) == [(1, SHOES, SHOWN), (1, SHOES, ACCEPTED)]


async def test_a_purchase_is_credited_too_when_it_is_told_before_the_link(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT), decision(2, BOOK, placement=PROMPT))
    await desk.answer(answer("purchase", SHOES, person=BOB), answer("purchase", BOOK, person=CEM))
    await desk.link(ADA, BOB)
    await desk.link(ADA, BOB, version=2)
    assert (await lessons(desk))[2:] == [(1, SHOES, ACCEPTED)]


async def test_a_device_whose_clock_is_slow_still_accepts_what_its_answer_names(desk):
    await desk.decide(decision(1, COUPON, GUIDE, hours=1))
    await desk.answer(
        answer("impression", GUIDE, about=1, hours=1.1),
        answer("accept", COUPON, about=1, hours=0.99),
        answer("click", GUIDE, about=1, hours=0.99),
    )
    assert [row for row in await lessons(desk) if row[2] is ACCEPTED] == [
        (1, COUPON, ACCEPTED),
        (1, GUIDE, ACCEPTED),
    ]
    shown_at, accepted_at = (
        {each.row.place: each.row.time_us for each in rows if each.row.outcome is outcome}
        for rows in [await desk.log.rows_after(0, 9)]
        for outcome in (SHOWN, ACCEPTED)
    )
    assert shown_at == accepted_at


async def test_a_purchase_that_names_a_showing_of_long_ago_is_credited_to_one_since(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT))
    await desk.decide(decision(2, SHOES, placement=PROMPT, hours=30))
    await desk.answer(answer("purchase", SHOES, about=1, hours=31))
    assert (await lessons(desk))[-1] == (2, SHOES, ACCEPTED)


async def test_a_purchase_that_names_a_showing_in_time_is_credited_to_that(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT))
    await desk.decide(decision(2, SHOES, placement=PROMPT, hours=2))
    await desk.answer(answer("purchase", SHOES, about=1, hours=3))
    assert (await lessons(desk))[-1] == (1, SHOES, ACCEPTED)


async def test_an_earlier_purchase_does_not_accept_what_was_shown_only_afterwards(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT, hours=1))
    await desk.answer(answer("purchase", SHOES, hours=0.9))
    assert await lessons(desk) == [(1, SHOES, SHOWN)]


async def test_a_decision_told_again_at_once_changes_nothing_of_what_was_seen(desk):
    await desk.answer(answer("impression", SHOES, about=1))
    await desk.decide(decision(1, SHOES), decision(1, SHOES, seen=_otherwise))
    [seen] = await desk.log.rows_after(0, 9)
    assert seen.row.features == seen_as(SHOES)


def _otherwise(offer):
    return seen_as(offer, -2.0)


async def test_nothing_is_kept_of_a_set_with_somebody_who_was_erased(desk):
    await desk.erase(ADA)
    await desk.link(ADA, BOB)
    await desk.decide(decision(1, SHOES, placement=PROMPT, persons=(BOB,)))
    await desk.answer(answer("purchase", SHOES, person=ADA))
    assert await lessons(desk) == [(1, SHOES, SHOWN)]
    assert await desk.sets() == set()


async def test_a_person_teaches_so_often_a_day_over_the_whole_set(desk):
    await desk.link(ADA, BOB)
    for number in range(6):
        person = (ADA, BOB)[number % 2]
        await desk.decide(decision(number, GUIDE, placement=PROMPT, persons=(person,)))
    assert len(await lessons(desk)) == 3
    await desk.decide(decision(7, GUIDE, placement=PROMPT, hours=24))
    await desk.decide(decision(8, GUIDE, placement=PROMPT, persons=(CEM,)))
    assert [number for number, *_ in await lessons(desk)] == [0, 1, 2, 7, 8]
    await desk.answer(answer("click", GUIDE, about=2, person=ADA))
    assert (await lessons(desk))[-1] == (2, GUIDE, ACCEPTED)


async def test_nothing_is_learned_of_arms_that_are_not_personalised(desk):
    await desk.decide(
        decision(1, SHOES, placement=PROMPT, arm=Arm.HOLDOUT),
        decision(2, SHOES, placement=PROMPT, arm=Arm.STATIC),
        decision(3, SHOES, placement=PROMPT, seen=lambda offer: b""),
    )
    await desk.answer(*[answer("purchase", SHOES, about=number) for number in (1, 2, 3)])
    assert await lessons(desk) == []
    assert await parked(desk) == {}


async def test_erasing_leaves_what_was_learned_and_nothing_that_leads_to_the_person(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT))
    await desk.decide(decision(2, SHOES, placement=PROMPT, persons=(BOB,)))
    await desk.answer(answer("impression", SHOES, about=9), answer("purchase", BOOK))
    await desk.erase(ADA)
    rows = await desk.log.rows_after(0, 10)
    assert [(each.number, each.row.decision_id, each.row.person_ids) for each in rows] == [
        (1, "", ()),
        (2, decision_id(2), (BOB,)),
    ]
    await desk.decide(decision(9, SHOES), decision(1, SHOES, placement=PROMPT))
    await desk.answer(answer("purchase", SHOES, about=1), answer("impression", SHOES, about=9))
    await desk.log.park_late(NOON_US, 0.0)
    assert len(await lessons(desk)) == 2
    assert await parked(desk) == {}


async def test_erasing_cuts_off_what_characterised_the_person(desk):
    await desk.decide(
        decision(1, SHOES, placement=PROMPT, seen=seen_of_somebody),
        decision(2, SHOES, placement=PROMPT, persons=(BOB,), seen=seen_of_somebody),
    )
    await desk.erase(ADA)
    rows = await desk.log.rows_after(0, 10)
    assert [each.row.features for each in rows] == [seen_as(SHOES), seen_of_somebody(SHOES)]


async def test_the_state_counts_what_is_written(desk):
    await desk.decide(decision(1, SHOES, COUPON, placement=PROMPT))
    await desk.answer(answer("purchase", SHOES), answer("decline", COUPON, about=1))
    state = await desk.log.state()
    assert state.written == await desk.log.written() == 4
    told = {outcome: count for outcome, count in state.outcomes.items() if count}
    assert told == {Outcome.SHOWN: 2, Outcome.ACCEPTED: 1, Outcome.DECLINED: 1}
    assert [each.number for each in await desk.log.rows_after(1, 2)] == [2, 3]


async def test_however_answers_are_shuffled_and_repeated_each_counts_once(desk):
    decisions = [decision(number, GUIDE, persons=(CEM,)) for number in range(3)]
    answers = [answer("impression", GUIDE, about=number, person=CEM) for number in range(3)]
    answers += [answer("click", GUIDE, about=number, person=CEM, hours=2) for number in (0, 2)]
    steps = [*decisions, *answers] * 2
    random.Random(4).shuffle(steps)
    for step in steps:
        await (desk.answer(step) if step in answers else desk.decide(step))
    assert sorted(await lessons(desk)) == [
        (0, GUIDE, SHOWN),
        (0, GUIDE, ACCEPTED),
        (1, GUIDE, SHOWN),
        (2, GUIDE, SHOWN),
        (2, GUIDE, ACCEPTED),
    ]


async def test_the_last_row_by_a_time_and_what_became_of_decisions_can_be_read(desk):
    assert await desk.log.last_by(NOON_US + HOUR_US) == 0
    await desk.decide(decision(1, SHOES, placement=PROMPT, hours=1))
    await desk.decide(decision(2, SHOES, placement=PROMPT, hours=3))
    await desk.answer(answer("purchase", SHOES, about=1, hours=5))
    assert await desk.log.last_by(NOON_US) == 0
    assert await desk.log.last_by(NOON_US + HOUR_US) == 1
    assert await desk.log.last_by(NOON_US + 9 * HOUR_US) == 3
    assert [each.number for each in await desk.log.answers_to([decision_id(1)])] == [3]
    assert await desk.log.answers_to([decision_id(2)]) == []
