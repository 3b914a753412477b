"""Recommend on a real server: answers, explanations, notes, and callers that leave."""

import asyncio
from functools import partial

import grpc
import pytest

from shared.middleware.order import Hooks, layers
from shared.overload.limit import FixedLimit
from shared.overload.limiter import Limiter
from shared.testing.grpc import grpc_service
from shared.transport.direct import DirectChannel
from shared.transport.routes import routes
from tests.unit.aggregator.edge import (
    BANNER,
    HERO,
    PAN,
    PC_1,
    PC_2,
    PERSON,
    candidates,
    everything_kept,
    known_person,
    row,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.vocabulary_pb2 import (
    Channel,
    EvidenceKind,
    OfferKind,
    RemovalCode,
    Source,
)
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotResponse
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse
from touchpoint.scenario.v1.scenario_pb2 import DueAction
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueResponse


def asked(*placements, **facts):
    given = {"identities": [{"kind": "customer", "value": "c-1"}], "channel": Channel.WEB}
    return RecommendRequest(
        placements=[{"placement": name} for name in placements or (BANNER,)], **(given | facts)
    )


@pytest.mark.parametrize(("locale", "of_person"), [("de-AT", "fr"), ("", "de")])
async def test_words_are_in_the_language_of_the_request_else_of_the_person(
    stub, edge, locale, of_person
):
    translated = row(PC_1, "pc-1", OfferKind.PRODUCT, "Aurora 15", category="Electronics > PCs")
    translated.creative.words.add(language="de", title="Aurora 15 Zoll")
    edge.catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[translated]))
    edge.peers.profile.GetSnapshot.answer = partial(known_person, locale=of_person)
    answer = await stub.Recommend(asked(locale=locale))
    first, second = (one.creative for one in answer.placements[0].recommendations)
    assert (first.title, first.language) == ("Aurora 15 Zoll", "de")
    assert (second.title, second.language) == ("Nimbus 14", "")


async def test_an_answer_has_ids_reasons_and_creatives(stub):
    answer = await stub.Recommend(asked())
    (placement,) = answer.placements
    first = placement.recommendations[0]
    assert placement.placement == BANNER
    assert (first.offer_id, first.item_id, first.kind) == ("pc-1", "pc-1", OfferKind.PRODUCT)
    assert first.acceptance_probability == pytest.approx(0.25)
    assert [(one.code, one.text) for one in first.reasons] == [
        (Source.POPULAR, "One of our picks in PCs")
    ]
    assert first.creative.title == "Aurora 15"
    assert answer.decision_id


EXPLAINED = [
    (Source.EXTERNAL, {"evidence_texts": ["The editors love it", ""]}, "The editors love it"),
    (
        Source.AS_ASKED_FOR,
        {
            "evidence_counts": [1, 2],
            "evidence_totals": [2, 2],
            "evidence_texts": ["colour", ""],
        },
        "Matches 1 of the 2 things you asked for, but not: colour",
    ),
    (
        Source.GIFT,
        {
            "evidence_counts": [7, 7],
            "evidence_totals": [9, 9],
            "evidence_kinds": [EvidenceKind.GIVEN_TO_ALIKE] * 2,
        },
        "Given by 7 of 9 people to somebody like this",
    ),
]


@pytest.mark.parametrize("journeys", [False, True], ids=["alone", "beside a journey"])
@pytest.mark.parametrize(("source", "evidence", "told"), EXPLAINED)
async def test_what_a_source_says_of_its_evidence_reaches_the_answer(
    stub, edge, source, evidence, told, journeys
):
    found = candidates(PC_1, PC_2, source=source)
    for name, column in evidence.items():
        found.ClearField(name)
        getattr(found, name).extend(column)
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=found)
    if journeys:
        due = GetDueResponse(actions=[DueAction(offer_no=PAN, journey_id="j", lever=1.0)])
        edge.peers.scenario.GetDue.answer = lambda _: due
    placements = (await stub.Recommend(asked())).placements
    texts = {one.offer_id: one.reasons[0].text for one in placements[0].recommendations}
    assert texts["pc-1"] == told
    assert ("pan-1" in texts) == journeys


async def test_details_are_told_only_when_asked_for(stub, edge):
    def removing(request):
        response = everything_kept(request)
        del response.kept[0], response.placement_bits[0]
        response.removed.CopyFrom(
            Removals(offer_nos=[PC_1], codes=[RemovalCode.OWNED], rules=["owned"])
        )
        return response

    edge.peers.rules.Check.answer = removing
    bare, full = await stub.Recommend(asked()), await stub.Recommend(asked(explain=True))
    assert not bare.removed
    assert not bare.timings
    assert not bare.bundle_hash
    assert bare.placements[0].recommendations[0].score == 0
    (removed,) = full.removed
    assert (removed.offer_id, removed.code) == ("pc-1", RemovalCode.OWNED)
    assert removed.text == "You have one of these at home."
    assert full.bundle_hash == edge.peers.rules.Check.requests[-1].context.bundle_hash != ""
    first = full.placements[0].recommendations[0]
    assert (first.offer_id, first.score, first.selection_probability) == ("pc-2", 0.5, 1.0)
    assert sum(part.value for part in first.contributions) == pytest.approx(first.score)
    assert [(timing.service, timing.outcome) for timing in full.timings][-1] == (
        "rules.Commit",
        "OK",
    )


async def test_placements_are_answered_in_the_order_asked_and_share_no_item(stub):
    answer = await stub.Recommend(asked(HERO, BANNER))
    assert [one.placement for one in answer.placements] == [HERO, BANNER]
    shown = [item.offer_id for one in answer.placements for item in one.recommendations]
    assert shown == ["pc-1", "pc-2", "tv-1", "pan-1"]


async def test_a_limit_goes_before_the_placements_own(stub):
    request = asked()
    request.placements[0].limit = 1
    answer = await stub.Recommend(request)
    assert len(answer.placements[0].recommendations) == 1


async def test_a_limit_of_nought_is_the_placements_own(stub, edge):
    request = asked()
    request.placements[0].limit = 0
    await stub.Recommend(request)
    assert [each.limit for each in edge.peers.rules.Check.request.context.placements] == [2]


async def test_what_the_caller_says_of_the_moment_travels_as_catalogue_numbers(stub, edge):
    request = asked(
        context={
            "session_id": "s",
            "item_ids": ["pc-1", "never-heard-of"],
            "cart": [{"item_id": "pc-2", "price": {"amount": "999.50"}}],
            "within_categories": ["Electronics > Computers"],
            "without_categories": ["Home"],
        },
        exclude_ids=["tv-1"],
    )
    await stub.Recommend(request)
    context = edge.peers.retrieval.Retrieve.request.context
    assert list(context.item_nos) == [PC_1]
    line = context.cart[0]
    assert (line.offer_no, line.quantity, line.price_micros) == (PC_2, 1.0, 999_500_000)
    assert len(context.excluded_offer_nos) == 1
    assert list(context.within_categories) == ["Electronics > Computers"]
    assert list(context.without_categories) == ["Home"]
    assert len(context.context_digest) == 16
    assert context.bundle_hash == "bundle"


async def test_without_a_deadline_the_placements_own_holds(stub, edge):
    await stub.Recommend(asked())
    assert edge.peers.profile.GetSnapshot.timeouts_s[0] <= 0.1 * 8 / 23


async def test_the_deadline_of_the_caller_goes_before_it_up_to_a_second(stub, edge):
    await stub.Recommend(asked(), timeout=30.0)
    await stub.Recommend(asked(), timeout=0.5)
    longest, shorter = edge.peers.profile.GetSnapshot.timeouts_s
    assert 0.5 * 8 / 23 < longest <= 1.0 * 8 / 23
    assert 0.1 * 8 / 23 < shorter <= 0.5 * 8 / 23


async def test_a_deadline_that_has_passed_is_refused_and_nothing_is_asked(edge):
    # Directly: on the wire the client itself gives up before it asks.
    channel, binding = DirectChannel(), edge.binding()
    channel.open(routes([binding], layers([binding])))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await AggregatorServiceStub(channel).Recommend(asked(), timeout=0.0)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert edge.peers.profile.GetSnapshot.requests == []


async def test_identities_of_other_people_are_told(stub, edge):
    def with_ignored(request):
        response = known_person(request)
        response.ignored_identities.append(1)
        return response

    edge.peers.profile.GetSnapshot.answer = with_ignored
    request = asked(
        identities=[{"kind": "visitor", "value": "v"}, {"kind": "customer", "value": "c-1"}]
    )
    answer = await stub.Recommend(request)
    assert list(answer.notes) == [
        "identities[0] (visitor) belongs to another person and was left aside"
    ]


async def test_an_ambiguous_number_gets_an_answer_with_nothing_personal(stub, edge):
    edge.peers.profile.GetSnapshot.answer = lambda _: GetSnapshotResponse(ambiguous=True)
    request = asked(identities=[{"kind": "phone", "value": "+1 202 555 0123"}])
    answer = await stub.Recommend(request)
    assert answer.placements[0].recommendations
    assert list(answer.notes) == [
        "identities[0] (phone) fits several people: nothing personal was used"
    ]
    assert not edge.peers.rules.Commit.request.person_ids


async def test_a_caller_that_leaves_cancels_nothing(stub, edge):
    reached, gate = asyncio.Event(), asyncio.Event()
    committed = asyncio.Event()
    check, commit = edge.peers.rules.Check, edge.peers.rules.Commit
    keep, grant = check._answered, commit.answer

    async def held(request, timeout_s):
        reached.set()
        await gate.wait()
        return await keep(request, timeout_s)

    def noted(request):
        committed.set()
        return grant(request)

    check._answered, commit.answer = held, noted
    call = stub.Recommend(asked(), timeout=1.0)
    await reached.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()
    await asyncio.wait_for(committed.wait(), 5)
    assert list(commit.request.person_ids) == [PERSON]


async def test_a_decision_keeps_its_place_when_its_caller_has_left(edge):
    reached, gate = asyncio.Event(), asyncio.Event()
    check = edge.peers.rules.Check
    keep = check._answered

    async def held(request, timeout_s):
        reached.set()
        await gate.wait()
        return await keep(request, timeout_s)

    check._answered = held
    limiter = Limiter(FixedLimit(1))
    async with grpc_service(edge.binding(), hooks=Hooks(limiter=limiter)) as channel:
        stub = AggregatorServiceStub(channel)
        call = stub.Recommend(asked(), timeout=1.0)
        await reached.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Recommend(asked(), timeout=1.0)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        gate.set()
        await asyncio.wait_for(limiter.emptied(), 5)
        assert (await stub.Recommend(asked(), timeout=1.0)).placements[0].recommendations


async def test_a_decision_under_way_is_waited_for_when_the_edge_drains(stub, edge):
    gate = asyncio.Event()
    rank = edge.peers.ranker.Rank
    answered = rank._answered

    async def held(request, timeout_s):
        await gate.wait()
        return await answered(request, timeout_s)

    rank._answered = held
    call = asyncio.ensure_future(_answer_of(stub.Recommend(asked(), timeout=1.0)))
    while not rank.requests:
        await asyncio.sleep(0)
    draining = asyncio.create_task(edge.apart.drained())
    await asyncio.sleep(0)
    assert not draining.done()
    gate.set()
    await draining
    assert (await call).placements[0].recommendations


async def _answer_of(call):
    return await call
