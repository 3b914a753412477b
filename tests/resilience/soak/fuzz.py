"""Sends every rpc of a suite requests that nobody means; see tests/fuzzing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.processes.record import ChildRecord
from shared.testing.suite import RunningSuite, running_suite
from tests.fuzzing.examples import examples
from tests.fuzzing.methods import methods
from tests.fuzzing.rounds import fuzzed
from tests.fuzzing.sending import Logs, Sender
from tests.journeys.channels import Channels
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS
from tests.resilience.soak.result import Result
from tests.resilience.soak.sizes import Sizes

AT_ONCE = 3

Tell = Callable[[str], None]


async def fuzzing(home: Path, sizes: Sizes, seed: int, tell: Tell) -> list[Result]:
    """Return how many requests were sent, and what must not have come of them."""
    flags = ("--data", "none", "--port", "0")
    environment = for_everybody(home / "definitions")
    async with running_suite(home / "suite", *flags, environment=environment) as suite:
        async with Channels.opened(suite) as channels:
            await channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        logs, sender, before = Logs(suite.home / "logs"), Sender(suite.grpc), _pids(suite)
        try:
            await asyncio.to_thread(_sent, suite, sender, sizes.fuzzed, seed, tell)
        finally:
            sender.close()
        crashes = len(before.items() ^ _pids(suite).items())
    for defect in sender.defects.values():
        tell(str(defect)[:500])
    raised = logs.unexpected()
    for each in raised:
        tell(f"{each[:100]} ... {each[-700:]}")
    codes = ", ".join(f"{many:,} {code}" for code, many in sender.codes.most_common())
    tell(f"{codes}; {len(sender.taken)} of {len(methods())} rpcs had answers that were OK")
    return [
        Result("fuzzed_requests", sender.codes.total(), "requests", at_least=sizes.fuzzed),
        Result("fuzzed_crashes", crashes, "processes", at_most=0),
        Result("fuzzed_rpcs_with_defects", len(sender.defects), "rpcs", at_most=0),
        Result("fuzzed_unexpected_errors", len(raised), "places", at_most=0),
    ]


def _pids(suite: RunningSuite) -> dict[str, int]:
    record = ChildRecord(suite.home / "run" / "up.json").read()
    return {name: child.pid for name, child in record.items()}


def _sent(suite: RunningSuite, sender: Sender, count: int, seed: int, tell: Tell) -> None:
    known, tried = examples(suite.grpc["rules"][0]), methods()
    each, lock, done = -(-count // len(tried)), threading.Lock(), []

    def one(method) -> None:
        fuzzed(sender, [method], known, each, seed)
        with lock:
            done.append(method)
            if len(done) % 20 == 0:
                tell(f"{len(done)} of {len(tried)} rpcs, {sender.codes.total():,} requests")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, tried))
