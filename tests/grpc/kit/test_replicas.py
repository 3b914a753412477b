"""Calls to a service of several replicas: who is asked, who is asked beside, who is left alone."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import pytest

from shared import client
from shared.call import own_call
from shared.client import connect, invoke
from shared.errors import DeadlineExceeded, TouchpointError, Unavailable
from shared.replicas import Extras, ReplicaChannel
from shared.replicas import channel as channel_module
from shared.replicas.addresses import Addresses
from shared.replicas.tokens import TokenBucket
from shared.testing.stalling import SERVICE, stalling_replica
from tests.grpc.kit.rules_replica import NOT_SERVING, SERVING, RulesReplica
from touchpoint.rules.v1.rules_service_pb2 import CheckRequest, CommitRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

GENEROUS_S = 10.0


@dataclass
class Asked:
    """A channel over replicas, which are told apart by who was called."""

    channel: ReplicaChannel
    stub: Any
    replicas: list[RulesReplica]

    async def check(self, timeout_s: float = GENEROUS_S) -> None:
        await invoke(self.stub.Check, CheckRequest(), own_call("/test"), timeout_s)

    async def commit(self, timeout_s: float = GENEROUS_S) -> None:
        await invoke(self.stub.Commit, CommitRequest(), own_call("/test"), timeout_s)

    async def learn(self) -> None:
        """Call both rpcs often enough to know how long they usually take."""
        for _ in range(60 * len(self.replicas)):
            await self.check()
            await self.commit()
        self.forget()

    def forget(self) -> None:
        for replica in self.replicas:
            replica.calls.clear()

    def calls(self) -> list[int]:
        return [len(replica.calls) for replica in self.replicas]


@asynccontextmanager
async def asked(count: int, extras: Extras | None = None) -> AsyncIterator[Asked]:
    async with AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(RulesReplica().running()) for _ in range(count)]
        targets = [replica.address for replica in replicas]
        channel = await stack.enter_async_context(connect(targets, SERVICE, extras or generous()))
        found = Asked(channel, RulesServiceStub(channel), replicas)
        await until(lambda: all(replica.is_ready() for replica in channel.replicas))
        yield found


def generous() -> Extras:
    """A machine that stalls must not take the calls away that a test is about."""
    return Extras(hedges=TokenBucket(share=1.0, most=1_000))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(GENEROUS_S):
        while not condition():
            await asyncio.sleep(0.01)


def failing(code: grpc.StatusCode) -> Any:
    async def behave(context: grpc.aio.ServicerContext[Any, Any]) -> None:
        await context.abort(code, "as told")

    return behave


async def silent(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    await asyncio.Event().wait()


async def test_calls_go_round() -> None:
    async with asked(3) as found:
        for _ in range(9):
            await found.commit()
        assert found.calls() == [3, 3, 3]


async def test_a_read_that_is_late_is_asked_of_the_other_replica() -> None:
    async with asked(2) as found:
        await found.learn()
        found.replicas[0].behave = silent
        await found.check()
        await found.check()
        assert found.replicas[0].calls == ["Check"]
        assert found.replicas[1].calls == ["Check", "Check"]
        assert found.channel.extras.hedges.taken >= 1


async def test_of_three_replicas_the_second_one_asked_is_never_the_first() -> None:
    async with asked(3) as found:
        await found.learn()
        for replica in found.replicas[:2]:
            replica.behave = silent
        await asyncio.gather(*(found.check(1.0) for _ in range(3)), return_exceptions=True)
        assert max(found.calls()[:2]) <= 2
        assert found.calls()[2] >= 1


async def test_what_writes_is_never_asked_twice() -> None:
    async with asked(2) as found:
        await found.learn()
        found.replicas[0].behave = silent
        ended = await asyncio.gather(found.commit(0.2), found.commit(0.2), return_exceptions=True)
        assert {type(each) for each in ended} == {type(None), DeadlineExceeded}
        assert found.calls() == [1, 1]


async def test_what_writes_is_not_repeated_when_it_fails() -> None:
    async with asked(2) as found:
        for replica in found.replicas:
            replica.behave = failing(grpc.StatusCode.UNAVAILABLE)
        with pytest.raises(Unavailable):
            await found.commit()
        assert sum(found.calls()) == 1


async def test_with_one_replica_nothing_is_asked_twice() -> None:
    async with asked(1) as found:
        await found.learn()
        found.replicas[0].behave = silent
        with pytest.raises(DeadlineExceeded):
            await found.check(0.1)
        assert found.calls() == [1]


async def test_without_budget_a_late_read_is_waited_for() -> None:
    nothing = TokenBucket(share=0.0, most=0)
    async with asked(2, Extras(hedges=nothing)) as found:
        await found.learn()
        found.replicas[0].behave = silent
        ended = await asyncio.gather(found.check(0.1), found.check(0.1), return_exceptions=True)
        assert [type(each) for each in ended].count(DeadlineExceeded) == 1
        assert found.calls() == [1, 1]


async def test_a_read_whose_replica_is_gone_is_answered_by_another() -> None:
    async with asked(2) as found:
        found.replicas[0].behave = failing(grpc.StatusCode.UNAVAILABLE)
        for _ in range(3):
            await found.check()
        assert 1 <= found.calls()[0] <= 2
        assert found.channel.extras.retries.taken == found.calls()[0]


async def test_what_is_wrong_everywhere_is_asked_again_one_time_in_ten() -> None:
    hedges, retries = TokenBucket(share=0.0, most=0), TokenBucket(share=0.1, most=1)
    async with asked(2, Extras(hedges, retries)) as found:
        for replica in found.replicas:
            replica.behave = failing(grpc.StatusCode.UNAVAILABLE)
        for _ in range(50):
            with pytest.raises(Unavailable):
                await found.check()
        assert 50 + 5 <= sum(found.calls()) <= 50 + 6


async def test_what_writes_goes_to_another_replica_if_it_never_left() -> None:
    async with asked(2) as found:
        gone = found.channel.replicas[0]
        await found.replicas[0].health.set(SERVICE, NOT_SERVING)
        await until(lambda: not gone.is_ready())
        # As if it had been ready when it was chosen, a moment before.
        found.channel.pick = lambda: gone  # type: ignore[method-assign]
        await found.commit()
        assert found.calls() == [0, 1]
        assert found.channel.extras.retries.taken == 0


async def test_a_refusal_is_an_answer_and_is_not_asked_for_again() -> None:
    async with asked(2) as found:
        for replica in found.replicas:
            replica.behave = failing(grpc.StatusCode.INVALID_ARGUMENT)
        with pytest.raises(TouchpointError):
            await found.check()
        assert sum(found.calls()) == 1


async def test_a_replica_that_fails_is_left_alone_and_tried_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with asked(2) as found:
        found.replicas[0].behave = failing(grpc.StatusCode.INTERNAL)
        for _ in range(20):
            await asyncio.gather(found.commit(), return_exceptions=True)
        assert found.calls()[0] == 4
        found.forget()
        found.replicas[0].behave = RulesReplica().behave
        now = time.monotonic()
        monkeypatch.setattr(ReplicaChannel, "_now", lambda _: now + 1.1)
        for _ in range(6):
            await found.commit()
        assert found.calls() == [3, 3]


async def test_a_replica_that_says_nothing_is_left_alone_until_it_answers() -> None:
    async with asked(2) as found:
        await found.learn()
        answer = asyncio.Event()

        async def held(context: grpc.aio.ServicerContext[Any, Any]) -> None:
            await answer.wait()

        found.replicas[0].behave = held
        for _ in range(30):
            await found.check()
        held_up = found.calls()[0]
        assert held_up <= 5
        answer.set()
        first = found.channel.replicas[0]
        await until(
            lambda: not found.channel.outliers.is_out(first, asyncio.get_running_loop().time())
        )


async def test_a_replica_that_is_not_serving_is_not_asked() -> None:
    async with asked(2) as found:
        await found.replicas[0].health.set(SERVICE, NOT_SERVING)
        await until(lambda: not found.channel.replicas[0].is_ready())
        for _ in range(6):
            await found.commit()
        assert found.calls() == [0, 6]
        await found.replicas[0].health.set(SERVICE, SERVING)
        await until(lambda: found.channel.replicas[0].is_ready())


async def test_whoever_stops_waiting_cancels_nothing() -> None:
    async with asked(2) as found:
        finished = asyncio.Event()

        async def slow(context: grpc.aio.ServicerContext[Any, Any]) -> None:
            await asyncio.sleep(0.05)
            finished.set()

        for replica in found.replicas:
            replica.behave = slow
        waiting = asyncio.create_task(found.check())
        await until(lambda: sum(found.calls()) == 1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(finished.wait(), GENEROUS_S)


async def test_a_frozen_process_costs_no_read_and_is_out_although_nobody_calls_it() -> None:
    async with (
        stalling_replica() as one,
        stalling_replica() as two,
        connect([one.address, two.address], SERVICE, generous()) as channel,
    ):
        stub = RulesServiceStub(channel)
        await until(lambda: all(replica.is_ready() for replica in channel.replicas))
        for _ in range(60):
            await invoke(stub.Check, CheckRequest(), own_call("/test"), GENEROUS_S)
        one.process.send_signal(signal.SIGSTOP)
        for _ in range(20):
            await invoke(stub.Check, CheckRequest(), own_call("/test"), GENEROUS_S)
        await until(lambda: not channel.replicas[0].is_ready())
        one.process.send_signal(signal.SIGCONT)
        await until(lambda: channel.replicas[0].is_ready())


async def test_names_are_looked_up_and_those_that_leave_may_end_their_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel_module, "LOOK_UP_EVERY_S", 0.01)
    monkeypatch.setattr(channel_module, "LOOK_UP_SOON_S", 0.01)
    hosts = ["127.0.0.1"]

    async def resolve(host: str, port: int) -> list[str]:
        assert host == "rules.example"
        if not hosts:
            raise socket.gaierror("no such name")
        return list(hosts)

    monkeypatch.setattr(client, "Addresses", lambda targets: Addresses(targets, resolve))
    async with RulesReplica().running() as replica:
        port = int(replica.address.rpartition(":")[2])
        async with connect([f"rules.example:{port}"], SERVICE) as channel:
            stub = RulesServiceStub(channel)
            await asyncio.wait_for(channel.channel_ready(), GENEROUS_S)
            leave = asyncio.Event()

            async def held(context: grpc.aio.ServicerContext[Any, Any]) -> None:
                await leave.wait()

            replica.behave = held
            calling = asyncio.create_task(
                invoke(stub.Commit, CommitRequest(), own_call("/test"), GENEROUS_S)
            )
            await until(lambda: bool(replica.calls))
            hosts[:] = ["127.0.0.2", "127.0.0.3"]
            await until(lambda: len(channel.replicas) == 2)
            leave.set()
            await calling
            hosts.clear()
            hosts[:] = ["127.0.0.1"]
            await until(lambda: len(channel.replicas) == 1)
            replica.behave = RulesReplica().behave
            await asyncio.wait_for(channel.channel_ready(), GENEROUS_S)
            await invoke(stub.Commit, CommitRequest(), own_call("/test"), GENEROUS_S)
