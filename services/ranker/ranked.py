"""One ranking as the journal keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError

from services.ranker.domain.rankings import RankedEntry
from services.ranker.domain.seen import LAYOUT, feature_marks, features_digest
from services.ranker.ranking import Ranking
from touchpoint.common.v1.decision_pb2 import Recipient, StepVersions
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.ranker.v1.journal_pb2 import RankedDecision, SelectionShares
from touchpoint.ranker.v1.ranker_pb2 import Ranked, RankedPlacement
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

SCHEMA = 1
"""Of RankedDecision."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken on the request path, to be written beside it."""

    request: bytes
    """The serialised RankRequest."""
    ranking: Ranking
    versions: StepVersions
    spent_us: int


def entry_of(taken: Taken) -> RankedEntry | None:
    """Return what is kept of a ranking; None where nobody could say whom it is about."""
    request = RankRequest.FromString(taken.request)
    try:
        person_ids = PersonSnapshot.FromString(request.snapshot).person_ids
    except DecodeError:  # of an arm that looks at nobody; who it was is not to be read from it
        return None
    context = request.context
    placements = [ask.placement for ask in context.placements]
    _leave_out(request)
    told = told_of(taken.ranking, placements)
    told.schema = SCHEMA
    told.request = request.SerializeToString()
    told.versions.CopyFrom(taken.versions)
    told.spent_us = taken.spent_us
    return RankedEntry(
        context.decision_id, tuple(person_ids), context.now_us, told.SerializeToString()
    )


def told_of(ranking: Ranking, placements: Sequence[str]) -> RankedDecision:
    """Return what a ranking saw and answered, without what it was given."""
    judgement = ranking.judgement
    told = RankedDecision(
        layout=LAYOUT,
        features_digest=features_digest(judgement),
        feature_marks=feature_marks(judgement.sighted).tolist(),
        stakes=judgement.assumed.stake.tolist(),
        acceptance_probabilities=judgement.probability.tolist(),
    )
    for place, name in enumerate(placements):
        _write(ranking, place, told.placements.add(placement=name))
    for share in ranking.shares or ():
        possible = np.flatnonzero(share)
        told.selection.append(
            SelectionShares(candidates=possible.tolist(), probabilities=share[possible].tolist())
        )
    return told


def _write(ranking: Ranking, place: int, placement: RankedPlacement) -> None:
    judgement, slate = ranking.judgement, ranking.slates[place]
    for listed, entries in ((slate.chosen, placement.chosen), (slate.following, placement.next)):
        entries.extend(
            Ranked(
                candidate=at,
                acceptance_probability=judgement.probability[at],
                score=judgement.score[at],
                selection_probability=ranking.selection_probability(place, at),
            )
            for at in listed
        )
    for entry, cause in zip(placement.chosen, slate.causes, strict=True):
        if cause is not None:
            entry.cause, entry.cause_rule = cause


def _leave_out(request: RankRequest) -> None:
    """Drop what nothing is ranked by: who asked, what they typed, the words for candidates."""
    context, candidates = request.context, request.candidates
    context.ClearField("query")
    if context.HasField("recipient"):
        context.recipient.CopyFrom(Recipient())
    for pseudonym in context.identity_keys:
        pseudonym.ClearField("key")
    candidates.ClearField("evidence_nos")
    candidates.ClearField("evidence_texts")
