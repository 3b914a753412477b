"""Reasons that a person understands."""

import pytest

from services.aggregator.domain.reasons import Evidence, ago, reason_text, removal_text, times
from services.aggregator.domain.vocabulary import EvidenceKind, RemovalCode, Source

HOUR, DAY = 60, 24 * 60


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (Evidence(Source.IN_SESSION, item="Aurora 15"), "Because you looked at Aurora 15"),
        (
            Evidence(
                Source.IN_SESSION,
                item="TV",
                count=30,
                total=100,
                kind=EvidenceKind.VIEWED_THEN_BOUGHT,
            ),
            "Bought in 30% of visits to TV",
        ),
        (
            Evidence(
                Source.IN_SESSION,
                item="TV",
                count=30,
                total=100,
                kind=EvidenceKind.VIEWED_TOGETHER,
            ),
            "Looked at in 30% of visits to TV",
        ),
        (
            Evidence(
                Source.BOUGHT_NEXT, item="TV", count=9, total=90, kind=EvidenceKind.BOUGHT_NEXT
            ),
            "Bought next by 10% of those who bought TV",
        ),
        (Evidence(Source.BOUGHT_NEXT, item="TV", count=9), "Often bought after TV"),
        (Evidence(Source.IN_SESSION, category="PCs"), "Because you are looking at PCs"),
        (
            Evidence(Source.BUY_AGAIN, count=4, minutes_ago=43 * DAY),
            "You bought this 4 times, last 6 weeks ago",
        ),
        (Evidence(Source.BUY_AGAIN, count=2), "You bought this twice"),
        (
            Evidence(Source.POPULAR, category="Sport > Running", count=3),
            "Popular in Running this month",
        ),
        (
            Evidence(Source.POPULAR, category="Sport > Running", count=2),
            "One of our picks in Running",
        ),
        (Evidence(Source.POPULAR, count=3), "One of our picks"),
        (Evidence(Source.OFFER, item="Aurora 15"), "Because you are interested in Aurora 15"),
        (Evidence(Source.OFFER, category="Electronics > PCs"), "About PCs"),
        (
            Evidence(Source.ALSO_BOUGHT, item="TV", count=12, total=100),
            "Bought by 12% of those who bought TV",
        ),
        (Evidence(Source.ALSO_BOUGHT, item="TV", count=12), "Often bought together with TV"),
        (
            Evidence(Source.TRENDING, category="TV", count=12, total=3),
            "12 bought in the last 3 days, usually 3",
        ),
        (Evidence(Source.TRENDING, category="TV", count=12), "12 bought in the last 3 days"),
        (Evidence(Source.TRENDING, category="Video > TV"), "Bought more and more in TV these days"),
        (Evidence(Source.GIFT, relationship="mother"), "A gift idea for your mother"),
        (
            Evidence(
                Source.GOES_WITH_CART,
                item="TV",
                count=30,
                total=100,
                kind=EvidenceKind.IN_ONE_ORDER,
            ),
            "In 30% of the orders with TV",
        ),
        (
            Evidence(Source.GOES_WITH_CART, item="TV", kind=EvidenceKind.UPGRADE),
            "A better one, instead of TV",
        ),
        (Evidence(Source.GOES_WITH_CART, item="TV"), "Goes with TV in your cart"),
        (
            Evidence(Source.EXTERNAL, item="TV", text="Our editors like it"),
            "Our editors like it",
        ),
        (
            Evidence(Source.PEOPLE_LIKE_YOU, item="Tin", count=12, total=40),
            "Bought by 12 of the 40 people like you who were interested in Tin",
        ),
        (
            Evidence(Source.PEOPLE_LIKE_YOU, count=12, total=40),
            "Bought by 12 of 40 people like you",
        ),
        (Evidence(Source.AS_ASKED_FOR, count=3, total=3), "Matches all that you asked for"),
        (
            Evidence(Source.AS_ASKED_FOR, count=2, total=3),
            "Matches 2 of the 3 things you asked for",
        ),
        (
            Evidence(Source.AS_ASKED_FOR, count=2, total=3, text="colour"),
            "Matches 2 of the 3 things you asked for, but not: colour",
        ),
        (
            Evidence(
                Source.GIFT,
                count=9,
                total=20,
                relationship="mother",
                kind=EvidenceKind.GIVEN_TO_ALIKE,
            ),
            "Given by 9 of 20 people to somebody like this",
        ),
        (
            Evidence(
                Source.GIFT,
                category="Books > Non-fiction",
                kind=EvidenceKind.OF_INTEREST,
                text="gardening",
            ),
            "For somebody who likes this: gardening",
        ),
        (
            Evidence(Source.GIFT, category="A > Cooking", kind=EvidenceKind.OF_INTEREST),
            "A gift idea",
        ),
        (
            Evidence(Source.GIFT, relationship="mother", kind=EvidenceKind.MADE_FOR_ALIKE),
            "A gift idea for your mother",
        ),
        (Evidence(Source.DEFAULT), "For everybody"),
        (Evidence(99), "On offer right now"),
    ],
)
def test_the_most_telling_evidence_is_told(evidence, text):
    assert reason_text(evidence) == text


@pytest.mark.parametrize("source", [source for source in Source if source])
@pytest.mark.parametrize("locale", ["en", "de-DE", "xx"])
@pytest.mark.parametrize("kind", EvidenceKind)
def test_every_source_has_a_reason_with_and_without_evidence(source, locale, kind):
    full = Evidence(source, "Item", "A > B", 3, 9, 60, "friend", "birthday", kind)
    for evidence in (full, Evidence(source, kind=kind)):
        text = reason_text(evidence, locale)
        assert text
        assert "{" not in text


def test_a_reason_is_told_in_the_language_asked_for():
    evidence = Evidence(Source.BUY_AGAIN, count=4, minutes_ago=3 * DAY)
    assert reason_text(evidence, "de") == "Das haben Sie 4-mal gekauft, zuletzt vor 3 Tagen"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "just now"),
        (20, "20 minutes ago"),
        (HOUR, "an hour ago"),
        (5 * HOUR, "5 hours ago"),
        (DAY, "yesterday"),
        (13 * DAY, "13 days ago"),
        (14 * DAY, "2 weeks ago"),
        (90 * DAY, "3 months ago"),
        (400 * DAY, "over a year ago"),
    ],
)
def test_time_is_told_in_the_largest_unit_that_fits(minutes, text):
    assert ago(minutes) == text


def test_counts_are_told_as_people_do():
    assert [times(count) for count in (1, 2, 4)] == ["once", "twice", "4 times"]


@pytest.mark.parametrize("code", RemovalCode)
@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_removal_is_a_sentence_to_read_aloud(code, locale):
    text = removal_text(code, locale)
    assert text.endswith(".")
    assert text[0].isupper()


def test_a_removal_code_of_a_newer_service_is_told_in_general_words():
    assert removal_text(99) == removal_text(RemovalCode.UNSPECIFIED)
