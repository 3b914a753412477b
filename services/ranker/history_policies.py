"""What the model before and after history would have earned, by the answers of that history."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.arbitration import assume
from services.ranker.domain.features import FeatureMaker, Proposed
from services.ranker.domain.judgement import judge, sight
from services.ranker.domain.model import Model
from services.ranker.domain.off_policy import Evaluation, Logged, Target, evaluate
from services.ranker.domain.situation import Situation
from services.ranker.evaluating import told_of
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, Source
from touchpoint.ranker.v1 import history_pb2 as pb
from touchpoint.ranker.v1.off_policy_pb2 import EvaluatePolicyResponse

MOST_JUDGED: Final = 1_000
"""Rows, the last ones: each is ranked with all that could have been shown."""
MOST_CANDIDATES: Final = 200
FEWEST_CANDIDATES: Final = 2
_SLICE_S = 0.005
_REST_S = 0.01
Place = tuple[str, int]
"""Placement and channel."""


@dataclass(frozen=True, slots=True)
class PastShowing:
    """A row of history that is judged by."""

    row: pb.HistoryRow
    offer_no: int
    situation: Situation
    unit: int
    """Of whom it is, any number."""


@dataclass(slots=True)
class _Columns:
    """What one policy does, row by row."""

    probabilities: list[float] = field(default_factory=list)
    expected: list[float] = field(default_factory=list)
    expected_values: list[float] = field(default_factory=list)


class Judged:
    """Both models as policies: each shows what is worth most of what could have been shown then."""

    def __init__(
        self,
        catalogue: Catalogue,
        maker: FeatureMaker,
        definitions: RankingDefinitions,
        shown: Sequence[tuple[pb.HistoryRow, int]],
    ) -> None:
        """`shown`: all rows; where a row names no candidates, what they show there are its own."""
        self._catalogue = catalogue
        self._maker = maker
        self._definitions = definitions
        counts: defaultdict[Place, Counter[int]] = defaultdict(Counter)
        for row, offer_no in shown:
            counts[row.placement, row.channel][offer_no] += 1
        self._usual = {
            place: [no for no, _ in count.most_common(MOST_CANDIDATES)]
            for place, count in counts.items()
        }

    async def tell(
        self,
        past: Sequence[PastShowing],
        served: Model,
        candidate: Model,
        report: pb.RankerTraining,
    ) -> None:
        """Add to a report what both would have earned, or why that cannot be told.

        What is expected of an offer is what the candidate expects: it knows none of the answers.
        """
        rows = [each for each in past if each.row.selection_probability > 0.0][-MOST_JUDGED:]
        if not rows:
            report.no_off_policy = (
                "no row tells by which probability it was chosen (selection_probability)"
            )
            return
        columns, values, predicted = (_Columns(), _Columns()), list[float](), list[float]()
        choices, slice_ends = 0, time.monotonic() + _SLICE_S
        for each in rows:
            nos = self._candidates(each)
            choices += len(nos) >= FEWEST_CANDIDATES
            self._take(each, nos, (served, candidate), columns, values, predicted)
            if time.monotonic() >= slice_ends:
                await asyncio.sleep(_REST_S)
                slice_ends = time.monotonic() + _SLICE_S
        if not choices:
            report.no_off_policy = "nothing else could have been shown where anything was shown"
            return
        told = (report.off_policy_served, report.off_policy_candidate)
        for column, message in zip(columns, told, strict=True):
            message.CopyFrom(_evaluated(rows, column, np.array(values), np.array(predicted)))

    def _candidates(self, past: PastShowing) -> NDArray[np.int64]:
        named = [self._catalogue.offer_no(offer_id) for offer_id in past.row.candidates]
        known = [no for no in named if no]
        nos = known or self._usual[past.row.placement, past.row.channel]
        return np.array(list(dict.fromkeys([past.offer_no, *nos])), np.int64)

    def _take(
        self,
        past: PastShowing,
        nos: NDArray[np.int64],
        models: tuple[Model, Model],
        columns: tuple[_Columns, _Columns],
        values: list[float],
        predicted: list[float],
    ) -> None:
        catalogue, definitions = self._catalogue, self._definitions
        kinds = catalogue.kind[nos]
        usual = np.where(kinds == OfferKind.PRODUCT, Source.POPULAR, Source.OFFER)
        sources = np.full(len(nos), past.row.source) if past.row.source else usual
        sources = sources.astype(np.int64)
        prior = definitions.priors.probabilities(kinds, sources)
        exchanged = definitions.exchange.of(nos, catalogue)
        assumed = assume(prior, np.ones(len(nos)), catalogue.value_micros[nos], exchanged=exchanged)
        proposed = Proposed(nos, sources, np.ones(len(nos)), np.ones(len(nos), np.uint32))
        sighted = sight(self._maker.features(proposed, past.situation), assumed)
        judgements = [judge(assumed, sighted, model) for model in models]
        expects, worth = judgements[-1].probability, assumed.value
        values.append(float(worth[0]))
        predicted.append(float(expects[0]))
        for judgement, column in zip(judgements, columns, strict=True):
            best = int(judgement.score.argmax())
            column.probabilities.append(float(best == 0))
            column.expected.append(float(expects[best]))
            column.expected_values.append(float(expects[best] * worth[best]))


def _evaluated(
    rows: Sequence[PastShowing],
    column: _Columns,
    values: NDArray[np.float64],
    predicted: NDArray[np.float64],
) -> EvaluatePolicyResponse:
    accepted = np.array([each.row.accepted for each in rows], np.float64)
    logged = np.array([each.row.selection_probability for each in rows])
    units = np.array([each.unit for each in rows], np.int64)
    chosen = np.array(column.probabilities)

    def of(worth: NDArray[np.float64], expected: Sequence[float]) -> Evaluation:
        target = Target(chosen, predicted * worth, np.array(expected))
        return evaluate(Logged(accepted * worth, logged, units), target)

    return told_of(of(np.ones(len(rows)), column.expected), of(values, column.expected_values))
