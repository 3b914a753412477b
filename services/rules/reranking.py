"""Ranks a recorded decision again, for what each of two bundles lets pass, by the present model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from services.rules.domain.replays import Showing
from shared.call import own_call
from shared.client import invoke
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.common.v1.decision_pb2 import Candidates, VariantOf
from touchpoint.common.v1.vocabulary_pb2 import EvidenceKind, Source
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest, RankResponse
from touchpoint.rules.v1.recording_pb2 import RecordedDecision
from touchpoint.rules.v1.rules_service_pb2 import CheckResponse

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub

_RANK = "/touchpoint.ranker.v1.RankerService/Rank"
_TIMEOUT_S = 1.0
_PATIENCE, _AGAIN = 3, 50
"""After so many failures in a row the ranker is asked for every so many only."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reranked:
    """A page that was ranked again."""

    showings: list[Showing]
    """What each placement shows."""
    tried: bool | None
    """Whether it tries something out; None: nothing was drawn."""


class Reranker:
    """Asks the ranker, and seldom while it does not answer."""

    def __init__(self, ranker: RankerServiceAsyncStub, active_hash: Callable[[], str]) -> None:
        """Take what tells the bundle in force, whose priors the ranker goes by."""
        self._ranker = ranker
        self._active_hash = active_hash
        self._failed = 0
        self._passed_by = 0

    async def rank(self, request: RankRequest, tried: bool | None = None) -> Reranked | None:
        """Return the page; None where the ranker does not answer.

        `tried` says whether it tries something out, where that is drawn; None: chance does.
        """
        if self._failed >= _PATIENCE:
            self._passed_by += 1
            if self._passed_by % _AGAIN:
                return None
        asked = RankRequest()
        asked.CopyFrom(request)  # what was asked before is compared with it later
        asked.context.bundle_hash = self._active_hash()
        asked.context.explain = False
        if tried is not None:
            asked.tried = tried
        asked.context.preview = True  # it is none of the decisions that are made: nobody sees it
        try:
            answer = await invoke(self._ranker.Rank, asked, own_call(_RANK), _TIMEOUT_S)
        except TouchpointError as error:
            self._failed += 1
            log.info("not_ranked_again", reason=error.reason, failed=self._failed)
            return None
        self._failed = 0
        found = answer.exploration.tried if answer.HasField("exploration") else None
        return Reranked(_showings(answer, request.candidates.offer_nos), found)


def _showings(answer: RankResponse, offer_nos: Sequence[int]) -> list[Showing]:
    return [
        Showing(
            tuple(offer_nos[each.candidate] for each in placement.chosen),
            sum(each.acceptance_probability for each in placement.chosen),
            sum(each.score for each in placement.chosen),
        )
        for placement in answer.placements
    ]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one bundle lets pass."""

    answer: CheckResponse
    numbers: tuple[int, ...]
    """Of all candidates, those that the bundle added last."""
    bits: Mapping[int, int]
    """Offer to the placements it may fill, of those kept."""
    levers: Mapping[int, float]
    variants: Sequence[VariantOf] = ()
    """Of the bundle's experiments, those that the person is in."""


def allowed(
    recorded: RecordedDecision, answer: CheckResponse, variants: Sequence[VariantOf] = ()
) -> Allowed:
    """Return what a bundle lets pass, on the terms on which journeys had proposed it."""
    numbers = (*recorded.candidates.offer_nos, *answer.added.offer_nos)
    kept = [numbers[at] for at in answer.kept]
    bits = dict(zip(kept, answer.placement_bits, strict=True))
    levers = dict(zip(kept, answer.levers or [1.0] * len(kept), strict=True))
    names = [ask.placement for ask in recorded.context.placements]
    for terms in recorded.proposals:
        no = terms.offer_no
        if no not in bits:
            continue
        if terms.placements:
            bits[no] &= sum(1 << at for at, name in enumerate(names) if name in terms.placements)
        levers[no] *= terms.lever or 1.0
    return Allowed(answer, numbers, bits, levers, variants)


def rank_request(recorded: RecordedDecision, one: Allowed, sides: Sequence[Allowed]) -> RankRequest:
    """Return what the ranker is asked for one of the sides that are compared.

    What only another side lets pass is among the candidates too and may fill no place: the ranker
    draws its chances by candidate, and these have to be the same for all sides, or chance would
    change more than the definitions do. Of one side alone it is what was asked at the time.
    """
    kept = frozenset().union(*(side.bits for side in sides))
    rows = [row for row in _rows(recorded.candidates, sides) if row.offer_no in kept]
    levers = [one.levers.get(row.offer_no, 1.0) for row in rows]
    request = RankRequest(
        context=recorded.context,
        snapshot=recorded.snapshot,
        candidates=_candidates(rows, with_evidence=_tells_evidence(recorded.candidates)),
        placement_bits=[one.bits.get(row.offer_no, 0) for row in rows],
        levers=levers if any(lever != 1.0 for lever in levers) else (),
        constraints=one.answer.constraints,
    )
    del request.context.variants[:]
    request.context.variants.extend(one.variants)
    return request


def tried_alike(old: RankRequest, new: RankRequest, before: Reranked) -> bool | None:
    """Return whether the new side tries something out: as the old one did; None: by chance.

    How often something is tried out depends on what it costs, and so on the candidates: left to
    chance, one offer less would change whole pages. Other variants may try out more or less, and
    that is theirs to show.
    """
    is_same = list(old.context.variants) == list(new.context.variants)
    return before.tried if is_same else None


class _Row(NamedTuple):
    """What the ranker is told of a candidate."""

    offer_no: int
    source: Source.Value.ValueType
    score: float
    evidence_count: int
    evidence_total: int
    evidence_kind: EvidenceKind.Value.ValueType


def _rows(candidates: Candidates, sides: Sequence[Allowed]) -> list[_Row]:
    """Return whatever was proposed, what bundles add last."""
    found: dict[int, _Row] = {}
    for each in (candidates, *(side.answer.added for side in sides)):
        columns = (
            each.sources,
            each.scores,
            each.evidence_counts,
            each.evidence_totals,
            each.evidence_kinds,
        )
        size = len(each.offer_nos)
        whole = (column if len(column) == size else [0] * size for column in columns)
        for row in map(_Row._make, zip(each.offer_nos, *whole, strict=True)):
            found.setdefault(row.offer_no, row)
    return list(found.values())


def _tells_evidence(candidates: Candidates) -> bool:
    """Return whether the ranker was told of evidence: recordings of earlier releases hold none."""
    return len(candidates.evidence_counts) == len(candidates.offer_nos)


def _candidates(rows: Sequence[_Row], *, with_evidence: bool) -> Candidates:
    found = Candidates(
        offer_nos=[row.offer_no for row in rows],
        sources=[row.source for row in rows],
        scores=[row.score for row in rows],
    )
    if with_evidence:
        found.evidence_counts.extend(row.evidence_count for row in rows)
        found.evidence_totals.extend(row.evidence_total for row in rows)
        found.evidence_kinds.extend(row.evidence_kind for row in rows)
    return found
