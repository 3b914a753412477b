"""The parts of a customer's view, as the services behind tell them."""

from services.aggregator.view.sections import journeys
from touchpoint.common.v1.decision_pb2 import ChannelPassedOver
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1.scenario_pb2 import Journey


def test_a_journey_is_shown_with_why_its_message_went_by_no_other_channel():
    not_by_sms = ChannelPassedOver(channel=Channel.SMS, likelihood=0.25, reason="NO_CONSENT")
    told = Journey(
        scenario="s",
        message_channel_why="EMAIL 39%; not SMS: no consent",
        message_channels_passed_over=[not_by_sms],
    )
    told.goes_on_time.FromMicroseconds(5)
    [shown] = journeys([told])
    assert shown.goes_on_time.ToMicroseconds() == 5
    assert not journeys([Journey()])[0].HasField("goes_on_time")
    assert shown.message_channel_why == "EMAIL 39%; not SMS: no consent"
    assert list(shown.message_channels_passed_over) == [not_by_sms]
