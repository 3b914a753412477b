"""What a long proof counts as a valid answer, and when its value is good enough."""

import json

import pytest

from tests.resilience.soak.checker import counted, valid_share
from tests.resilience.soak.result import Result
from tests.resilience.soak.sizes import SHORT, sizes


def line(fault="F1", status="OK", shown=("a", "b"), degraded=()):
    told = {"fault": fault, "status": status, "shown": list(shown), "degraded": list(degraded)}
    return json.dumps(told)


@pytest.mark.parametrize(
    "wrong", [line(status="Unavailable"), line(shown=()), line(shown=("a", "a"))]
)
def test_an_answer_that_is_none_is_not_valid(wrong):
    counts = counted([line(), wrong, line(), line()])
    assert valid_share(counts.values()) == 0.75
    assert sum(counts["F1"].why.values()) == 1


def test_a_degraded_answer_is_valid_and_counted_under_its_fault():
    counts = counted([line("F4", degraded=["ranker UNAVAILABLE"]), line("F6")])
    assert (counts["F4"].degraded, counts["F6"].degraded) == (1, 0)
    assert valid_share(counts.values()) == 1.0


def test_without_an_answer_none_was_valid():
    assert valid_share(counted([]).values()) == 0.0


def test_a_target_is_met_on_the_line_and_missed_beyond_it():
    assert Result("x", 0.999, "share", at_least=0.999).is_met
    assert not Result("x", 0.9989, "share", at_least=0.999).is_met
    assert Result("x", 0.02, "share", at_most=0.02).is_met
    assert not Result("x", 0.021, "share", at_most=0.02).is_met
    assert Result("x", 1.0, "share").is_met


def test_a_size_is_taken_from_its_variable_and_refused_where_it_is_none():
    assert sizes(SHORT, {"KILLS": "7", "ANSWERS": ""}).kills == 7
    with pytest.raises(ValueError, match="KILLS is 'many'"):
        sizes(SHORT, {"KILLS": "many"})
