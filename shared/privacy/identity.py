"""One way to write each identity, its pseudonym, and which of several counts."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

KINDS = ("customer", "loyalty_card", "email", "phone", "visitor")
"""Strongest first: of two persons in one request, that of the stronger identity counts."""
LONGEST_VALUE = 256
_LONGEST_EMAIL = 254
_STRENGTH = {kind: place for place, kind in enumerate(KINDS)}
_CARD_NOISE = re.compile(r"[\s\-.]+")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn"})


class IdentityError(ValueError):
    """An identity cannot be used; the text says why and holds nothing of its value."""


@dataclass(frozen=True, slots=True)
class NormalIdentity:
    """An identity in the one way it is written."""

    kind: str
    value: str
    """Personal: only profile keeps it, encrypted."""

    def key(self, deployment_key: bytes) -> bytes:
        """Return its pseudonym, 32 bytes."""
        return identity_key(deployment_key, self.kind, self.value)


def identity_key(deployment_key: bytes, kind: str, value: str) -> bytes:
    """Return HMAC-SHA-256(deployment key, kind, 0, normal value): what all but profile see."""
    return hmac.digest(deployment_key, f"{kind}\0{value}".encode(), "sha256")


def strongest_first(identities: Iterable[NormalIdentity]) -> list[NormalIdentity]:
    """Return each identity once, in order of strength, those of a kind in the order given."""
    return sorted(dict.fromkeys(identities), key=lambda identity: _STRENGTH[identity.kind])


@lru_cache(maxsize=4096)
def normalise(kind: str, value: str, default_region: str = "US") -> NormalIdentity:
    """Write an identity the one way: e-mail in lower case, phone in E.164, cards without spaces.

    `default_region` (ISO 3166) is where a phone number without a country code is dialled. Raises
    `IdentityError`. Normal values stay as they are.
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
    return NormalIdentity(kind, _RULES[kind](text, default_region))


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
