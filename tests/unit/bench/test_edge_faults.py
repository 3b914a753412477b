"""What counts under faults is the worst of them, at the deadlines that are promised."""

import pytest

from bench.errors import MeasurementError
from bench.parts.edge_faults import (
    CALLS_PER_S,
    DEADLINES_S,
    LONGEST_S,
    SHORT_S,
    calls_each,
    figures,
    told,
)
from cli.load.faults.fault import Fault
from cli.load.faults.rehearsal import Cell
from cli.load.outcome import Fate, Outcome

LATE = Outcome(Fate.FAILED, 0.1, "DEADLINE_EXCEEDED")


def cell(deadline_s, late, name="rules", well_after_s=1.0):
    """Return one of ten calls, of which some were late, and all others degraded."""
    degraded = Outcome(Fate.DEGRADED, 0.01, "rules TIMEOUT")
    outcomes = [degraded] * (10 - late) + [LATE] * late
    fault = Fault.FROZEN if name else Fault.NONE
    return Cell(name, fault, deadline_s, outcomes, 0, well_after_s)


def shares(*cells):
    return {figure.name: (figure.value, figure.high) for figure in figures(cells)}


def test_the_worst_fault_counts_and_the_short_deadline_by_itself():
    found = shares(
        cell(DEADLINES_S[0], late=0),
        cell(DEADLINES_S[1], late=1),
        cell(SHORT_S, late=7),
        cell(SHORT_S, late=5, name="ranker"),
    )

    assert found == {
        "in_deadline_share_under_fault": (0.9, 1.0),
        "in_deadline_25_share_under_fault": (0.3, 0.5),
    }


def test_what_callers_get_with_nothing_wrong_is_no_fault():
    found = shares(
        cell(DEADLINES_S[0], late=9, name=""), cell(DEADLINES_S[0], late=1), cell(SHORT_S, late=0)
    )

    assert found["in_deadline_share_under_fault"] == (0.9, 0.9)


def test_a_fault_that_was_not_got_over_is_no_figure():
    with pytest.raises(MeasurementError, match="not well again after rules frozen"):
        figures([cell(DEADLINES_S[0], late=0), cell(SHORT_S, late=0, well_after_s=None)])


def test_each_fault_is_told_with_what_was_missing():
    assert told(cell(0.05, late=1)) == (
        "rules frozen, 50 ms: 90.0%, most often rules TIMEOUT, well after 1.0 s"
    )


def test_a_fast_machine_makes_all_calls_and_a_slow_one_as_many_as_there_is_time_for():
    assert calls_each(CALLS_PER_S, 200) == 200

    services_and_nothing, deadlines = 1 + 5 * 3, 3
    slow = calls_each(5.0, 200)
    assert slow < 200
    assert slow * services_and_nothing * deadlines / 5.0 <= LONGEST_S
