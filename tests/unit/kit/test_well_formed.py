"""Times and durations that no calendar has are found before anybody reckons with them."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from shared.errors import InvalidArgument
from shared.validation import validate
from shared.well_formed import wrong_times
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.common.v1.clock_service_pb2 import MoveClockRequest
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.ranker.v1.reverting_pb2 import LearningSpan, RevertLearningRequest

LAST_S, LONGEST_S = 253_402_300_799, 315_576_000_000


def paths(request):
    return [violation.field for violation in wrong_times(request)]


@pytest.mark.parametrize(
    "time",
    [
        Timestamp(seconds=LAST_S + 1),
        Timestamp(seconds=-62_135_596_801),
        Timestamp(nanos=-1),
        Timestamp(nanos=1_000_000_000),
        Timestamp(seconds=(1 << 63) - 1),
    ],
    ids=str,
)
def test_a_time_that_is_none_is_found_however_deep_it_is(time):
    request = RevertLearningRequest(span=LearningSpan(to_time=time))
    assert paths(request) == ["span.to_time"]
    with pytest.raises(ValueError, match="must be"):
        time.ToMicroseconds()


@pytest.mark.parametrize(
    "duration",
    [
        Duration(seconds=LONGEST_S + 1),
        Duration(seconds=1, nanos=-1),
        Duration(nanos=1_000_000_000),
    ],
    ids=str,
)
def test_a_duration_that_is_none_is_found(duration):
    assert paths(MoveClockRequest(by=duration)) == ["by"]


def test_the_first_and_the_last_time_there_are_pass():
    for time in (Timestamp(seconds=LAST_S, nanos=999_999_999), Timestamp(seconds=-62_135_596_800)):
        assert paths(RevertLearningRequest(span=LearningSpan(to_time=time))) == []
    assert paths(MoveClockRequest(by=Duration(seconds=-LONGEST_S))) == []


def test_an_entry_of_a_list_is_left_to_whoever_takes_the_list():
    assert paths(TrackRequest(events=[Event(time=Timestamp(seconds=LAST_S + 1))])) == []


def test_such_a_request_is_refused_before_its_own_validator_reckons_with_the_time():
    request = MoveClockRequest(by=Duration(seconds=LONGEST_S + 1))
    with pytest.raises(InvalidArgument) as refused:
        validate({MoveClockRequest: lambda *_: pytest.fail("it was asked")}, request)
    assert [violation.field for violation in refused.value.violations] == ["by"]
