"""What is taken out of the log is marked and not lost, with what would mean nothing without it."""

import random

import pytest

from services.ranker.domain import reverting
from services.ranker.domain.answers import HOUR_US, Outcome
from services.ranker.domain.reverting import OfferRows, Span
from shared.errors import FailedPrecondition, NotFound
from tests.contract.ranker.learning_kit import (
    ACCEPTED,
    ADA,
    BANNER,
    BOB,
    CEM,
    COUPON,
    GUIDE,
    NOON_US,
    PROMPT,
    RETURNED,
    SHOES,
    SHOWN,
    answer,
    decision,
    lessons,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel

NOW_US = NOON_US + 1000 * HOUR_US


def span(from_hours, to_hours, **only):
    return Span(NOON_US + int(from_hours * HOUR_US), NOON_US + int(to_hours * HOUR_US), **only)


async def marked(desk):
    """Return the numbers of the rows that are taken out."""
    return [each.number for each in await desk.log.rows_after(0, 999) if each.row.reverted_by]


async def three_hours(desk):
    """Let an agent say something to somebody in each of three hours, who accepts it at once."""
    for hour, (person, offer) in enumerate(((ADA, GUIDE), (BOB, COUPON), (CEM, GUIDE))):
        await desk.decide(decision(hour, offer, placement=PROMPT, persons=(person,), hours=hour))
        await desk.answer(answer("accept", offer, hour, person, hours=hour + 0.1))


async def test_a_span_is_taken_out_marked_and_noted_by_a_row_of_its_own(desk):
    await three_hours(desk)
    asked = await desk.reverts.preview(span(1, 2))
    assert (asked.number, asked.rows, asked.first_row) == (0, 2, 3)
    assert asked.offers == [OfferRows(COUPON, 2, 1)]
    assert await marked(desk) == []
    made = await desk.reverts.revert(span(1, 2), NOW_US)
    assert (made.number, made.rows, made.offers) == (7, 2, asked.offers)
    assert await marked(desk) == [3, 4]
    assert await desk.reverts.reverted_rows() == 2
    [*_, last] = await desk.log.rows_after(0, 99)
    assert (last.number, last.row.outcome, last.row.time_us) == (7, Outcome.REVERTED, NOW_US)
    assert (await desk.log.state()).outcomes[Outcome.REVERTED] == 1


@pytest.mark.parametrize(
    ("only", "rows"),
    [
        ({"offer_nos": (GUIDE,)}, [1, 2, 5, 6]),
        ({"offer_nos": (GUIDE, COUPON)}, [1, 2, 3, 4, 5, 6]),
        ({"placement": BANNER}, []),
        ({"placement": PROMPT}, [1, 2, 3, 4, 5, 6]),
        ({"channel": Channel.EMAIL}, []),
        ({"channel": Channel.CALL_CENTER}, [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_a_span_may_be_of_some_offers_a_placement_or_a_channel(desk, only, rows):
    await three_hours(desk)
    made = await desk.reverts.revert(span(0, 9, **only), NOW_US)
    assert await marked(desk) == rows
    assert made.rows == len(rows)
    assert bool(made.number) == bool(rows)


async def test_with_a_showing_goes_what_corrects_it_and_with_an_acceptance_its_return(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT), decision(2, GUIDE, placement=PROMPT))
    await desk.answer(
        answer("purchase", SHOES, hours=2),
        answer("click", GUIDE, about=2, hours=3),
        answer("return", SHOES, hours=40),
    )
    assert [outcome for *_, outcome in await lessons(desk)] == [
        SHOWN, SHOWN, ACCEPTED, ACCEPTED, RETURNED
    ]  # fmt: skip
    first = await desk.reverts.revert(span(2, 3), NOW_US)
    assert await marked(desk) == [3, 5]
    await desk.reverts.undo(first.number, NOW_US)
    assert await marked(desk) == []
    await desk.reverts.revert(span(39, 41), NOW_US)
    assert await marked(desk) == [5]
    await desk.reverts.revert(span(0, 1), NOW_US)
    assert await marked(desk) == [1, 2, 3, 4, 5]


async def test_an_answer_after_the_revert_to_what_was_taken_out_is_taken_out_too(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT))
    made = await desk.reverts.revert(span(0, 1), NOW_US)
    await desk.answer(answer("purchase", SHOES, hours=2))
    await desk.answer(answer("return", SHOES, hours=3))
    assert await marked(desk) == [1, 3, 4]
    undone = await desk.reverts.undo(made.number, NOW_US)
    assert await marked(desk) == []
    assert (undone.rows, undone.first_row, undone.undoes) == (3, 1, made.number)


async def test_reverts_that_overlap_are_undone_each_by_itself(desk):
    await three_hours(desk)
    one = await desk.reverts.revert(span(0, 2), NOW_US)
    two = await desk.reverts.revert(span(1, 3), NOW_US)
    assert (one.rows, two.rows) == (4, 2)
    back = await desk.reverts.undo(one.number, NOW_US)
    assert (back.rows, await marked(desk)) == (2, [3, 4, 5, 6])
    await desk.reverts.undo(two.number, NOW_US)
    assert await marked(desk) == []
    told = await desk.reverts.reverts()
    assert [each.undoes for each in told] == [two.number, one.number, 0, 0]
    assert [each.number for each in told] == [10, 9, 8, 7]


async def test_a_revert_is_undone_once_and_only_if_there_is_one(desk):
    await three_hours(desk)
    made = await desk.reverts.revert(span(0, 2), NOW_US)
    undone = await desk.reverts.undo(made.number, NOW_US)
    with pytest.raises(FailedPrecondition, match="undone already"):
        await desk.reverts.undo(made.number, NOW_US)
    for number in (undone.number, 1, 999):
        with pytest.raises(NotFound):
            await desk.reverts.undo(number, NOW_US)


async def test_where_there_is_nothing_to_take_out_nothing_is_written(desk):
    await three_hours(desk)
    await desk.reverts.revert(span(0, 9), NOW_US)
    for again in (span(0, 9), span(50, 60)):
        assert (await desk.reverts.revert(again, NOW_US)).number == 0
    assert await desk.log.written() == 7


async def test_what_is_taken_out_still_accepts_only_once(desk):
    await three_hours(desk)
    await desk.reverts.revert(span(0, 9), NOW_US)
    await desk.answer(answer("accept", GUIDE, about=0, hours=5))
    assert await desk.log.written() == 7


async def test_erasing_a_person_leaves_what_was_taken_out_to_be_put_back(desk):
    await three_hours(desk)
    made = await desk.reverts.revert(span(0, 1), NOW_US)
    await desk.erase(ADA)
    assert await marked(desk) == [1, 2]
    await desk.reverts.undo(made.number, NOW_US)
    assert await marked(desk) == []


async def test_whatever_is_reverted_and_undone_the_marks_are_those_of_the_reverts_that_stand(desk):
    """An independent count: a row is out while some revert that stands holds it or its showing."""
    draw, standing = random.Random(3), {}
    for number in range(12):
        person = (ADA, BOB, CEM)[number % 3]
        hours = number * 24
        await desk.decide(decision(number, GUIDE, placement=PROMPT, persons=(person,), hours=hours))
        if draw.random() < 0.6:
            await desk.answer(answer("click", GUIDE, number, person, hours=hours + 30))
    rows = await desk.log.rows_after(0, 99)
    for _ in range(20):
        if standing and draw.random() < 0.4:
            number = draw.choice(sorted(standing))
            await desk.reverts.undo(number, NOW_US)
            del standing[number]
        else:
            start = draw.randrange(0, 280)
            meant = span(start, start + draw.choice((5, 24, 100)))
            made = await desk.reverts.revert(meant, NOW_US)
            if made.number:
                standing[made.number] = meant
        out = [
            each.number
            for each in rows
            if any(
                held.holds(other.row)
                for held in standing.values()
                for other in rows
                if other.number == each.number
                or (other.row.place == each.row.place and other.row.outcome is SHOWN)
            )
        ]
        assert await marked(desk) == out


async def test_a_span_of_more_rows_than_can_be_marked_soon_is_refused_and_nothing_is_marked(
    desk, monkeypatch
):
    monkeypatch.setattr(reverting, "MOST_ROWS", 3)
    await three_hours(desk)
    assert (await desk.reverts.preview(span(0, 2))).rows == 4
    with pytest.raises(FailedPrecondition, match=r"4 rows are concerned, at most 3 .* span"):
        await desk.reverts.revert(span(0, 2), NOW_US)
    assert await marked(desk) == []
    assert (await desk.reverts.revert(span(0, 1), NOW_US)).rows == 2
