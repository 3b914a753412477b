"""The shares are of all requests, and only answers have latencies."""

from __future__ import annotations

import json

from cli.load.outcome import Fate, Outcome, percentile, summarise

QUICK = Outcome(Fate.ANSWERED, 0.040)
SLOW = Outcome(Fate.ANSWERED, 0.080)
LATE = Outcome(Fate.ANSWERED, 0.120)
DEGRADED = Outcome(Fate.DEGRADED, 0.030, "ranker TIMEOUT")
FAILED = Outcome(Fate.FAILED, 0.001, "UNAVAILABLE")


def test_a_failed_request_counts_against_every_share():
    summary = summarise([QUICK, FAILED], 1.0, 0)

    assert summary.in_50_share == 0.5
    assert summary.in_100_share == 0.5
    assert summary.undegraded_share == 0.5
    assert summary.good_share == 0.5


def test_a_degraded_answer_is_in_time_but_not_good():
    summary = summarise([QUICK, DEGRADED], 1.0, 0)

    assert summary.in_50_share == 1.0
    assert summary.undegraded_share == 0.5
    assert summary.good_share == 0.5


def test_an_undegraded_answer_after_the_deadline_is_not_good():
    summary = summarise([QUICK, SLOW, LATE], 1.0, 0)

    assert (summary.in_50_share, summary.in_100_share) == (1 / 3, 2 / 3)
    assert summary.undegraded_share == 1.0
    assert summary.good_share == 2 / 3


def test_a_quick_refusal_does_not_make_the_latencies_look_better():
    assert summarise([SLOW, FAILED, FAILED], 1.0, 0).p50_ms == 80.0


def test_only_answers_count_as_achieved():
    assert summarise([QUICK, DEGRADED, FAILED], 2.0, 0).achieved_rps == 1.0


def test_without_an_answer_latencies_are_null_in_json():
    found = summarise([FAILED], 1.0, 0).as_json()

    assert found["p99_ms"] is None
    assert "NaN" not in json.dumps(found)


def test_a_percentile_is_a_value_that_was_measured():
    values = [1.0, 2.0, 3.0, 4.0]

    assert [percentile(values, share) for share in (0.0, 0.25, 0.5, 0.51, 1.0)] == [1, 1, 2, 3, 4]
