"""Who is refused first when there is too much to do."""

import pytest

from services.aggregator.domain.vocabulary import Channel
from services.aggregator.priorities import OF_CHANNEL, prioritise
from shared.call import Call, Caller
from shared.callers.scopes import grants_of
from shared.overload.priority import Priority
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.event_pb2 import Event

CALL = Call("/edge", request_id="request")


def of(channel):
    return prioritise(CALL, pb.RecommendRequest(channel=channel))


def test_mail_gives_way_first_then_the_web_then_the_ivr_and_an_agent_last():
    asked = [Channel.EMAIL, Channel.WEB, Channel.IVR, Channel.CALL_CENTER]
    assert [of(channel) for channel in asked] == list(Priority)


def test_every_channel_has_a_priority():
    assert set(OF_CHANNEL) == set(Channel) - {Channel.UNSPECIFIED}


def test_events_are_as_important_as_the_channel_that_they_come_from():
    of_an_agent = pb.TrackRequest(events=[Event(channel=Channel.CALL_CENTER)])
    of_the_web = pb.TrackRequest(events=[Event(channel=Channel.WEB)])
    assert prioritise(CALL, of_an_agent) is Priority.AGENT
    assert prioritise(CALL, of_the_web) is Priority.WEB


def test_an_event_that_its_caller_may_not_tell_makes_nothing_of_the_others_more_important():
    page = Caller("page", grants=grants_of(["events:write:WEB"], is_browser=True), is_browser=True)
    events = [Event(channel=Channel.CALL_CENTER), Event(channel=Channel.WEB)]
    call = Call("/edge", request_id="request", caller=page)
    assert prioritise(call, pb.TrackRequest(events=events)) is Priority.WEB
    assert prioritise(call, pb.TrackRequest(events=events[:1])) is Priority.WEB


@pytest.mark.parametrize(
    "request_type",
    [
        pb.GetCustomerViewRequest,
        pb.WatchCustomerRequest,
        pb.WatchTasksRequest,
        pb.ClaimTaskRequest,
        pb.CompleteTaskRequest,
        pb.SetAgentStatusRequest,
        pb.UnsubscribeRequest,
    ],
)
def test_what_agents_ask_and_the_end_of_a_consent_are_refused_last(request_type):
    assert prioritise(CALL, request_type()) is Priority.AGENT


def test_nonsense_is_not_refused_last():
    assert of(Channel.UNSPECIFIED) is Priority.WEB
    assert prioritise(CALL, pb.TrackRequest()) is Priority.WEB
