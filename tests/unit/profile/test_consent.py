"""Consent per purpose and channel: the latest word counts, silence and an end are no consent."""

import pytest

from services.profile.domain import consent
from services.profile.domain.consent import MAX_PURPOSES, NEVER, SHARING, agrees, end_us, standing
from services.profile.domain.event import DAY_US, HOUR_US
from services.profile.domain.state import merge
from tests.unit.profile.happenings import NOON_US, happened, state_of

EMAIL, SMS, WEB = 4, 5, 1


def said(kind="consent", minutes=0.0, where=WEB, **details):
    return happened(kind, minutes, channel=where, details=details)


def consents_of(*events):
    return state_of(*events).consents


def test_nobody_shares_until_they_say_so_and_marketing_does_not_say_it():
    assert not agrees({}, SHARING, NOON_US)
    assert not agrees(consents_of(said(purpose="marketing")), SHARING, NOON_US)
    assert agrees(consents_of(said(purpose="sharing")), SHARING, NOON_US)
    taken_back = consents_of(
        said(purpose="sharing"), said(minutes=1, purpose="sharing", granted="no")
    )
    assert not agrees(taken_back, SHARING, NOON_US + HOUR_US)


def test_a_consent_holds_up_to_its_end_and_no_longer():
    consents = consents_of(said(expires="2026-01-02"))
    end = end_us("2026-01-02")
    assert agrees(consents, "marketing", end - 1)
    assert not agrees(consents, "marketing", end)
    assert standing(consents, end - 1) == (["marketing"], [])
    assert standing(consents, end) == ([], [])


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970-01-01", 1.0),
        ("1970-01-02T00:00:00Z", 1.0),
        ("1970-01-02T02:00:00+02:00", 1.0),
        ("1970-01-02T12:00:00.000Z", 1.5),
    ],
)
def test_an_end_is_a_day_to_its_last_moment_or_a_moment(text, days):
    assert end_us(text) == days * DAY_US


@pytest.mark.parametrize(
    ("kind", "where", "details", "purpose"),
    [
        ("consent", EMAIL, {}, "marketing"),
        ("consent", WEB, {"purpose": "news", "channel": "sms"}, "news:SMS"),
        ("consent", WEB, {"purpose": "marketing:EMAIL"}, "marketing:EMAIL"),
        ("subscribe", SMS, {}, "marketing:SMS"),
        ("subscribe", WEB, {"channel": "EMAIL"}, "marketing:EMAIL"),
        ("unsubscribe", WEB, {}, "marketing"),
        ("unsubscribe", EMAIL, {"purpose": "news"}, "news"),
    ],
)
def test_each_word_is_about_one_purpose_on_one_channel_or_on_all(kind, where, details, purpose):
    found, word = consent.read(said(kind, where=where, **details))
    assert found == purpose
    assert word.refused == (kind == "unsubscribe")


def test_where_it_was_said_is_kept_as_told_else_as_the_channel():
    assert consents_of(said(where=EMAIL))["marketing"].source == "EMAIL"
    assert consents_of(said(source="store 12 form B"))["marketing"].source == ("store 12 form B")


@pytest.mark.parametrize(
    ("granted", "refused", "is_agreed"),
    [
        (["marketing"], [], True),
        (["marketing"], ["marketing:SMS"], True),
        (["marketing"], ["marketing:EMAIL"], False),
        (["marketing:EMAIL"], [], True),
        (["marketing:EMAIL"], ["marketing"], False),
        (["marketing:SMS"], [], False),
    ],
)
def test_no_refusal_is_outranked(granted, refused, is_agreed):
    consents = consents_of(
        *(said(purpose=purpose) for purpose in granted),
        *(said(purpose=purpose, granted="false") for purpose in refused),
    )
    assert agrees(consents, "marketing", NOON_US, "EMAIL") is is_agreed


def test_of_two_words_at_one_moment_the_refusal_counts_and_else_the_earlier_end():
    grant, short = said(), said(expires="2026-02-01")
    refusal = said(granted="false")
    for order in ((grant, refusal), (refusal, grant)):
        assert consents_of(*order)["marketing"].refused
    for order in ((grant, short), (short, grant)):
        assert consents_of(*order)["marketing"].until_us == end_us("2026-02-01")


def test_a_later_grant_without_end_replaces_one_that_ended():
    consents = consents_of(said(expires="2026-01-02"), said(minutes=9))
    assert consents["marketing"].until_us == NEVER


def test_two_persons_that_become_one_have_the_latest_word_of_both():
    mine, yours = said(purpose="news"), said(minutes=1, purpose="news", granted="false")
    merged = merge([state_of(mine), state_of(yours)])
    assert merged.consents["news"].refused


def test_what_cannot_be_read_counts_as_a_refusal():
    assert consents_of(said(granted="perhaps"))["marketing"].refused
    assert consents_of(said(expires="some day"))["marketing"].refused


def test_of_too_many_purposes_the_refusals_are_kept():
    refusals = [said(purpose=f"no{n}", granted="false", minutes=-n) for n in range(3)]
    grants = [said(purpose=f"p{n}", minutes=n) for n in range(MAX_PURPOSES)]
    kept = consents_of(*refusals, *grants)
    assert len(kept) == MAX_PURPOSES
    assert {"no0", "no1", "no2"} <= kept.keys()


@pytest.mark.parametrize(
    ("kind", "details", "field"),
    [
        ("consent", {"purpose": "market:ing:EMAIL"}, "attributes.purpose"),
        ("consent", {"purpose": "marketing:TELEPATHY"}, "attributes.purpose"),
        ("consent", {"purpose": "x" * 65}, "attributes.purpose"),
        ("consent", {"purpose": "<b>"}, "attributes.purpose"),
        ("consent", {"channel": "TELEPATHY"}, "attributes.channel"),
        ("consent", {"purpose": "marketing:SMS", "channel": "EMAIL"}, "attributes.channel"),
        ("consent", {"granted": "perhaps"}, "attributes.granted"),
        ("subscribe", {"granted": "false"}, "attributes.granted"),
        ("unsubscribe", {"granted": "true"}, "attributes.granted"),
        ("consent", {"expires": "some day"}, "attributes.expires"),
        ("consent", {"expires": "2026-13-01"}, "attributes.expires"),
        ("consent", {"expires": "2026-01-01T00:00:00"}, "attributes.expires"),
        ("consent", {"expires": "2020-01-01"}, "attributes.expires"),
        ("consent", {"granted": "false", "expires": "2030-01-01"}, "attributes.expires"),
        ("unsubscribe", {"expires": "2030-01-01"}, "attributes.expires"),
        ("consent", {"source": "\n"}, "attributes.source"),
    ],
)
def test_what_is_malformed_or_contradicts_itself_is_named_by_its_field(kind, details, field):
    [mistake] = consent.mistakes(said(kind, **details))
    assert mistake.startswith(field + ":")


@pytest.mark.parametrize("kind", ["consent", "subscribe", "unsubscribe"])
def test_a_plain_word_has_no_mistakes(kind):
    assert consent.mistakes(said(kind)) == []
    assert consent.mistakes(said(kind, purpose="sharing", source="till 4", channel="store")) == []
