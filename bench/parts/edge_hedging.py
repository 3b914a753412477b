"""What asking a second replica does to the slowest reads, and how many more calls that takes."""

from __future__ import annotations

import itertools
from contextlib import AsyncExitStack

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.load.generator import drive
from cli.load.outcome import Outcome, percentile
from cli.load.schedule import poisson
from shared.call import own_call
from shared.client import connect, invoke
from shared.errors import TouchpointError
from shared.replicas import Extras, no_extras
from shared.testing.stalling import SERVICE, stalling_replica
from touchpoint.rules.v1.rules_service_pb2 import CheckRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_METHOD = "/bench/Hedging"
REPLICAS = 2
STALLING_SHARE, STALL_S = 0.01, 0.2
_CALLS_PER_S = 400.0
_TIMEOUT_S = 1.0
_WARM_UP_S = 2.0
_MS = 1e3


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Compare p99.9 of a read without and with hedging, in turn, over the same replicas.

    They answer at once but for one call in a hundred, so that it is the client that is measured.
    Beside them the same read where nothing stalls: hedging cuts nothing that the machine adds.
    """
    cuts, shares, calm_ms = [], [], []
    async with AsyncExitStack() as stack:
        stalling = await _replicas(stack, STALLING_SHARE)
        calm = await _replicas(stack, 0.0)
        for number in range(scale.rounds):
            tell(f"reads of which 1% stall, round {number + 1} of {scale.rounds}")
            alone_s, _ = await _read(stalling, no_extras(), scale.probe_s, number)
            hedged_s, share = await _read(stalling, Extras(), scale.probe_s, number)
            calm_s, _ = await _read(calm, no_extras(), scale.probe_s, number)
            cuts.append(_p999(alone_s) / _p999(hedged_s))
            shares.append(share)
            calm_ms.append(_p999(calm_s) * _MS)
            tell(
                f"p99.9 {_p999(alone_s) * _MS:.0f} ms, hedged {_p999(hedged_s) * _MS:.1f} ms for "
                f"{share:.2%} more calls; {calm_ms[-1]:.1f} ms where nothing stalls"
            )
    yield [
        Figure.median("hedging_p999_cut", cuts),
        Figure.median("hedging_extra_share", shares),
        Figure.median("unstalled_p999_ms", calm_ms),
    ]


async def _replicas(stack: AsyncExitStack, share: float) -> list[str]:
    """Return where replicas are that stall with a share of their calls; they end with the stack."""
    replicas = [
        await stack.enter_async_context(stalling_replica(share, STALL_S, seed))
        for seed in range(REPLICAS)
    ]
    return [replica.address for replica in replicas]


async def _read(
    targets: list[str], extras: Extras, duration_s: float, seed: int
) -> tuple[list[float], float]:
    """Return the seconds that each read took, in ascending order, and the share of extra calls."""
    outcomes: list[Outcome] = []
    async with connect(targets, SERVICE, extras) as channel:
        stub = RulesServiceStub(channel)

        async def check(request: CheckRequest) -> str:
            await invoke(stub.Check, request, own_call(_METHOD), _TIMEOUT_S)
            return ""

        def collect(outcome: Outcome) -> bool:
            outcomes.append(outcome)
            return False

        requests = itertools.repeat(CheckRequest())
        await channel.channel_ready()
        await drive(check, requests, poisson(_CALLS_PER_S, _WARM_UP_S, seed))
        before = extras.hedges.taken
        try:
            due = poisson(_CALLS_PER_S, duration_s, seed)
            await drive(check, requests, due, enough=collect)
        except TouchpointError as error:
            raise MeasurementError(f"a read failed: {error}") from error
    return (
        sorted(outcome.latency_s for outcome in outcomes),
        (extras.hedges.taken - before) / len(outcomes),
    )


def _p999(ordered: list[float]) -> float:
    return percentile(ordered, 0.999)
