"""What declines, returns and ignoring say, and what takes it back."""

import pytest

from services.profile.domain.aversions import HARDLY, MAX_EVIDENCE, MAX_SUBJECTS, Kind
from services.profile.domain.event import DAY_US
from services.profile.domain.reading import soft_dislikes
from tests.unit.profile.happenings import NOON_US, happened, state_of

ABOUT = {"offer_no": 7, "family_no": 5, "category": "Shoes", "brand": "Fleet"}


def disliked(kind, *events, days=0.0):
    now_us = NOON_US + round(days * DAY_US)
    return {each.subject: each.strength for each in soft_dislikes(state_of(*events), kind, now_us)}


def ignored(times):
    return [happened("ignore", minute, **ABOUT) for minute in range(times)]


def test_a_decline_speaks_most_against_the_item_and_less_against_what_it_is_of():
    decline = happened("decline", **ABOUT)
    family = disliked(Kind.FAMILY, decline)["5"]
    assert family == pytest.approx(0.5)
    assert disliked(Kind.CATEGORY, decline)["Shoes"] == pytest.approx(1 - 2**-0.25)
    assert disliked(Kind.BRAND, decline)["Fleet"] < family


def test_being_ignored_once_is_not_told_and_again_and_again_is():
    assert not disliked(Kind.FAMILY, *ignored(1))
    assert not disliked(Kind.CATEGORY, *ignored(2))
    assert disliked(Kind.FAMILY, *ignored(5))["5"] > 0.3
    assert disliked(Kind.CATEGORY, *ignored(5))["Shoes"] > HARDLY


def test_it_fades_by_half_in_thirty_days_until_it_is_gone():
    decline = happened("decline", **ABOUT)
    assert disliked(Kind.FAMILY, decline, days=30)["5"] == pytest.approx(1 - 2**-0.5)
    assert not disliked(Kind.FAMILY, decline, days=100)


def test_a_purchase_takes_back_what_lies_before_it():
    bought = happened("purchase", 1, **ABOUT)
    for kind in Kind:
        assert not disliked(kind, happened("decline", **ABOUT), bought)
        assert disliked(kind, happened("decline", **ABOUT), bought, happened("decline", 5, **ABOUT))


def test_an_acceptance_takes_back_what_speaks_against_the_item():
    accepted = happened("accept", 1, **ABOUT)
    assert not disliked(Kind.FAMILY, happened("decline", **ABOUT), accepted)
    assert disliked(Kind.FAMILY, accepted, happened("decline", 2, offer_no=8, family_no=5))


def test_a_gift_takes_nothing_back():
    bought = happened("purchase", 1, gift=True, **ABOUT)
    assert disliked(Kind.FAMILY, happened("decline", **ABOUT), bought)


def test_what_was_given_back_is_liked_less_although_it_was_bought():
    bought, back = happened("purchase", **ABOUT), happened("return", 60, **ABOUT)
    assert disliked(Kind.FAMILY, bought, back)["5"] == pytest.approx(0.5)
    assert "Fleet" in disliked(Kind.BRAND, bought, back)


def test_a_stated_like_outweighs_and_a_stated_dislike_is_no_soft_one():
    decline = happened("decline", **ABOUT)
    for sentiment in ("like", "dislike"):
        said = {"sentiment": sentiment, "brand": "Fleet", "category": "Shoes"}
        word = happened("preference", 1, details=said)
        assert not disliked(Kind.BRAND, decline, word)
        assert not disliked(Kind.CATEGORY, decline, word)
        assert disliked(Kind.FAMILY, decline, word)
    liked = happened("preference", 1, family_no=5, details={"sentiment": "like"})
    assert not disliked(Kind.FAMILY, decline, liked)


def test_a_promotion_is_disliked_by_itself():
    assert disliked(Kind.FAMILY, happened("decline", offer_no=9)) == {"9": pytest.approx(0.5)}


def test_the_evidence_kept_is_the_newest():
    state = state_of(*(happened("ignore", minute, **ABOUT) for minute in range(40)))
    kept = state.aversions[Kind.FAMILY, "5"]
    assert len(kept) == MAX_EVIDENCE
    assert kept[-1][0] == happened("ignore", 39).time_us


def test_of_each_kind_those_are_kept_that_were_shown_last():
    about = [{"family_no": n, "brand": f"B{n}"} for n in range(1, MAX_SUBJECTS + 9)]
    state = state_of(*(happened("decline", n, **each) for n, each in enumerate(about)))
    assert len(state.aversions) == 2 * MAX_SUBJECTS
    assert (Kind.FAMILY, "1") not in state.aversions
    assert (Kind.BRAND, "B1") not in state.aversions
