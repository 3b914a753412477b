"""What the log hears of sources that fail."""

import pytest
from structlog.testing import capture_logs

from services.retrieval.domain.external import EXTERNAL, RESTING
from services.retrieval.domain.retriever import DEFECT, SPARED, Report
from services.retrieval.failures import FailureLog
from touchpoint.common.v1.vocabulary_pb2 import Source


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def test_a_defect_is_told_with_what_broke(clock):
    mistake = ValueError("shapes differ")
    with capture_logs() as told:
        FailureLog(clock).add([Report(Source.SIMILAR, 0, 1.0, DEFECT, mistake)])
    assert told == [
        {
            "event": "source_failed",
            "module": "services.retrieval.failures",
            "log_level": "warning",
            "source": "SIMILAR",
            "plugin": "",
            "reason": "DEFECT",
            "times": 1,
            "exc_info": mistake,
        }
    ]


def test_what_fails_all_the_time_is_told_now_and_then_with_how_often(clock):
    failures = FailureLog(clock)
    late = Report(EXTERNAL, 0, 1.0, "NO_TIME_LEFT", plugin="a")
    with capture_logs() as told:
        for _ in range(50):
            failures.add([late])
            clock.now_s += 0.5
    assert [each["times"] for each in told] == [1, 20, 20]


def test_rows_that_were_dropped_are_told_and_rest_is_not(clock):
    with capture_logs() as told:
        FailureLog(clock).add(
            [
                Report(EXTERNAL, 1, 1.0, plugin="a", dropped=7),
                Report(EXTERNAL, 0, 0.0, RESTING, plugin="b"),
                Report(Source.POPULAR, 9, 0.1),
            ]
        )
    assert [(each["event"], each["plugin"], each["rows"]) for each in told] == [
        ("plugin_rows_dropped", "a", 7)
    ]


def test_what_was_left_out_on_purpose_has_not_failed(clock):
    with capture_logs() as told:
        FailureLog(clock).add([Report(Source.FOR_YOU, 0, 0.0, SPARED)])
    assert told == []
