"""The generator is an open loop: nothing that the server does changes when requests are sent."""

from __future__ import annotations

import asyncio
import itertools

import grpc
import grpc.aio
import pytest

from cli.load.generator import drive
from cli.load.outcome import Fate, InvalidAnswerError, NothingSentError


async def answer_at_once(_: int) -> str:
    return ""


async def test_a_request_is_sent_although_the_one_before_it_is_not_answered():
    second_was_sent = asyncio.Event()

    async def send(number: int) -> str:
        if number == 2:
            second_was_sent.set()
        await second_was_sent.wait()
        return ""

    async with asyncio.timeout(5):
        summary = await drive(send, itertools.count(1), [0.0, 0.0])

    assert summary.answered == 2


async def test_latency_counts_from_when_a_request_was_due_and_not_from_when_it_was_sent():
    summary = await drive(answer_at_once, itertools.count(), [-0.5])

    assert 500 <= summary.p50_ms < 1_000
    assert summary.late_sends == 1


async def test_a_request_sent_when_it_was_due_is_not_late():
    summary = await drive(answer_at_once, itertools.count(), [0.0])

    assert summary.late_sends == 0


async def test_an_answer_that_names_degraded_services_is_degraded():
    async def send(_: int) -> str:
        return "ranker TIMEOUT"

    summary = await drive(send, itertools.count(), [0.0, 0.0])

    assert (summary.answered, summary.degraded) == (0, 2)
    assert summary.reasons == {"ranker TIMEOUT": 2}


async def test_a_status_is_a_failure_of_its_name():
    async def send(_: int) -> str:
        nothing = grpc.aio.Metadata()
        raise grpc.aio.AioRpcError(grpc.StatusCode.RESOURCE_EXHAUSTED, nothing, nothing)

    summary = await drive(send, itertools.count(), [0.0])

    assert summary.failed == 1
    assert summary.reasons == {"RESOURCE_EXHAUSTED": 1}


async def test_an_answer_that_cannot_be_used_is_an_outcome_with_its_reason():
    async def send(_: int) -> str:
        raise InvalidAnswerError("EMPTY")

    summary = await drive(send, itertools.count(), [0.0])

    assert summary.failed == 1
    assert summary.reasons == {"EMPTY": 1}


async def test_an_error_that_is_no_status_ends_the_run():
    async def send(_: int) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await drive(send, itertools.count(), [0.0])


async def test_the_run_ends_early_once_enough_was_seen():
    seen = []

    def enough(outcome) -> bool:
        seen.append(outcome.fate)
        return len(seen) == 2

    summary = await drive(answer_at_once, itertools.count(), itertools.repeat(0.0), enough=enough)

    assert seen[:2] == [Fate.ANSWERED, Fate.ANSWERED]
    assert summary.requests == len(seen) < 10


async def test_progress_is_told_in_seconds_of_the_run():
    told: list[float] = []

    await drive(answer_at_once, itertools.count(), [0.0, 0.001], told.append)

    assert told == [0.0, 0.001]


async def test_a_run_in_which_nothing_falls_due_is_refused():
    with pytest.raises(NothingSentError, match="no request fell due"):
        await drive(answer_at_once, itertools.count(), [])
