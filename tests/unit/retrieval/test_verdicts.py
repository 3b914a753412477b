"""Whether a new model may take the place of the served one."""

import pytest

from services.retrieval.verdicts import judge
from touchpoint.retrieval.v1.retrieval_pb2 import (
    Measured,
    RankingQuality,
    TrainingComparison,
    TrainingReport,
)


def report(change, at_most=-0.001, persons=500, pairs=100):
    before = RankingQuality(ndcg10=Measured(value=0.4))
    after = RankingQuality(ndcg10=Measured(value=0.4 * (1 + change)))
    measured = Measured(value=change, at_least=2 * change, at_most=at_most)
    comparison = TrainingComparison(persons=persons, before=before, after=after, change=measured)
    return TrainingReport(comparison=comparison, pairs=pairs)


@pytest.mark.parametrize(
    ("found", "is_worse"),
    [
        (report(-0.03), True),
        (report(-0.019), False),  # within the tolerance
        (report(-0.03, at_most=0.01), False),  # may be chance
        (report(0.1, at_most=0.2), False),
        (report(-0.5, persons=0), False),  # nobody was compared
        (report(0.1, pairs=49), True),  # half of what was learned from is gone
        (report(0.1, pairs=50), False),
    ],
)
def test_worse_is_beyond_the_tolerance_and_beyond_doubt(found, is_worse):
    judge(found, 0.02, is_forced=False, pairs_before=100)
    assert (found.is_worse, bool(found.refusal)) == (is_worse, is_worse)


def test_the_refusal_tells_the_figures_and_what_to_do():
    found = report(-0.25)
    judge(found, 0.02, is_forced=False)
    for part in ("500 persons", "0.4000", "0.3000", "-25.0%", "2.0%", "--force", "--since"):
        assert part in found.refusal


def test_what_is_forced_is_told_to_be_worse_and_not_refused():
    found = report(-0.25)
    judge(found, 0.02, is_forced=True)
    assert (found.is_worse, found.is_forced, found.refusal) == (True, True, "")
