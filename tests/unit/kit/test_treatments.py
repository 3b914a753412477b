"""What people in variants are treated by is made once for each combination."""

from __future__ import annotations

from collections.abc import Sequence

from shared.treatments import MOST_KEPT, Treatments
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant, RankerChange
from touchpoint.rules.v1.rules_pb2 import Bundle


def test_a_combination_that_is_asked_for_again_and_again_is_made_once() -> None:
    change = RankerChange(priors_only=True)
    bundle = Bundle(
        experiments=[
            Experiment(
                experiment=str(number), variants=[ExperimentVariant(variant="b", ranker=change)]
            )
            for number in range(2 * MOST_KEPT)
        ]
    )
    made: list[int] = []

    def make(variants: Sequence[ExperimentVariant]) -> str:
        made.append(len(variants))
        return "treated"

    treatments = Treatments(bundle, ("ranker",), make)
    often = [VariantOf(experiment="0", variant="b")]
    for number in range(1, 2 * MOST_KEPT):
        assert treatments.of(often, "") == "treated"
        assert treatments.of([VariantOf(experiment=str(number), variant="b")], "") == "treated"

    assert len(made) == 2 * MOST_KEPT
    assert len(treatments) == MOST_KEPT
