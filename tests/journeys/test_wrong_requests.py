"""Whatever the bytes of a request are, no service breaks over them.

`make soak` sends 100,000 of them; here a few of each rpc are tried, after all other journeys:
what they leave behind in a suite is nothing that others should have to live with.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.fuzzing.examples import examples
from tests.fuzzing.methods import methods
from tests.fuzzing.rounds import fuzzed
from tests.fuzzing.sending import Logs, Sender

REQUESTS = 280
"""Two of each rpc."""
ANSWERED = 20
"""Rpcs at least that must have found sense in theirs; else nothing but refusals was tried."""

pytestmark = [pytest.mark.modes("colocated"), pytest.mark.last]


async def test_no_request_of_whatever_bytes_breaks_a_service(channels):
    grpc, logs = channels.suite.grpc, Logs(channels.suite.home / "logs")
    # The clock would be moved, for whatever comes after.
    tried = [each for each in methods() if not each.path.endswith("/MoveClock")]
    sender = Sender(grpc)
    try:
        known = await asyncio.to_thread(examples, grpc["rules"][0])
        await asyncio.to_thread(fuzzed, sender, tried, known, REQUESTS, 1)
    finally:
        sender.close()
    assert sorted(map(str, sender.defects.values())) == []
    assert logs.unexpected() == []
    assert len(sender.taken) >= ANSWERED
