"""A link ends one subscription, and nobody makes one for another."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.unsubscribing import (
    VALID_US,
    ExpiredTokenError,
    ForgedTokenError,
    Subscription,
    Unsubscribing,
)

NOW_US = 1_767_225_600_000_000
ADA = Subscription("0190a000-0000-7000-8000-000000000001", 4, "marketing")
LINKS = Unsubscribing(b"k" * 32)
TOKEN = LINKS.token(ADA, NOW_US)


def test_a_token_says_what_it_ends_and_is_the_same_all_day():
    assert LINKS.read(TOKEN, NOW_US) == ADA
    assert LINKS.token(ADA, NOW_US + 3_600_000_000) == TOKEN


def test_nobody_reads_from_it_whom_it_is_about():
    told = base64.urlsafe_b64decode(TOKEN + "==")
    assert b"marketing" not in told
    assert bytes.fromhex(ADA.person_id.replace("-", "")) not in told


def test_it_ends_after_a_year_and_a_month():
    assert LINKS.read(TOKEN, NOW_US + VALID_US) == ADA
    with pytest.raises(ExpiredTokenError):
        LINKS.read(TOKEN, NOW_US + VALID_US + 86_400_000_000)


def test_another_deployment_does_not_take_it():
    with pytest.raises(ForgedTokenError):
        Unsubscribing(b"l" * 32).read(TOKEN, NOW_US)


@given(st.text(max_size=200))
def test_whatever_else_comes_is_forged(text):
    if text != TOKEN:
        with pytest.raises(ForgedTokenError):
            LINKS.read(text, NOW_US)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("Aa0-_"))
def test_a_token_with_one_sign_changed_is_forged(place, sign):
    changed = TOKEN[:place] + sign + TOKEN[place + 1 :]
    same = base64.urlsafe_b64decode(changed + "==") == base64.urlsafe_b64decode(TOKEN + "==")
    if not same:
        with pytest.raises(ForgedTokenError):
            LINKS.read(changed, NOW_US)
