import asyncio

import grpc
import pytest

from services.profile.storage.answers import AnswerCounts
from tests.grpc.profile.edge import SURVEY, keys_of
from tests.grpc.profile.test_people import customer, import_customers
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import AnswerKind

ADA = ("customer", "ada")
BOB = ("customer", "bob")
COOKIE = ("visitor", "cookie-1234")
QUESTIONS = [
    {
        "question": "sport",
        "survey": "about_you",
        "text": "Which sport?",
        "why": "To show what fits.",
        "used_for": "Recommendations.",
        "kind": AnswerKind.CHOICE,
        "attribute": "sport",
        "importance": 3.0,
        "answers": [
            {"answer": "running", "sentiment": "like", "category": "Shoes > Running"},
            {"answer": "none", "sentiment": "dislike", "category": "Shoes"},
        ],
    },
    {
        "question": "size",
        "survey": "about_you",
        "kind": AnswerKind.NUMBER,
        "attribute": "size",
        "importance": 1.0,
        "least": 1.0,
        "most": 12.0,
    },
]


@pytest.fixture(autouse=True)
def asking(followed):
    followed.become(questions=QUESTIONS)


async def ask(client, who, channel=Channel.WEB, **more):
    identities = [Identity(kind=kind, value=value) for kind, value in [who]]
    request = pb.NextQuestionRequest(
        identities=identities, identity_keys=keys_of(identities), channel=channel, **more
    )
    answered = await client.stub.NextQuestion(request, timeout=5)
    return answered.question if answered.HasField("question") else None


def answer(client, who, question, said, **more):
    said = {"skipped": True} if said is None else {"answer": said}
    attributes = {"question": question, **said}
    return client.event([who], "survey_answer", offer_id="about_you", attributes=attributes, **more)


async def test_the_next_question_says_what_why_and_what_for(client):
    found = await ask(client, ADA, preview=True)
    assert (found.question, found.survey, found.kind) == ("sport", "about_you", "CHOICE")
    assert (found.why, found.used_for) == ("To show what fits.", "Recommendations.")
    assert list(found.answers) == ["running", "none"]
    assert found.worth == pytest.approx(3.0 * 0.5 * 1.0)


async def test_nothing_is_asked_twice_on_any_channel(client):
    assert (await ask(client, ADA)).question == "sport"
    assert (await ask(client, ADA, Channel.IVR)).question == "size"
    assert await ask(client, ADA, Channel.CALL_CENTER) is None
    assert [each.outcome for each in (await client.profile(ADA)).asked] == ["SHOWN", "SHOWN"]


async def test_two_channels_that_ask_at_once_ask_different_things(client):
    for number in range(20):
        who = ("customer", f"twice-{number}")
        found = await asyncio.gather(*(ask(client, who) for _ in range(6)))
        assert sorted(each.question for each in found if each) == ["size", "sport"]


async def test_a_preview_leaves_no_trace(client):
    assert await ask(client, ADA, preview=True)
    assert not (await client.answer(ADA)).person_ids


async def test_a_person_of_several_names_is_asked_once(client):
    await ask(client, COOKIE)
    await client.record(client.event([ADA, COOKIE], "login"))
    assert (await ask(client, ADA)).question == "size"


async def test_an_answer_shapes_the_very_next_snapshot_and_is_shown_with_source_and_date(client):
    await import_customers(client, customer(ADA, attributes={"city": "Bath"}))
    await client.record(answer(client, ADA, "sport", "none"), answer(client, ADA, "size", 4))
    snapshot = await client.snapshot(ADA)
    assert dict(snapshot.attributes) == {"city": "Bath", "sport": "none", "size": "4"}
    assert list(snapshot.disliked.categories) == ["Shoes"]
    stated = {each.name: each for each in (await client.profile(ADA)).attributes}
    assert [stated[name].source for name in ("city", "size", "sport")] == [
        "record",
        "question:size",
        "question:sport",
    ]
    assert stated["sport"].said_time.ToMicroseconds() == client.clock.now_us()


async def test_an_answer_is_taken_back_by_an_empty_one_at_once(client):
    await client.record(answer(client, ADA, "sport", "none", ago_s=9))
    await client.record(answer(client, ADA, "sport", ""))
    snapshot = await client.snapshot(ADA)
    assert not snapshot.attributes
    assert not snapshot.disliked.categories
    assert list(snapshot.questions_asked) == ["sport"]


async def test_a_skipped_question_and_one_that_was_answered_elsewhere_are_not_asked(client):
    await client.record(answer(client, ADA, "sport", None))
    await import_customers(client, customer(ADA, attributes={"size": "3"}))
    assert await ask(client, ADA) is None


async def test_an_answer_that_cannot_be_is_refused_without_repeating_it(client):
    refused = await client.record(answer(client, ADA, "sport", "chess club of Ada"))
    [wrong] = refused.rejected
    assert wrong.code == "INVALID"
    assert wrong.message == "attributes.answer: must be one of running, none"


async def test_nobody_is_asked_who_refused_declined_or_complains(client):
    refusal = {"purpose": "survey", "granted": False}
    for who, event in (
        (ADA, client.event([ADA], "consent", attributes=refusal)),
        (BOB, client.event([BOB], "decline", offer_id="about_you")),
        (COOKIE, client.event([COOKIE], "complaint")),
    ):
        await client.record(event)
        assert await ask(client, who) is None


async def test_a_survey_answered_as_a_whole_has_nothing_left_to_ask(client):
    await client.record(client.event([ADA], "survey_answer", offer_id="about_you"))
    assert await ask(client, ADA) is None
    assert list((await client.snapshot(ADA)).surveys_answered) == [SURVEY]


async def test_what_everybody_answers_is_counted_by_the_last_word_and_no_answer_of_one_alone(
    client,
):
    await client.record(
        answer(client, ADA, "sport", "none", ago_s=9),
        answer(client, ADA, "sport", "running"),
        answer(client, BOB, "sport", "running"),
        answer(client, COOKIE, "sport", None),
        answer(client, ADA, "size", 4),
        answer(client, BOB, "size", 4),
        answer(client, COOKIE, "size", 5),
    )
    counts = AnswerCounts(client.database)
    await counts.count()
    await counts.refresh()
    assert counts.answers["sport"].given == {"running": 2}
    assert counts.answers["sport"].skipped == 1
    assert counts.answers["size"].given == {"4": 2}
    request = pb.ErasePersonRequest(identity_keys=keys_of([Identity(kind=BOB[0], value=BOB[1])]))
    await client.stub.ErasePerson(request, timeout=5)
    await counts.count()
    await counts.refresh()
    assert "size" not in counts.answers


async def test_a_channel_is_demanded(client):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ask(client, ADA, Channel.UNSPECIFIED)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
