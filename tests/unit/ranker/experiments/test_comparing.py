"""What is concluded of a variant."""

from __future__ import annotations

import pytest

from services.ranker.domain.experiments.comparing import Conclusion, compare
from services.ranker.domain.experiments.samples import Sample


def _sample(mean: float, people: int = 10_000) -> Sample:
    return Sample(people, mean, 1.0)


@pytest.mark.parametrize(
    ("mean", "is_more_better", "conclusion"),
    [
        (1.2, True, Conclusion.BETTER),
        (0.8, True, Conclusion.WORSE),
        (1.2, False, Conclusion.WORSE),
        (0.8, False, Conclusion.BETTER),
        (1.0, True, Conclusion.NOT_SIGNIFICANT),
    ],
)
def test_a_clear_difference_is_better_or_worse_as_the_measure_has_it(
    mean: float, is_more_better: bool, conclusion: Conclusion
) -> None:
    found = compare(_sample(mean), _sample(1.0), is_more_better=is_more_better)

    assert found.conclusion is conclusion


def test_of_few_people_nothing_is_concluded_however_they_differ() -> None:
    found = compare(_sample(9.0, people=99), _sample(1.0))

    assert found.conclusion is Conclusion.TOO_FEW


def test_the_more_rivals_the_clearer_each_must_be() -> None:
    theirs, control = _sample(1.05), _sample(1.0)

    alone, of_nine = (compare(theirs, control, rivals=rivals) for rivals in (1, 9))

    assert alone.conclusion is Conclusion.BETTER
    assert of_nine.conclusion is Conclusion.NOT_SIGNIFICANT
