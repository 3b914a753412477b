"""A bundle is compiled and acknowledged before it counts."""

import asyncio
import threading

import pytest

from shared.bus import InMemoryBus, Publication
from shared.bus.subjects import BUNDLE_MOVED
from shared.definitions import BundleFollower, CompileError
from shared.definitions.follower import FIRST_LOOKS_EVERY_S, LOOK_EVERY_S, SOON_EVERY_S
from shared.errors import Unavailable
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleResponse


class InMemoryDefinitions:
    """The owner, as one replica sees it."""

    def __init__(self) -> None:
        self.active_hash = ""
        self.preparing_hash = ""
        self.trial: Trial | None = None
        self.fetched: list[str] = []
        self.acknowledged: list[tuple[str, str]] = []
        self.away = False

    async def active(self) -> GetActiveBundleResponse:
        if self.away:
            raise Unavailable("away")
        return GetActiveBundleResponse(
            bundle_hash=self.active_hash, preparing_hash=self.preparing_hash, trial=self.trial
        )

    async def bundle(self, bundle_hash: str) -> Bundle:
        self.fetched.append(bundle_hash)
        return Bundle(bundle_hash=bundle_hash)

    async def acknowledge(self, bundle_hash: str, failure: str) -> None:
        self.acknowledged.append((bundle_hash, failure))


def compile_bundle(bundle: Bundle) -> str:
    if bundle.bundle_hash.startswith("bad"):
        raise CompileError("rules.yaml:3: no such field")
    return f"compiled {bundle.bundle_hash}"


@pytest.fixture
def owner() -> InMemoryDefinitions:
    return InMemoryDefinitions()


@pytest.fixture(params=[False, True], ids=["in_turn", "aside"])
def follower(
    request: pytest.FixtureRequest, owner: InMemoryDefinitions, in_memory_bus: InMemoryBus
) -> BundleFollower[str]:
    return BundleFollower(in_memory_bus, owner, compile_bundle, aside=request.param)


async def test_nothing_is_active_before_the_owner_says_so(follower: BundleFollower[str]):
    await follower.look()
    assert not follower.is_ready
    for attempt in (lambda: follower.active, lambda: follower.of("h1")):
        with pytest.raises(Unavailable):
            attempt()
    with pytest.raises(Unavailable):
        await follower.check()


async def test_a_bundle_is_compiled_and_acknowledged_before_it_is_active(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.active_hash = "h1"
    await follower.look()
    owner.preparing_hash = "h2"
    await follower.look()
    assert ("h2", "") in owner.acknowledged
    assert follower.active == "compiled h1"
    owner.active_hash, owner.preparing_hash = "h2", ""
    await follower.look()
    assert follower.active == "compiled h2"
    assert follower.of("h1") == "compiled h1"
    assert owner.fetched == ["h1", "h2"]
    await follower.check()


async def test_while_a_bundle_is_prepared_it_looks_more_often_for_a_notice_may_be_lost(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    assert follower.pace_s == FIRST_LOOKS_EVERY_S
    owner.active_hash = "h1"
    await follower.look()
    assert follower.pace_s == LOOK_EVERY_S
    owner.preparing_hash = "h2"
    await follower.look()
    assert follower.pace_s == SOON_EVERY_S
    owner.active_hash, owner.preparing_hash = "h2", ""
    await follower.look()
    assert follower.pace_s == LOOK_EVERY_S


async def test_it_does_not_look_so_often_for_ever_where_the_owner_ended_meanwhile(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.active_hash, owner.preparing_hash = "h1", "h2"
    for _ in range(100):
        await follower.look()
    assert follower.pace_s == LOOK_EVERY_S
    owner.preparing_hash = "h3"
    await follower.look()
    assert follower.pace_s == SOON_EVERY_S


async def test_requests_go_on_while_a_large_bundle_is_compiled_aside(
    owner: InMemoryDefinitions, in_memory_bus: InMemoryBus
):
    answered = threading.Event()
    compiled = []

    def compile_slowly(bundle: Bundle) -> str:
        assert answered.wait(timeout=30), "nothing else was done meanwhile"
        compiled.append(bundle.bundle_hash)
        return compile_bundle(bundle)

    follower = BundleFollower(in_memory_bus, owner, compile_slowly, aside=True)
    owner.active_hash = "h1"
    looking = [asyncio.create_task(follower.look()) for _ in range(2)]
    while not owner.fetched:
        await asyncio.sleep(0)
    answered.set()
    await asyncio.gather(*looking)
    assert follower.active == "compiled h1"
    assert compiled == ["h1"]  # once, whoever looks at the same time


async def test_a_bundle_that_does_not_compile_is_told_and_changes_nothing(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.active_hash, owner.preparing_hash = "h1", "bad"
    await follower.look()
    assert ("bad", "rules.yaml:3: no such field") in owner.acknowledged
    assert follower.active == "compiled h1"


async def test_a_bundle_that_failed_is_tried_again_when_its_cause_is_mended(
    owner: InMemoryDefinitions, in_memory_bus: InMemoryBus
):
    missing = ["the item that it is about"]

    def compile_once_known(bundle: Bundle) -> str:
        if missing:
            raise CompileError(f"{missing[0]} is not known")
        return f"compiled {bundle.bundle_hash}"

    follower = BundleFollower(in_memory_bus, owner, compile_once_known)
    for prepared in ("h1", "", "h1"):
        owner.preparing_hash = prepared
        await follower.look()
    missing.clear()
    await follower.look()
    failed = ("h1", "the item that it is about is not known")
    assert owner.acknowledged == [failed, failed, ("h1", "")]


async def test_an_active_bundle_that_fails_here_is_told_once_for_each_outcome(
    owner: InMemoryDefinitions, in_memory_bus: InMemoryBus
):
    reasons = ["one", "one", "another"]

    def compile_in_the_end(bundle: Bundle) -> str:
        if reasons:
            raise CompileError(reasons.pop(0))
        return f"compiled {bundle.bundle_hash}"

    follower = BundleFollower(in_memory_bus, owner, compile_in_the_end)
    owner.active_hash = "h1"
    for _ in range(5):
        await follower.look()
    assert owner.acknowledged == [("h1", "one"), ("h1", "another"), ("h1", "")]
    assert follower.active == "compiled h1"


async def test_the_last_three_are_kept(owner: InMemoryDefinitions, follower: BundleFollower[str]):
    for number in range(1, 6):
        owner.active_hash = f"h{number}"
        await follower.look()
    assert [follower.of(f"h{n}") for n in (3, 4, 5)] == [f"compiled h{n}" for n in (3, 4, 5)]
    for forgotten in ("h1", "h2"):
        with pytest.raises(Unavailable):
            follower.of(forgotten)


async def test_going_back_needs_no_compiling_and_is_acknowledged_again(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    for bundle_hash in ("h1", "h2"):
        owner.active_hash = bundle_hash
        await follower.look()
    owner.acknowledged.clear()
    owner.preparing_hash = "h1"
    await follower.look()
    assert owner.acknowledged == [("h1", "")]
    owner.active_hash, owner.preparing_hash = "h1", ""
    await follower.look()
    assert follower.active_hash == "h1"
    assert owner.fetched == ["h1", "h2"]


async def test_an_owner_that_comes_late_is_found_without_a_notice(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.away = True
    task = asyncio.ensure_future(follower.run())
    try:
        await asyncio.sleep(0)
        owner.away, owner.active_hash = False, "h1"
        async with asyncio.timeout(1):  # a replica that is ready looks every two seconds
            await follower.ready()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_notice_makes_it_look_at_once(
    owner: InMemoryDefinitions, follower: BundleFollower[str], in_memory_bus: InMemoryBus
):
    owner.active_hash = "h1"
    task = asyncio.ensure_future(follower.run())
    try:
        await follower.ready()
        owner.active_hash = "h2"
        await in_memory_bus.publish([Publication(BUNDLE_MOVED, 1, b"")])
        async with asyncio.timeout(1):  # the next look by itself would be after two seconds
            while follower.active_hash != "h2":
                await asyncio.sleep(0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_person_in_the_share_of_a_trial_gets_what_is_tried_until_it_ends(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.active_hash = "h1"
    owner.trial = Trial(bundle_hash="h2", share=0.5, salt="salt")
    await follower.look()
    assert follower.in_force == ["compiled h1", "compiled h2"]
    people = ("ann", "bob", "cid", "dan", "")
    assert [follower.for_person(each)[-2:] for each in people] == ["h2", "h1", "h1", "h2", "h1"]
    owner.trial = None
    await follower.look()
    assert {follower.for_person(each) for each in people} == {"compiled h1"}
    assert follower.of("h2") == "compiled h2"


async def test_what_is_tried_is_kept_however_many_are_prepared_meanwhile(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.active_hash = "h1"
    owner.trial = Trial(bundle_hash="h2", share=0.5, salt="salt")
    for number in range(3, 9):
        owner.preparing_hash = f"h{number}"
        await follower.look()
    assert [follower.of(each) for each in ("h1", "h2")] == ["compiled h1", "compiled h2"]


async def test_a_replica_that_cannot_compile_what_is_tried_does_not_become_ready(
    owner: InMemoryDefinitions, follower: BundleFollower[str]
):
    owner.active_hash = "h1"
    owner.trial = Trial(bundle_hash="bad", share=0.5, salt="salt")
    await follower.look()
    assert not follower.is_ready
    assert ("bad", "rules.yaml:3: no such field") in owner.acknowledged
    owner.trial = None
    await follower.look()
    assert follower.is_ready
