"""The names that experiments may be about are those of the measures that reports tell."""

from services.ranker.domain.measures import definitions
from shared.measures import MEASURES


def test_experiments_may_be_about_every_measure_that_is_reported_and_no_other():
    reported = {name: each.more_is_better for name, each in definitions.MEASURES.items()}
    assert reported == MEASURES
