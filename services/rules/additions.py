"""Candidates that rules brings along: what stands or leads, and what places are kept for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from services.rules.domain.definitions import Placement
from services.rules.domain.person import Numbers
from services.rules.domain.standing import Order
from services.rules.domain.verdict import Verdict
from services.rules.pinning import source_of
from shared.catalogue import Catalogue
from touchpoint.common.v1.decision_pb2 import Candidates
from touchpoint.common.v1.vocabulary_pb2 import Source

_NO_CANDIDATES = Candidates()


def added_candidates(
    offer_nos: Sequence[int],
    orders: Sequence[Order],
    asked: Sequence[Placement],
    kept_for: Mapping[int, int],
    promised: Collection[int],
    catalogue: Catalogue,
) -> Candidates:
    """Return what is no candidate: of standing orders, promised, or with a place of its own.

    Of those promised, and of an order that only leads, from another placement, those of the kinds
    that are shown here.
    """
    if not orders and not kept_for and not promised:
        return _NO_CANDIDATES
    sources: dict[int, int] = {}
    candidates = frozenset(offer_nos)
    kinds = {placement.name: placement.kinds for placement in asked}
    for order in orders:
        for offer_no, source in zip(order.offer_nos, order.sources, strict=True):
            if offer_no in candidates:
                continue
            kind = int(catalogue.kind[offer_no]) if offer_no < catalogue.size else 0
            if order.exact or kind in kinds[order.placement]:
                sources.setdefault(offer_no, source)
    for offer_no in _of_kinds_shown(promised, asked, catalogue) - candidates:
        sources.setdefault(offer_no, Source.OFFER)
    scores = [0.0] * len(sources)
    for offer_no in kept_for:
        if offer_no not in candidates and offer_no not in sources:
            sources[offer_no] = source_of(offer_no, catalogue)
            scores.append(1.0)  # nothing proposes it more strongly
    if not sources:
        return _NO_CANDIDATES
    zeros = [0] * len(sources)
    return Candidates(
        offer_nos=sources.keys(),
        sources=[Source.Value.ValueType(source) for source in sources.values()],
        scores=scores,
        evidence_nos=zeros,
        evidence_counts=zeros,
        evidence_totals=zeros,
        evidence_kinds=zeros,  # type: ignore[arg-type]
    )


def _of_kinds_shown(
    offer_nos: Collection[int], asked: Sequence[Placement], catalogue: Catalogue
) -> frozenset[int]:
    kinds = frozenset().union(*(placement.kinds for placement in asked))
    return frozenset(
        offer_no
        for offer_no in offer_nos
        if offer_no < catalogue.size and int(catalogue.kind[offer_no]) in kinds
    )


def keep_within(
    verdict: Verdict, known: Numbers, added: Candidates, kept_for: Mapping[int, int]
) -> None:
    """Let what only a pin or a share proposes fill no place but its own."""
    for offer_no, score in zip(added.offer_nos, added.scores, strict=True):
        if score:
            verdict.bits[known == offer_no] &= np.uint32(kept_for[offer_no])
