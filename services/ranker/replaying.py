"""Ranks a decision of the journal again by the versions of then, and compares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.booster import Booster, BoosterError
from services.ranker.domain.journal import Journal
from services.ranker.domain.model import Model
from services.ranker.domain.rankings import Rankings
from services.ranker.domain.seen import LAYOUT
from services.ranker.ranked import told_of
from services.ranker.ranking import Ranker
from services.ranker.storage.boosters import Boosters
from services.ranker.storage.past_models import ModelGoneError, PastModels
from shared.artefacts import ArtefactError
from shared.catalogue import Catalogue
from shared.errors import NotFound, TouchpointError
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.ranker.v1.journal_pb2 import (
    ChangedCandidate,
    GoneVersion,
    RankedDecision,
    ReplacedChoice,
    Replay,
    ReplayDecisionResponse,
    ReplayedChoice,
    ReplayedPlacement,
)
from touchpoint.ranker.v1.ranker_pb2 import Ranked
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

_MOST_CHANGED = 100
FetchDefinitions = Callable[[str], Awaitable[RankingDefinitions]]
"""Returns the definitions of a bundle by its hash; raises the kit's errors."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a replay reads."""

    journal: Journal
    rankings: Rankings
    models: PastModels
    definitions: FetchDefinitions
    boosters: Boosters


@dataclass(slots=True)
class _Versions:
    """What a decision is ranked by again, as far as it is still there."""

    definitions: RankingDefinitions | None = None
    model: Model | None = None
    booster: Booster | None = None
    """None: none had a say, or it is gone."""
    gone: list[GoneVersion] = field(default_factory=list)


class Replayer:
    """Ranks decisions again, by the present catalogue and all else as it was."""

    def __init__(self, catalogue: Catalogue, past: Past) -> None:
        self._catalogue = catalogue
        self._past = past
        self._model = Model()
        self._booster: Booster | None = None
        self._ranker = Ranker(catalogue, lambda: self._model, booster=lambda: self._booster)

    async def replay(self, decision_id: str) -> ReplayDecisionResponse:
        """Return what came of it; raises `NotFound` where nothing is kept of the decision."""
        head = await self._past.journal.of(decision_id)
        entry = await self._past.rankings.of(decision_id)
        if head is None and entry is None:
            raise NotFound(
                f"nothing is kept of decision {decision_id}: it is older than the journal, was a "
                "preview, or its person was erased",
                reason="DECISION_NOT_FOUND",
            )
        answer = ReplayDecisionResponse()
        if head is not None:
            self._tell_commit(answer, DecisionNotice.FromString(head.notice))
        if entry is None:
            return _gone(answer, [_INPUTS_GONE])
        ranked = RankedDecision.FromString(entry.ranked)
        answer.versions.CopyFrom(ranked.versions)
        answer.time_us, answer.spent_us = entry.time_us, ranked.spent_us
        return await self._again(answer, ranked)

    async def _again(
        self, answer: ReplayDecisionResponse, then: RankedDecision
    ) -> ReplayDecisionResponse:
        found = await self._versions(then)
        if found.definitions is None or found.model is None or found.gone:
            return _gone(answer, found.gone)
        # Nothing is awaited from here on: others replay, too.
        self._model, self._booster = found.model, found.booster
        request = RankRequest.FromString(then.request)
        ranking = self._ranker.rank(request, found.definitions)
        now = told_of(ranking, [ask.placement for ask in request.context.placements])
        self._compare(answer, request, then, now)
        return answer

    async def _versions(self, then: RankedDecision) -> _Versions:
        found = _Versions()
        if then.layout != LAYOUT:
            text = "features are made in another way since an upgrade"
            found.gone.append(GoneVersion(what="LAYOUT", version=f"{then.layout:08x}", text=text))
        versions = then.versions
        try:
            found.definitions = await self._past.definitions(versions.bundle_hash)
        except TouchpointError as error:
            told = f"the definitions of then are not to be had: {error}"
            found.gone.append(GoneVersion(what="BUNDLE", version=versions.bundle_hash, text=told))
        if found.gone:
            return found
        if versions.booster:
            try:
                found.booster = await self._past.boosters.load(versions.booster)
            except (ArtefactError, BoosterError) as error:
                told = f"the booster of then is not to be had: {error}"
                found.gone.append(GoneVersion(what="BOOSTER", version=versions.booster, text=told))
                return found
        try:
            found.model = await self._past.models.at(row_of(versions.model))
        except ModelGoneError as error:
            told = f"the model of then cannot be made again: {error}"
            found.gone.append(GoneVersion(what="MODEL", version=versions.model, text=told))
        return found

    def _compare(
        self,
        answer: ReplayDecisionResponse,
        request: RankRequest,
        then: RankedDecision,
        now: RankedDecision,
    ) -> None:
        offer_nos = request.candidates.offer_nos
        answer.catalogue_version = self._catalogue.version
        answer.same_features = then.features_digest == now.features_digest
        for old, new in zip(then.placements, now.placements, strict=True):
            answer.placements.append(
                ReplayedPlacement(
                    placement=old.placement,
                    same=old == new,
                    then=self._choices(old.chosen, offer_nos),
                    now=self._choices(new.chosen, offer_nos),
                )
            )
        answer.changed.extend(self._changed(offer_nos, then, now)[:_MOST_CHANGED])
        is_same = all(each.same for each in answer.placements)
        is_same &= list(then.selection) == list(now.selection)
        answer.outcome = Replay.SAME if is_same else Replay.DIFFERENT
        answer.text = _text(answer)

    def _changed(
        self, offer_nos: Sequence[int], then: RankedDecision, now: RankedDecision
    ) -> list[ChangedCandidate]:
        found = []
        marks = then.feature_marks or [0] * len(offer_nos)
        marks_now = now.feature_marks or [0] * len(offer_nos)
        columns = zip(offer_nos, marks, marks_now, then.stakes, now.stakes, strict=True)
        for offer_no, mark, mark_now, stake, stake_now in columns:
            told = []
            if not self._offer_id(offer_no):
                told.append("the catalogue does not know it any more")
            elif mark != mark_now:
                told.append("the model sees something else of it: kind, category, brand or price")
            if stake != stake_now:
                told.append(f"its value x lever was {stake:g} and is {stake_now:g}")
            if told:
                text = "; ".join(told)
                offer_id = self._offer_id(offer_no)
                found.append(ChangedCandidate(offer_no=offer_no, offer_id=offer_id, text=text))
        return found

    def _choices(self, chosen: Sequence[Ranked], offer_nos: Sequence[int]) -> list[ReplayedChoice]:
        return [
            ReplayedChoice(
                offer_no=offer_nos[each.candidate],
                offer_id=self._offer_id(offer_nos[each.candidate]),
                acceptance_probability=each.acceptance_probability,
                score=each.score,
                selection_probability=each.selection_probability,
            )
            for each in chosen
        ]

    def _tell_commit(self, answer: ReplayDecisionResponse, notice: DecisionNotice) -> None:
        answer.time_us = notice.time_us
        answer.versions.bundle_hash, answer.versions.model = notice.bundle_hash, notice.model
        answer.replaced.extend(
            ReplacedChoice(
                placement=each.placement,
                position=each.position,
                offer_no=each.offer_no,
                offer_id=self._offer_id(each.offer_no),
            )
            for each in notice.chosen
            if each.replaced
        )

    def _offer_id(self, offer_no: int) -> str:
        catalogue = self._catalogue
        return catalogue.offer_ids[offer_no] if 0 < offer_no < catalogue.size else ""


_INPUTS_GONE = GoneVersion(
    what="INPUTS",
    text="what it was ranked from is not kept (any more): it is kept for fewer days than the "
    "decision, and not of what stood or was made while the ranker did not answer",
)


def _gone(answer: ReplayDecisionResponse, gone: Sequence[GoneVersion]) -> ReplayDecisionResponse:
    answer.outcome = Replay.GONE
    answer.gone.extend(gone)
    answer.text = "It cannot be ranked again: " + "; ".join(each.text for each in gone) + "."
    return answer


def _text(answer: ReplayDecisionResponse) -> str:
    changes = len(answer.changed)
    since = f"of {changes} of its candidates something changed since" if changes else ""
    if answer.outcome == Replay.SAME:
        told = "The same offers in the same order with the same probabilities, bit for bit"
        return f"{told}, although {since}." if since else f"{told}."
    if since:
        return f"It comes out otherwise: {since}."
    if answer.same_features:
        return (
            "It comes out otherwise, though the model saw the same: what page rules look at "
            "(family, category, brand) changed, or the ranker itself by an upgrade."
        )
    return "It comes out otherwise: the catalogue changed in what the person is compared by."


def row_of(model: str) -> int:
    """Return after which row of the learning log a model was, of what decisions call it."""
    _, plus, number = model.rpartition("+")
    return int(number) if plus and number.isdigit() else 0
