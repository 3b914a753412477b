"""What to ask next, asked of the edge."""

from shared.errors import Ambiguous
from tests.grpc.aggregator.test_relationships import refusal
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    NextQuestionRequest,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import GetProfileResponse, NextQuestionResponse

PHONE = [{"kind": "phone", "value": "+12025550123"}]


def asked(**more):
    return NextQuestionRequest(identities=PHONE, channel=Channel.IVR, **more)


async def test_a_question_is_handed_on_with_the_survey_and_the_channel(stub, edge):
    edge.peers.profile.NextQuestion.answer = lambda _: NextQuestionResponse(
        question={"question": "sport", "answers": ["running"]}
    )
    answered = await stub.NextQuestion(asked(survey="about_you", preview=True))
    assert (answered.question.question, list(answered.question.answers)) == ("sport", ["running"])
    request = edge.peers.profile.NextQuestion.request
    assert (request.survey, request.channel, request.preview) == ("about_you", Channel.IVR, True)
    assert len(request.identity_keys[0].key) == 32


async def test_where_there_is_nothing_to_ask_there_is_no_question(stub):
    assert not (await stub.NextQuestion(asked())).HasField("question")


async def test_several_people_behind_an_identity_are_told_as_such(stub, edge):
    edge.peers.profile.NextQuestion.error = Ambiguous("fits several")
    assert await refusal(stub.NextQuestion(asked())) == "FAILED_PRECONDITION"


async def test_the_view_shows_attributes_with_their_source_and_what_was_asked(stub, edge):
    edge.peers.profile.GetProfile.answer = lambda _: GetProfileResponse(
        attributes=[{"name": "sport", "value": "running", "source": "question:sport"}],
        asked=[{"question": "sport", "outcome": "ANSWERED"}],
    )
    view = await stub.GetCustomerView(GetCustomerViewRequest(identities=PHONE))
    assert [each.source for each in view.attributes] == ["question:sport"]
    assert [each.outcome for each in view.asked] == ["ANSWERED"]
