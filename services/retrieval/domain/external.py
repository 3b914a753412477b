"""EXTERNAL: what plug-ins propose, and what of it can be taken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from shared.catalogue import Catalogue

EXTERNAL = 17
"""The source whose candidates plug-ins propose."""
RESTING = "RESTING"
"""Why a plug-in that keeps failing was not asked, or not waited for."""


class Told(Enum):
    """Of whom plug-ins get what is known, never of whom a gift is from."""

    NOBODY = "nobody"
    AGREED = "agreed"
    """Of whoever agreed to `sharing`: what leaves the house is only theirs."""
    EVERYBODY = "everybody"
    """For plug-ins of the house."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a plug-in answered, as columns of equal length."""

    offer_nos: NDArray[np.int64]
    """0: unknown here."""
    scores: NDArray[np.float64]
    """Whatever it said."""
    evidence_nos: NDArray[np.uint32]
    texts: Sequence[str]
    left_out: int = 0
    """Rows beyond what was asked for."""


NOTHING_OFFERED = Offered(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.uint32), ())


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question to a plug-in ended."""

    offered: Offered = NOTHING_OFFERED
    spent_ms: float = 0.0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a plug-in that is under way."""

    plugin: str
    answer: asyncio.Future[Answer]
    """Ends by itself at about the deadline of the call; fails only where our own reading breaks."""
    timeout_s: float
    """How long to wait for it at the longest; 0: take it only if it is there already."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken of an answer."""

    proposals: Proposals = NO_PROPOSALS
    dropped: int = 0
    texts: Mapping[int, str] = field(default_factory=dict)
    """Family, or offer without one, to the sentence given for it."""


def take(offered: Offered, query: Query, catalogue: Catalogue) -> Taken:
    """Keep what is known, may be shown and has a score, the best first and each thing once.

    An item that is not to be had stands for its family, of which something else may be.
    """
    size = min(query.showing.size, catalogue.size)  # a mask has room for items to come
    nos = offered.offer_nos * ((offered.offer_nos > 0) & (offered.offer_nos < size))
    families = catalogue.family_no[nos]
    nos = np.where(query.showing.shows(nos), nos, query.shelf.representatives(families))
    usable = (query.showing.shows(nos) & np.isfinite(offered.scores)).nonzero()[0]
    usable = usable[(-offered.scores[usable]).argsort(kind="stable")][: query.limit]
    things = np.where(families > 0, families, nos)[usable]
    firsts = np.sort(np.unique(things, return_index=True)[1])
    at = usable[firsts]
    scores = np.minimum(np.maximum(offered.scores[at], 0.0), 1.0)
    said = zip(things[firsts].tolist(), at.tolist())
    return Taken(
        Proposals.of(nos[at], scores, offered.evidence_nos[at]),
        dropped=len(offered.offer_nos) - len(at) + offered.left_out,
        texts={thing: offered.texts[place] for thing, place in said if offered.texts[place]},
    )


def in_turns(lists: Sequence[Proposals]) -> Proposals:
    """Return the proposals of several plug-ins as one: the first of each, then the second."""
    if len(lists) <= 1:
        return lists[0] if lists else NO_PROPOSALS
    ranks = np.concatenate([np.arange(len(each.offer_nos)) for each in lists])
    order = ranks.argsort(kind="stable")
    return Proposals(
        offer_nos=np.concatenate([each.offer_nos for each in lists])[order],
        scores=np.concatenate([each.scores for each in lists])[order],
        evidence_nos=np.concatenate([each.evidence_nos for each in lists])[order],
        evidence_counts=np.concatenate([each.evidence_counts for each in lists])[order],
        evidence_totals=np.concatenate([each.evidence_totals for each in lists])[order],
        evidence_kinds=np.concatenate([each.evidence_kinds for each in lists])[order],
    )
