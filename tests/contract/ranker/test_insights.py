"""What a report reads is the same on every storage, and nobody who was erased is in it."""

import pytest

from services.ranker.domain.answers import HOUR_US
from services.ranker.domain.hashing import text_hash
from services.ranker.domain.reverting import Span
from services.ranker.storage.in_memory_insight import InMemoryInsights
from services.ranker.storage.insight import PostgresInsights
from tests.contract.ranker.learning_kit import (
    ADA,
    BANNER,
    BOB,
    BOOK,
    COUPON,
    NOON_US,
    SHOES,
    answer,
    decision,
)


@pytest.fixture
def insights(desk):
    """Lend what reads the log of the desk."""
    database = getattr(desk, "database", None)
    return PostgresInsights(database) if database else InMemoryInsights(desk.log)


async def shown(insights, after=0, until=100):
    return [
        (each.number, each.offer_no, each.person_id, each.accepted)
        for each in await insights.shown_between(after, until)
    ]


async def test_each_showing_is_told_once_with_what_became_of_it(desk, insights):
    first_of_all = decision(1, SHOES, BOOK)
    await desk.decide(first_of_all, decision(2, COUPON, persons=(BOB, ADA)))
    await desk.answer(
        answer("impression", SHOES, about=1),
        answer("impression", BOOK, about=1),
        answer("purchase", SHOES, about=1),
        answer("decline", COUPON, about=2, person=BOB),
    )
    assert await shown(insights) == [
        (1, SHOES, ADA, True),
        (2, BOOK, ADA, False),
        (4, COUPON, BOB, False),
    ]
    [first, *_] = await insights.shown_between(0, 1)
    assert (first.placement, first.features) == (
        BANNER,
        first_of_all.chosen[0].features,
    )
    assert first.time_us > NOON_US


async def test_a_stretch_of_the_log_is_told_without_its_first_number(desk, insights):
    await desk.decide(decision(1, SHOES, BOOK))
    await desk.answer(answer("impression", SHOES, about=1), answer("impression", BOOK, about=1))
    assert await shown(insights, 1, 2) == [(2, BOOK, ADA, False)]
    assert await shown(insights, 0, 1) == [(1, SHOES, ADA, False)]
    assert await shown(insights, 2, 9) == []


async def test_who_was_erased_is_in_no_report(desk, insights):
    await desk.decide(decision(1, SHOES), decision(2, BOOK, persons=(BOB,)))
    await desk.answer(
        answer("impression", SHOES, about=1), answer("impression", BOOK, about=2, person=BOB)
    )
    await desk.erase(ADA)
    assert [each[2] for each in await shown(insights)] == [BOB]


async def test_what_was_brought_back_was_not_accepted(desk, insights):
    await desk.decide(decision(1, SHOES))
    await desk.answer(
        answer("impression", SHOES, about=1),
        answer("purchase", SHOES, about=1, hours=2),
        answer("return", SHOES, hours=50),
    )
    assert await shown(insights) == [(1, SHOES, ADA, False)]


async def test_what_was_taken_out_of_the_model_is_in_no_report_until_it_is_put_back(desk, insights):
    await desk.decide(decision(1, SHOES), decision(2, BOOK, persons=(BOB,)))
    await desk.answer(
        answer("impression", SHOES, about=1, hours=1),
        answer("impression", BOOK, about=2, person=BOB, hours=1),
        answer("purchase", BOOK, about=2, person=BOB, hours=5),
    )
    whole = [(1, SHOES, ADA, False), (2, BOOK, BOB, True)]
    assert await shown(insights) == whole
    burst = Span(NOON_US, NOON_US + 10 * HOUR_US, offer_nos=(SHOES,))
    made = await desk.reverts.revert(burst, NOON_US)
    assert await shown(insights) == whole[1:]
    await desk.reverts.undo(made.number, NOON_US)
    assert await shown(insights) == whole
    await desk.reverts.revert(Span(NOON_US + 4 * HOUR_US, NOON_US + 10 * HOUR_US), NOON_US)
    assert await shown(insights) == [(1, SHOES, ADA, False), (2, BOOK, BOB, False)]


async def test_what_hashes_stand_for_is_kept_until_it_is_met_no_more(insights):
    await insights.note([], 1)
    await insights.note(["attr.size=M", "attr.note=a=b"], 1)
    await insights.note(["attr.size=M", "weekday=Friday"], 5)
    kept = await insights.dictionary()
    assert {hashed: tuple(told) for hashed, told in kept.items()} == {
        text_hash("attr.size=M"): ("attr.size", "M"),
        text_hash("attr.note=a=b"): ("attr.note", "a=b"),
        text_hash("weekday=Friday"): ("weekday", "Friday"),
    }
    await insights.forget_before(5)
    left = {told.value for told in (await insights.dictionary()).values()}
    assert left == {"M", "Friday"}


async def test_of_two_that_share_a_hash_the_first_stays(insights):
    assert text_hash("plumless") == text_hash("buckeroo")
    await insights.note(["plumless"], 1)
    await insights.note(["buckeroo"], 2)
    assert [told.name for told in (await insights.dictionary()).values()] == ["plumless"]
    await insights.forget_before(2)
    assert not await insights.dictionary()
