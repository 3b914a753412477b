"""An identity has one spelling and one pseudonym."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy import (
    KINDS,
    IdentityError,
    identity_key,
    normalise,
)

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        ("email", "  Ada.Lovelace@Example.COM ", "ada.lovelace@example.com"),
        ("phone", "(650) 253-0000", "+16502530000"),
        ("phone", "+44 20 7031 3000", "+442070313000"),
        ("phone", "tel:+1-650-253-0000", "+16502530000"),
        ("loyalty_card", " 1234 5678-ab ", "12345678AB"),
        ("customer", " C-1 ", "C-1"),
        ("visitor", "CaseMatters", "CaseMatters"),
    ],
)
def test_an_identity_is_written_one_way(kind: str, value: str, normal: str):
    assert normalise(kind, value) == normal


def test_a_number_without_country_is_dialled_in_the_default_region():
    assert normalise("phone", "020 7031 3000", "GB") == "+442070313000"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("shoe_size", "42"),
        ("email", "nobody"),
        ("email", "@example.com"),
        ("email", "a@b@example.com"),
        ("email", "a b@example.com"),
        ("email", "a@localhost"),
        ("email", "a" * 250 + "@example.com"),
        ("phone", "12"),
        ("phone", "call me"),
        ("loyalty_card", " - - "),
        ("customer", "   "),
        ("customer", "c" * 257),
        ("visitor", "a\x00b"),
        ("visitor", "a\nb"),
    ],
)
def test_what_cannot_be_an_identity_is_refused_without_repeating_it(kind: str, value: str):
    with pytest.raises(IdentityError) as refused:
        normalise(kind, value)
    assert not value.strip() or value not in str(refused.value)


@given(kind=st.sampled_from(KINDS), value=st.text(max_size=60))
def test_a_normal_value_stays_as_it_is(kind: str, value: str):
    try:
        once = normalise(kind, value)
    except IdentityError:
        return
    assert normalise(kind, once) == once


@given(
    local=st.from_regex(r"[a-z0-9._%+]{1,20}", fullmatch=True),
    domain=st.from_regex(r"[a-z0-9]{1,10}\.[a-z]{2,6}", fullmatch=True),
    capitals=st.integers(min_value=0),
)
def test_an_address_in_any_case_is_the_same_address(local: str, domain: str, capitals: int):
    address = f"{local}@{domain}"
    shouted = "".join(
        letter.upper() if capitals >> place & 1 else letter for place, letter in enumerate(address)
    )
    assert normalise("email", shouted) == normalise("email", f" {address} ")


@given(digits=st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True))
def test_a_number_in_any_notation_is_the_same_number(digits: str):
    area, office, line = digits[:3], digits[3:6], digits[6:]
    written = (
        f"({area}) {office}-{line}",
        f"+1 {area} {office} {line}",
        f"{area}.{office}.{line}",
    )
    assert {normalise("phone", way) for way in written} == {f"+1{digits}"}


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_pseudonyms_differ_by_kind_and_value(first: str, second: str):
    keys = {
        identity_key(KEY, kind, value)
        for kind in ("customer", "visitor")
        for value in (first, second)
    }
    assert len(keys) == (2 if first == second else 4)
    assert all(len(key) == 32 for key in keys)


def test_pseudonyms_of_two_deployments_cannot_be_compared():
    assert identity_key(KEY, "email", "a@b.c") != identity_key(KEY[::-1], "email", "a@b.c")


def test_the_pseudonym_is_the_one_the_design_promises():
    import hashlib
    import hmac

    expected = hmac.new(KEY, b"email\0a@b.co", hashlib.sha256).digest()
    assert identity_key(KEY, "email", "a@b.co") == expected
