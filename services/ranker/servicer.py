"""The rpcs of the ranker: proto in, domain call, proto out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.arbitration import Arbitration, arbitrate
from services.ranker.domain.journal import Journal
from services.ranker.domain.priors import PriorTable
from shared.call import Call
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from shared.slate import Slate, fill_page, known_numbers
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_pb2 import Contribution, RankedPlacement

MODEL = "prior"
"""Nothing is learned yet; the probabilities are those of the definitions."""
_DEFAULT_ROWS = 100


class RankerServicer:
    """Ranks by the priors of the bundle that the edge decided by."""

    def __init__(
        self, catalogue: Catalogue, bundles: BundleFollower[PriorTable], journal: Journal
    ) -> None:
        self._catalogue = catalogue
        self._bundles = bundles
        self._journal = journal

    async def rank(self, call: Call, request: pb.RankRequest) -> pb.RankResponse:
        nos = known_numbers(np.array(request.candidates.offer_nos, np.uint32), self._catalogue)
        scored = self._score(request, nos)
        asks = request.context.placements
        slates = fill_page(
            nos,
            scored.score,
            np.array(request.placement_bits, np.uint32),
            asks,
            request.standing,
            request.constraints,
            self._catalogue,
        )
        explain = request.context.explain
        response = pb.RankResponse()
        for ask, slate in zip(asks, slates):
            _write(slate, scored, explain, response.placements.add(placement=ask.placement))
        versions = response.versions
        versions.catalogue_version = self._catalogue.version
        versions.bundle_hash = request.context.bundle_hash
        versions.model = MODEL
        return response

    def _score(self, request: pb.RankRequest, nos: NDArray[np.int64]) -> Arbitration:
        catalogue = self._catalogue
        priors = self._bundles.of(request.context.bundle_hash)
        sources = np.array(request.candidates.sources, np.int64)
        lever = catalogue.lever[nos].astype(np.float64)
        if request.levers:
            lever = lever * np.array(request.levers, np.float64)
        return arbitrate(
            priors.probabilities(catalogue.kind[nos], sources),
            np.array(request.candidates.scores, np.float64),
            catalogue.value_micros[nos],
            lever,
        )

    async def list_decisions(
        self, call: Call, request: pb.ListDecisionsRequest
    ) -> pb.ListDecisionsResponse:
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        entries = await self._journal.newest(
            request.person_ids, since_us, request.limit or _DEFAULT_ROWS
        )
        return pb.ListDecisionsResponse(
            decisions=[DecisionNotice.FromString(entry.notice) for entry in entries]
        )

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        return pb.ErasePersonResponse(rows=await self._journal.erase(request.person_ids))


def _write(slate: Slate, scored: Arbitration, explain: bool, ranked: RankedPlacement) -> None:
    """Write what a placement shows into its message; made in place, nothing is copied."""
    probability, score = scored.probability, scored.score
    for listed, entries in ((slate.chosen, ranked.chosen), (slate.following, ranked.next)):
        for at in listed:
            entries.add(
                candidate=at,
                acceptance_probability=probability[at],
                score=score[at],
                selection_probability=1.0,
            )
    if explain:
        for at, entry in zip(slate.chosen, ranked.chosen):
            entry.contributions.extend(_contributions(at, scored))


def _contributions(at: int, scored: Arbitration) -> list[Contribution]:
    assumed, evidence, lever = scored.parts(at)
    return [
        Contribution(
            name="prior",
            value=assumed,
            text=f"{scored.prior[at]:.2%} of such are accepted, worth {scored.value[at]:.2f} each",
        ),
        Contribution(name="evidence", value=evidence, text="how strongly the source proposes it"),
        Contribution(name="lever", value=lever, text=f"lever {scored.lever[at]:g}"),
    ]
