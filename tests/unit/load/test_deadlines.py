"""Every caller got one of five things, and every answer is in one bar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.load.deadlines import Bar, Verdict, held, judge, plot, read_share
from cli.load.outcome import Fate, NothingSentError, Outcome

OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(Fate),
    st.floats(0.0, 20.0),
    st.sampled_from(["", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "UNAVAILABLE"]),
)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(Fate.ANSWERED, 0.1), Verdict.IN_TIME),
        (Outcome(Fate.DEGRADED, 0.05, "ranker TIMEOUT"), Verdict.DEGRADED),
        (Outcome(Fate.ANSWERED, 0.101), Verdict.LATE),
        (Outcome(Fate.DEGRADED, 0.2, "ranker TIMEOUT"), Verdict.LATE),
        (Outcome(Fate.FAILED, 0.1, "DEADLINE_EXCEEDED"), Verdict.LATE),
        (Outcome(Fate.FAILED, 0.001, "RESOURCE_EXHAUSTED"), Verdict.SHED),
        (Outcome(Fate.FAILED, 0.001, "UNAVAILABLE"), Verdict.ERROR),
    ],
)
def test_a_caller_got_one_of_five_things(outcome, verdict):
    assert judge(outcome, deadline_s=0.1) is verdict


@given(st.lists(OUTCOMES, min_size=1))
def test_every_request_is_counted_once_and_every_answer_is_in_one_bar(outcomes):
    kept = held(outcomes, 0.1)
    answers = sum(outcome.fate is not Fate.FAILED for outcome in outcomes)

    assert sum(kept.verdicts.values()) == kept.requests == len(outcomes)
    assert sum(bar.count for bar in kept.histogram) == answers


def test_a_degraded_answer_is_in_time_and_a_refusal_is_not():
    degraded = Outcome(Fate.DEGRADED, 0.05, "ranker TIMEOUT")
    shed = Outcome(Fate.FAILED, 0.001, "RESOURCE_EXHAUSTED")

    assert held([degraded, shed], 0.1).in_time_share == 0.5


def test_bars_reach_from_the_quickest_answer_to_the_slowest_with_the_empty_ones_between():
    answers = [Outcome(Fate.ANSWERED, seconds) for seconds in (0.010, 0.0101, 0.030, 9.0)]
    bars = held(answers, 0.1).histogram

    assert bars[:4] == [Bar(10, 1), Bar(15, 1), Bar(20, 0), Bar(30, 1)]
    assert bars[-1] == Bar(None, 1)


def test_the_highest_bar_has_the_width_and_one_answer_shows_beside_a_thousand():
    drawn = list(plot([Bar(10, 1_000), Bar(15, 0), Bar(20, 1), Bar(None, 500)], width=8))

    assert drawn == [
        ("≤ 10 ms", "████████ 1000"),
        ("≤ 15 ms", "0"),
        ("≤ 20 ms", "█ 1"),
        ("longer", "████ 500"),
    ]


def test_nothing_answered_gives_no_bars():
    kept = held([Outcome(Fate.FAILED, 0.1, "UNAVAILABLE")], 0.1)

    assert list(plot(kept.histogram)) == []
    assert json.loads(json.dumps(kept.as_json()))["error"] == 1


def test_a_run_in_which_nothing_fell_due_is_refused():
    with pytest.raises(NothingSentError):
        held([], 0.1)


@pytest.mark.parametrize(
    ("text", "share"), [("99%", 0.99), (" 99.5 %", 0.995), ("0.99", 0.99), ("1", 1.0), ("0%", 0.0)]
)
def test_a_share_is_said_as_a_percentage_or_as_a_part_of_one(text, share):
    assert read_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["99", "101%", "-1%", "", "%", "most", "nan"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="is no share: say 99%"):
        read_share(text)
