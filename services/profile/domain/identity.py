"""Identities and the persons they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

MAX_SET = 64
"""More persons than this are not one person: the identity that would join them is shared."""

_ENDS_SHOWN_FROM = 8
"""Characters: of a shorter value the ends would be most of it."""

CARD = "loyalty_card"
VISITOR = "visitor"
CUSTOMER = "customer"


class Identity(NamedTuple):
    """One name of a person, and its pseudonym."""

    kind: str
    value: str
    key: bytes
    """32 bytes."""


class Known(NamedTuple):
    """Where an identity leads."""

    person_id: str
    group_id: str
    """The set's name: the id of its oldest person."""
    version: int
    """Of the set; another number means that the set has changed."""
    shared: bool
    """Fits several people: leads to none of them by itself."""
    verified: bool
    erased_us: int = 0
    """When the person it led to before was erased; 0: never."""


@dataclass(frozen=True, slots=True)
class PersonSet:
    """Persons that are one."""

    person_ids: tuple[str, ...]
    """Oldest first."""
    version: int


class Assurance(IntEnum):
    """How sure it is that the person is who the identity says; numbers of the vocabulary."""

    NOBODY = 0
    ANONYMOUS = 1
    CLAIMED = 2
    VERIFIED = 3


def assurance(kind: str, *, verified: bool) -> Assurance:
    """Return the assurance of an identity: a cookie is at best claimed, a card is in the hand."""
    if kind == VISITOR:
        return Assurance.CLAIMED if verified else Assurance.ANONYMOUS
    if kind == CARD or (kind == CUSTOMER and verified):
        return Assurance.VERIFIED
    return Assurance.CLAIMED


def masked(kind: str, value: str) -> str:
    """Return a value of which at most half can be read; of an address the initials and the end."""
    if kind == "email" and "@" in value:
        name, _, domain = value.partition("@")
        host, dot, top = domain.rpartition(".")
        return f"{name[:1]}…@{host[:1]}…{dot}{top}"
    if len(value) < _ENDS_SHOWN_FROM:
        return f"{value[:1]}…"
    return f"{value[:2]}…{value[-2:]}"


def initials(name: str) -> str:
    """Return a name of which only the first letters can be read: `A… B…`."""
    return " ".join(f"{part[0]}…" for part in name.split()[:4])


def connected(person_id: str, edges: Sequence[tuple[str, str]]) -> set[str]:
    """Return the persons that edges lead to from one of them, itself included."""
    neighbours: dict[str, list[str]] = {}
    for one, other in edges:
        neighbours.setdefault(one, []).append(other)
        neighbours.setdefault(other, []).append(one)
    reached, ahead = {person_id}, [person_id]
    while ahead:
        for found in neighbours.get(ahead.pop(), ()):
            if found not in reached:
                reached.add(found)
                ahead.append(found)
    return reached
