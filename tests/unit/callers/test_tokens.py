"""Tokens: only what a named issuer signed, with its key and algorithm, in its time."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from shared.callers.tokens import (
    ALGORITHMS,
    ExpiredTokenError,
    Issuer,
    KeyMaterialError,
    TokenError,
    signing_key,
    verified,
)
from tests.unit.callers.signing import (
    EC,
    ED,
    NOW_S,
    SECRET,
    claims,
    material,
    part,
    pem,
    signed,
)

ISSUER = Issuer(
    "https://shop.example",
    "touchpoint",
    {
        f"key-{name}": signing_key(f"key-{name}", name, material(name))
        for name in ("EdDSA", "ES256", "RS256", "HS256")
    },
)


def told(token, now_s=NOW_S):
    return verified(token, [ISSUER], now_s)[1]


def refused(token, now_s=NOW_S):
    with pytest.raises(TokenError) as caught:
        told(token, now_s)
    return caught.value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_signed_by_its_issuer_is_believed(algorithm):
    assert told(signed(claims(), algorithm))["sub"] == "C1"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_signed_by_anybody_else_is_not(algorithm):
    others = {
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "RS256": rsa.generate_private_key(65537, 2048),
        "HS256": "x" * 32,
    }
    assert "not signed" in str(refused(signed(claims(), algorithm, others[algorithm])))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_an_unsigned_token_is_refused(algorithm):
    body = f"{part({'alg': algorithm, 'kid': 'key-EdDSA'})}.{part(claims())}."
    refused(body)


def test_a_public_key_is_never_taken_for_a_secret():
    # The attack of RFC 8725, 2.1: signed with HMAC under the text of the public key.
    refused(signed(claims(), "HS256", pem(ED), kid="key-EdDSA"))
    refused(signed(claims(), "HS256", pem(ED)))


def test_the_algorithm_is_the_keys_and_not_the_tokens():
    refused(signed(claims(), "ES256", EC, kid="key-EdDSA"))
    refused(signed(claims(), "HS256", SECRET, alg="HS512"))


def test_a_token_in_der_instead_of_the_two_numbers_is_refused():
    from cryptography.hazmat.primitives import hashes

    body = f"{part({'alg': 'ES256', 'kid': 'key-ES256'})}.{part(claims())}"
    refused(f"{body}.{part(EC.sign(body.encode(), ec.ECDSA(hashes.SHA256())))}")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": ["other"]},
        {"exp": None},
        {"iat": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": NOW_S + 3600},
        {"iat": NOW_S + 60, "exp": NOW_S + 120},
        {"nbf": NOW_S + 60},
        {"nbf": "now"},
    ],
)
def test_a_token_of_another_time_place_or_issuer_is_refused(changed):
    assert refused(signed(claims(**changed))).reason == "TOKEN_INVALID"


def test_a_token_for_several_is_for_us_too():
    assert told(signed(claims(aud=["other", "touchpoint"])))


def test_an_expired_token_says_so_after_half_a_minute_for_clocks_that_are_apart():
    token = signed(claims(exp=NOW_S))
    assert told(token, NOW_S + 29)
    with pytest.raises(ExpiredTokenError):
        told(token, NOW_S + 30)


def test_a_token_from_a_clock_slightly_ahead_is_believed():
    assert told(signed(claims(iat=NOW_S + 29, exp=NOW_S + 600)))


def test_an_expired_token_that_was_re_signed_is_refused_as_forged():
    other = ed25519.Ed25519PrivateKey.generate()
    error = refused(signed(claims(exp=NOW_S - 600, iat=NOW_S - 900), "EdDSA", other))
    assert error.reason == "TOKEN_INVALID"


def test_an_unknown_key_and_an_unknown_extension_are_refused():
    refused(signed(claims(), kid="key-of-last-year"))
    refused(signed(claims(), crit=["b64"], b64=False))
    refused(signed(claims(), kid=["key-EdDSA"]))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "x" * 5000, "[].[].", "bnVsbA.bnVsbA."],
)
def test_what_is_no_token_is_refused_as_such(token):
    assert refused(token).reason == "TOKEN_INVALID"


def test_deeply_nested_claims_are_no_defect_of_ours():
    refused(f"{part(b'[' * 900)}.{part(b'[' * 900)}.x")


GOOD = signed(claims())


@given(st.integers(0, 2000), st.characters(codec="ascii"))
def test_a_token_with_any_letter_changed_is_refused(at, letter):
    at %= len(GOOD)
    changed = GOOD[:at] + letter + GOOD[at + 1 :]
    if changed != GOOD:
        with pytest.raises(TokenError):
            told(changed)


@given(st.text(max_size=200))
def test_any_text_at_all_is_refused_and_breaks_nothing(text):
    with pytest.raises(TokenError):
        told(text)


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [
        ("none", "x" * 32),
        ("HS512", "x" * 64),
        ("HS256", "too short"),
        ("HS256", pem(ED)),
        ("EdDSA", pem(EC)),
        ("ES256", pem(ED)),
        ("RS256", pem(EC)),
        ("RS256", pem(rsa.generate_private_key(65537, 1024))),
        ("EdDSA", "no key"),
        ("ES256", pem(ec.generate_private_key(ec.SECP384R1()))),
    ],
)
def test_a_key_that_does_not_fit_its_algorithm_is_refused_at_the_start(algorithm, text):
    with pytest.raises(KeyMaterialError):
        signing_key("k", algorithm, text)
