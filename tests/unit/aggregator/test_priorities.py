"""Who is refused first when there is too much to do."""

from services.aggregator.domain.vocabulary import Channel
from services.aggregator.priorities import SHARES, share
from shared.call import Call
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, TrackRequest

CALL = Call("/edge", request_id="request")


def of(channel):
    return share(CALL, RecommendRequest(channel=channel))


def test_mail_gives_way_first_then_the_web_then_the_ivr_and_an_agent_last():
    assert (
        of(Channel.EMAIL)
        < of(Channel.WEB)
        < of(Channel.IVR)
        < of(Channel.CALL_CENTER)
        == share(CALL, TrackRequest())
        == 1.0
    )


def test_every_channel_has_a_share():
    assert set(SHARES) == set(Channel) - {Channel.UNSPECIFIED}
