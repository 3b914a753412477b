"""One way to write each identity, its pseudonym, and which of several counts."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

import phonenumbers

KINDS = ("customer", "loyalty_card", "email", "phone", "visitor")
"""Strongest first: of two persons in one request, that of the stronger identity counts."""
STRENGTH: Mapping[str, int] = {kind: place for place, kind in enumerate(KINDS)}
"""Kind to its place among them: the strongest sorts first."""
LONGEST_VALUE = 256
_LONGEST_EMAIL = 254
_CARD_NOISE = re.compile(r"[\s\-.]+")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn"})


class IdentityError(ValueError):
    """An identity cannot be used; the text says why and holds nothing of its value."""


def identity_key(deployment_key: bytes, kind: str, value: str) -> bytes:
    """Return HMAC-SHA-256(deployment key, kind, 0, normal value): what all but profile see."""
    return hmac.digest(deployment_key, f"{kind}\0{value}".encode(), "sha256")


@lru_cache(maxsize=4096)
def normalise(kind: str, value: str, default_region: str = "US") -> str:
    """Return an identity's value in the one way it is written.

    E-mail in lower case, phone in E.164, cards without spaces; normal values stay as they are.
    `default_region` (ISO 3166) is where a phone number without a country code is dialled. Raises
    `IdentityError`.
    """
    if kind not in _RULES:
        raise IdentityError(f"unknown kind; known are {', '.join(KINDS)}")
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise IdentityError("is empty")
    if len(text) > LONGEST_VALUE:
        raise IdentityError(f"is longer than {LONGEST_VALUE} characters")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise IdentityError("holds characters that cannot be printed")
    return _RULES[kind](text, default_region)


def _as_it_is(text: str, _: str) -> str:
    return text


def _email(text: str, _: str) -> str:
    # Lower case may decompose: composed again, so that a normal value stays as it is.
    address = unicodedata.normalize("NFC", text.lower())
    local, at, domain = address.rpartition("@")
    if not (at and local and "." in domain.strip(".")) or any(c.isspace() for c in address):
        raise IdentityError("is no e-mail address")
    if len(address) > _LONGEST_EMAIL or "@" in local or domain != domain.strip("."):
        raise IdentityError("is no e-mail address")
    return address


def _card(text: str, _: str) -> str:
    card = unicodedata.normalize("NFC", _CARD_NOISE.sub("", text).upper())
    if not card:
        raise IdentityError("is no card number")
    return card


def _phone(text: str, default_region: str) -> str:
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException as error:
        raise IdentityError("is no telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise IdentityError("is no possible telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_RULES: Mapping[str, Callable[[str, str], str]] = {
    "customer": _as_it_is,
    "loyalty_card": _card,
    "email": _email,
    "phone": _phone,
    "visitor": _as_it_is,
}
