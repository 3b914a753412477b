"""Signed tokens (JWT, RFC 7519) of named issuers: one algorithm per key, never the token's.

Written on `cryptography` alone: what is left out cannot be got wrong. A key is pinned to its
algorithm (RFC 8725, 3.1), so neither `none` nor a public key taken for a secret is ever tried.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

LONGEST_TOKEN = 4096
LONGEST_LIFE_S = 15 * 60
LEEWAY_S = 30
"""How far clocks may be apart."""
_FEWEST_SECRET_BYTES = 32
_FEWEST_RSA_BITS = 2048
_P256_BYTES = 32

Check = Callable[[bytes, bytes], bool]
"""Says whether a signature is that of the data, both given in this order: (signature, data)."""


class TokenError(Exception):
    """A token is refused; the sentence is for whoever sent it."""

    reason = "TOKEN_INVALID"


class ExpiredTokenError(TokenError):
    """It was good, and its time is over: its sender should get a new one."""

    reason = "TOKEN_EXPIRED"


class KeyMaterialError(ValueError):
    """A key cannot be used with its algorithm; the sentence says why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key that an issuer signs with; two at a time while they change it."""

    kid: str
    algorithm: str
    check: Check


@dataclass(frozen=True, slots=True)
class Issuer:
    """Somebody whose tokens are believed."""

    name: str
    """`iss` of its tokens."""
    audience: str
    """What its tokens must be meant for (`aud`)."""
    keys: Mapping[str, SigningKey]
    """By `kid`."""


def verified(token: str, issuers: Sequence[Issuer], now_s: float) -> tuple[Issuer, dict[str, Any]]:
    """Return who signed a token, and its claims; raises TokenError.

    The time is the wall clock's. Nothing of a token is believed before its signature.
    """
    if len(token) > LONGEST_TOKEN:
        raise TokenError("the token is too long")
    header_text, claims_text, signature = _parts(token)
    header, claims = _object(header_text), _object(claims_text)
    if "crit" in header:
        raise TokenError("the token demands an extension that is not known here")
    issuer, key = _key_of(header, claims, issuers)
    if not key.check(signature, f"{header_text}.{claims_text}".encode()):
        raise TokenError("the token was not signed by its issuer, or was changed")
    _demand_audience(claims, issuer)
    _demand_time(claims, now_s)
    return issuer, claims


def _parts(token: str) -> tuple[str, str, bytes]:
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError("is no token: a token has three parts")
    return parts[0], parts[1], _decoded(parts[2])


def _decoded(text: str) -> bytes:
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenError("is no token: a part is not base64url") from None
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != text:
        raise TokenError("is no token: a part is not written the one way it can be")
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(text))
    except (ValueError, RecursionError):
        raise TokenError("is no token: a part is not JSON") from None
    if not isinstance(found, dict):
        raise TokenError("is no token: a part is no JSON object")
    return found


def _key_of(
    header: Mapping[str, Any], claims: Mapping[str, Any], issuers: Sequence[Issuer]
) -> tuple[Issuer, SigningKey]:
    """Return the one key that the token says it was signed with."""
    for issuer in issuers:
        if issuer.name != claims.get("iss"):
            continue
        kid = header.get("kid")
        key = issuer.keys.get(kid) if isinstance(kid, str) else None
        if key is not None and key.algorithm == header.get("alg"):
            return issuer, key
    raise TokenError("the token names no issuer, key and algorithm that are known together")


def _demand_audience(claims: Mapping[str, Any], issuer: Issuer) -> None:
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    if issuer.audience not in meant:
        raise TokenError("the token is meant for somebody else")


def _demand_time(claims: Mapping[str, Any], now_s: float) -> None:
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if expires - issued > LONGEST_LIFE_S:
        raise TokenError(f"the token lives longer than {LONGEST_LIFE_S // 60} minutes")
    if now_s >= expires + LEEWAY_S:
        raise ExpiredTokenError("the token has expired")
    if now_s < max(issued, _moment(claims, "nbf", issued)) - LEEWAY_S:
        raise TokenError("the token is not valid yet")


def _moment(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    found = claims.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e11:
        raise TokenError(f"the token has no {name}, in seconds since 1970")
    return float(found)


def signing_key(kid: str, algorithm: str, material: str) -> SigningKey:
    """Return a key; raises KeyMaterialError.

    `material` is a public key in PEM, of HS256 a secret.
    """
    if algorithm not in ALGORITHMS:
        raise KeyMaterialError(f"{algorithm!r} is not taken; there are {', '.join(ALGORITHMS)}")
    return SigningKey(kid, algorithm, ALGORITHMS[algorithm](material))


def _public(material: str) -> Any:
    try:
        return load_pem_public_key(material.encode())
    except (ValueError, TypeError, UnicodeEncodeError):
        raise KeyMaterialError("is no public key in PEM") from None


def _asymmetric(verify: Callable[[bytes, bytes], None]) -> Check:
    def check(signature: bytes, data: bytes) -> bool:
        try:
            verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    return check


def _ed25519(material: str) -> Check:
    key = _public(material)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise KeyMaterialError("is no Ed25519 key")
    return _asymmetric(key.verify)


def _p256(material: str) -> Check:
    key = _public(material)
    if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
        raise KeyMaterialError("is no key on the curve P-256")

    def verify(signature: bytes, data: bytes) -> None:
        # JWS has the two numbers side by side (RFC 7518, 3.4), the library wants them in DER.
        if len(signature) != 2 * _P256_BYTES:
            raise InvalidSignature
        halves = signature[:_P256_BYTES], signature[_P256_BYTES:]
        der = encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))
        key.verify(der, data, ec.ECDSA(hashes.SHA256()))

    return _asymmetric(verify)


def _rsa(material: str) -> Check:
    key = _public(material)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _FEWEST_RSA_BITS:
        raise KeyMaterialError(f"is no RSA key of at least {_FEWEST_RSA_BITS} bits")
    return _asymmetric(
        lambda signature, data: key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    )


def _secret(material: str) -> Check:
    secret = material.encode()
    if len(secret) < _FEWEST_SECRET_BYTES:
        raise KeyMaterialError(f"must have at least {_FEWEST_SECRET_BYTES} bytes")
    if material.lstrip().startswith("-----BEGIN"):
        raise KeyMaterialError("is a key in PEM, no secret")
    return lambda signature, data: hmac.compare_digest(
        signature, hmac.digest(secret, data, "sha256")
    )


ALGORITHMS: Mapping[str, Callable[[str], Check]] = {
    "EdDSA": _ed25519,
    "ES256": _p256,
    "RS256": _rsa,
    "HS256": _secret,
}
