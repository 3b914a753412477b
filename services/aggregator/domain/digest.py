"""The digest of what must be equal for a standing decision to hold."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of the caller's cart."""

    item_id: str
    quantity: float
    price_micros: int


@dataclass(frozen=True, slots=True)
class Moment:
    """What a request says of the moment.

    The session is left out: it names the visit and does not describe it, and what the site showed
    is to lead what the agent says in another session. Placement and limit are parts of the
    standing key of their own.
    """

    item_ids: Sequence[str] = ()
    cart: Sequence[CartLine] = ()
    query: str = ""
    attributes: bytes = b""
    """Canonical: equal attributes are equal bytes."""
    recipient: bytes = b""
    """Canonical likewise; empty: none."""
    exclude_ids: Sequence[str] = ()
    within_categories: Sequence[str] = ()
    without_categories: Sequence[str] = ()
    locale: str = ""


def context_digest(moment: Moment) -> bytes:
    """Return 16 bytes that are equal for two requests that mean the same.

    The order of cart lines, exclusions and fenced categories, repeated ones, and case and spacing
    of query and locale mean nothing; the order of the items in view does (the first is the main
    one).
    """
    digest = blake2b(digest_size=DIGEST_BYTES)
    cart = sorted(
        (line.item_id.encode(), struct.pack(">dq", line.quantity or 1.0, line.price_micros))
        for line in moment.cart
    )
    within = [b"+" + path.encode() for path in sorted(set(moment.within_categories))]
    without = [b"-" + path.encode() for path in sorted(set(moment.without_categories))]
    for part in (
        [item_id.encode() for item_id in moment.item_ids],
        [text for line in cart for text in line],
        [" ".join(moment.query.casefold().split()).encode()],
        [moment.attributes],
        [moment.recipient],
        [excluded.encode() for excluded in sorted(set(moment.exclude_ids))],
        [moment.locale.casefold().encode()],
        # Without a fence nothing is added: decisions that stand already go on standing.
        *([[*within, *without]] if within or without else []),
    ):
        digest.update(_framed(part))
    return digest.digest()


def with_journeys(
    digest: bytes, proposed: Iterable[tuple[str, str, str]], free_for: Iterable[str] = ()
) -> bytes:
    """Return the digest of a moment in which journeys propose something.

    A journey moves by itself, as time passes: what it proposes now must not wait for a decision
    that was made before it did. Each is named by journey, scenario and stage. `free_for` names what
    an agent is free for who is proposed: who was told that nobody is free may ask again.
    """
    named = [text.encode() for each in proposed for text in each]
    if not named:
        return digest
    free = [each.encode() for each in free_for]
    told = _framed(named) + (_framed(free) if free else b"")
    return blake2b(digest + told, digest_size=DIGEST_BYTES).digest()


class InVariant(Protocol):
    """A variant of an experiment."""

    experiment: str
    variant: str


def with_variants(digest: bytes, variants: Sequence[InVariant]) -> bytes:
    """Return the digest of a moment for somebody in variants of experiments.

    When one begins or ends, or somebody turns out to be in another, what was decided before for the
    same moment must not stand.
    """
    if not variants:
        return digest
    named = [text.encode() for each in variants for text in (each.experiment, each.variant)]
    return blake2b(digest + _framed(named), digest_size=DIGEST_BYTES).digest()


def _framed(texts: Iterable[bytes]) -> bytes:
    """Return the texts with their lengths, so that no two lists have the same bytes."""
    parts = list(texts)
    sized = b"".join(struct.pack(">I", len(text)) + text for text in parts)
    return struct.pack(">I", len(parts)) + sized


def seed_of(decision_id: str) -> int:
    """Return the 64-bit seed of a decision's random choices, so that it can be replayed."""
    return int.from_bytes(blake2b(decision_id.encode(), digest_size=8).digest(), "big")
