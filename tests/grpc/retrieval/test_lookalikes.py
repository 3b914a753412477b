"""Look-alikes over gRPC: from profile's logs through the child to a stream of people."""

import asyncio

import grpc
import numpy as np
import pytest

from services.retrieval.domain.audience.deed_log import DeedLog, Slice
from services.retrieval.storage import lookalike_process
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.binding import bind
from shared.call import CALLER
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.grpc import grpc_service
from tests.grpc.retrieval.replicas import Retrieval, item, promotion
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

DAY_US = 86_400_000_000


@pytest.fixture
async def retrieval(in_memory_bus, clock):
    opened = Retrieval(InMemoryCatalogue(), in_memory_bus, clock)
    async with opened.serving():
        await opened.items(item("bread"), item("wine"))
        await opened.offers(promotion("coupon"))
        yield opened


def shop(log, people=80):
    """Every fourth buys each second day, wine too; all others once in a fortnight, bread alone."""
    for person in range(people):
        is_keen = person % 4 == 0
        # The latest of the keen are new: they were seen for ten weeks alone.
        first = 0 if person < people * 3 // 4 else 130
        for day in range(first, 200, 2 if is_keen else 14):
            goods = ("Food > Bread > Rye", "Drinks > Wine") if is_keen else ("Food > Bread > Rye",)
            for category in goods:
                bought(log, f"person-{person}", day, category)


def bought(log, person_id, day, category, event_type="purchase", offer_no=1):
    log.add(person_id, offer_no, event_type, time_us=day * DAY_US)
    log.columns.categories.append(category)
    log.columns.value_micros.append(3_000_000)
    log.columns.order_ids.append(f"{person_id}-{day}")


async def found(retrieval, **request):
    answers = retrieval.stub.FindLookalikes(pb.FindLookalikesRequest(**request), timeout=60)
    told = [answer async for answer in answers]
    [summary] = [each.summary for each in told if each.HasField("summary")]
    return summary, [person for each in told for person in each.people], told


async def test_the_new_who_do_as_much_a_week_as_the_best_come_first(retrieval):
    shop(retrieval.log)
    old = [f"person-{person}" for person in range(0, 60, 4)]
    new = {f"person-{person}" for person in range(60, 80, 4)}
    summary, people, told = await found(retrieval, person_ids=old, lacks=3)
    assert (summary.seed_known, summary.people, summary.found) == (15, 80, 65)
    assert summary.separation > 0.9
    assert {each.person_id for each in people[:5]} == new
    assert people[0].score > 0.5 > people[-1].score
    assert people[0].weeks == pytest.approx(68 / 7)
    assert not people[0].lacks
    [lacked] = people[-1].lacks
    assert (lacked.category, lacked.seed_share) == ("Drinks > Wine", 1.0)
    assert lacked.other_share == pytest.approx(5 / 65)
    read = [each.progress for each in told if each.HasField("progress")]
    assert read[-1].events == len(retrieval.log.columns.types)
    assert [each.step for each in read] == [
        "reading who is in the seed",
        "reading who is one with whom",
        "reading the event log",
        "judging who is like them",
    ]
    assert max(len(each.people) for each in told) == 50


async def test_members_of_a_segment_are_the_seed_until_they_leave_it(retrieval):
    shop(retrieval.log)
    retrieval.log.memberships = [
        *((f"person-{person}", "best", True) for person in range(0, 60, 4)),
        ("person-0", "best", False),
        ("person-1", "worst", True),
    ]
    summary, people, _ = await found(retrieval, segment="best", limit=3)
    assert (summary.seed_known, len(people)) == (14, 3)
    assert not {each.person_id for each in people} & {f"person-{no}" for no in range(4, 60, 4)}


@pytest.mark.parametrize(("event_type", "offer_id"), [("accept", "coupon"), ("refer", "")])
async def test_who_did_something_is_the_seed_and_doing_it_no_trait(retrieval, event_type, offer_id):
    shop(retrieval.log)
    for person in range(0, 60, 4):
        for day in (10, 20, 30, 40):
            bought(retrieval.log, f"person-{person}", day, "", event_type, retrieval.no("coupon"))
    if offer_id:
        bought(retrieval.log, "person-1", 10, "", event_type, retrieval.no("bread"))
    summary, people, _ = await found(
        retrieval, event_type=event_type, offer_id=offer_id, with_seed=True
    )
    assert summary.seed_known == 15
    assert sum(each.is_member for each in people) == 15
    # Who never did it, and all else alike, stands among those who did.
    new = {f"person-{person}" for person in range(60, 80, 4)}
    scores = {each.person_id: each.score for each in people}
    assert min(scores[each] for each in new) > 0.5
    assert {each.person_id for each in people[:20]} == new | {
        f"person-{person}" for person in range(0, 60, 4)
    }


async def test_who_refuses_profiling_is_neither_found_nor_of_the_seed_nor_learned_from(retrieval):
    shop(retrieval.log)
    old = [f"person-{person}" for person in range(0, 60, 4)]
    retrieval.log.refusing = ["person-0", "person-1", "person-60"]
    summary, people, _ = await found(retrieval, person_ids=old, with_seed=True)
    assert (summary.seed_known, summary.people) == (14, 77)
    assert not {each.person_id for each in people} & set(retrieval.log.refusing)


async def test_persons_of_a_set_are_one(retrieval):
    shop(retrieval.log)
    retrieval.log.sets = [("person-0", "cookie-of-0")]
    bought(retrieval.log, "cookie-of-0", 199, "Food > Bread > Rye")
    seed = [f"person-{person}" for person in range(4, 60, 4)] + ["cookie-of-0"]
    summary, people, _ = await found(retrieval, person_ids=seed, with_seed=True)
    assert (summary.seed_known, summary.people) == (15, 80)
    [merged] = [each for each in people if each.person_id == "person-0"]
    assert merged.is_member


async def refused(retrieval, **request):
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await found(retrieval, **request)
    return failure.value.code(), failure.value.details()


async def test_only_who_may_export_is_told(retrieval):
    contract = pb.DESCRIPTOR.services_by_name["RetrievalService"]
    hooks = Hooks(authenticate=by_name({"*"}, {"cli"}))
    async with grpc_service(bind(contract, retrieval.servicer), hooks=hooks) as channel:
        stub = RetrievalServiceStub(channel)
        request = pb.FindLookalikesRequest(segment="best")
        for caller, may in (("cli", True), ("shop", False)):
            answers = stub.FindLookalikes(request, timeout=30, metadata=((CALLER, caller),))
            if may:
                assert (await answers.read()).progress.step
                answers.cancel()
                continue
            with pytest.raises(grpc.aio.AioRpcError, match="TOUCHPOINT_MAY_EXPORT"):
                await answers.read()


@pytest.mark.parametrize(
    "request_",
    [{}, {"offer_id": "coupon"}, {"event_type": "accept", "offer_id": "none such"}, {"lacks": 21}],
)
async def test_a_request_that_means_nobody_is_refused(retrieval, request_):
    code, _ = await refused(retrieval, **request_)
    assert code == grpc.StatusCode.INVALID_ARGUMENT


async def test_too_small_a_seed_is_told_with_what_to_do(retrieval):
    shop(retrieval.log)
    strangers = [f"stranger-{number}" for number in range(4)]
    code, details = await refused(retrieval, person_ids=["person-0", *strangers])
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert "of 1 of the seed" in details
    everybody = [f"person-{person}" for person in range(80)]
    code, details = await refused(retrieval, person_ids=everybody)
    assert "everybody" in details


async def test_what_cannot_be_enough_is_refused_before_the_log_is_read(retrieval):
    shop(retrieval.log)
    retrieval.log.sets = [("person-0", "cookie-of-0")]
    seed = [*(f"person-{person}" for person in range(4)), "cookie-of-0"]
    code, details = await refused(retrieval, person_ids=seed)
    assert (code, details[:8]) == (grpc.StatusCode.FAILED_PRECONDITION, "4 in all")
    for nobody in ({"segment": "best"}, {"event_type": "acept"}):
        code, details = await refused(retrieval, **nobody)
        assert (code, details[:9]) == (grpc.StatusCode.FAILED_PRECONDITION, "nobody is")
    assert [list(each.types) for each in retrieval.log.requests] == [["acept"]]


async def test_a_segment_that_is_none_is_told_by_its_name(retrieval):
    code, details = await refused(retrieval, segment="bets")
    assert code == grpc.StatusCode.NOT_FOUND
    assert "bets" in details


async def test_one_audience_is_found_at_a_time(retrieval):
    is_asked, go_on = asyncio.Event(), asyncio.Event()

    async def find(*_):
        is_asked.set()
        await go_on.wait()
        raise lookalike_process.TooFewError("too few")

    retrieval.audiences.find = find
    shop(retrieval.log, 8)
    seed = [f"person-{person}" for person in range(5)]
    first = asyncio.create_task(refused(retrieval, person_ids=seed))
    async with asyncio.timeout(30):
        await is_asked.wait()
    assert (await refused(retrieval, segment="best"))[0] == grpc.StatusCode.ABORTED
    go_on.set()
    assert (await first)[0] == grpc.StatusCode.FAILED_PRECONDITION


def test_what_the_child_reads_and_writes_is_what_was_packed():
    log = DeedLog({})
    log.add(
        Slice(
            ["a", "b"],
            ["purchase", "view"],
            np.array([1, 2]),
            ["o", ""],
            np.array([5, 0]),
            ["Ä > B > C", ""],
        )
    )
    deeds, in_seed, wanted = lookalike_process.unpack_input(
        lookalike_process.pack_input(
            log.deeds(), np.array([1]), lookalike_process.Wanted(7, True, 0.5, 2)
        )
    )
    assert (deeds.category_names, deeds.categories.tolist()) == (("Ä > B",), [0, -1])
    assert (deeds.orders.tolist(), in_seed.tolist()) == ([0, -1], [False, True])
    assert wanted == lookalike_process.Wanted(7, True, 0.5, 2)
