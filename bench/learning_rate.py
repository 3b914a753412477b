"""How many answers a core learns from, and how fast a large model is loaded, by child processes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.part import Measuring, Tell
from bench.scale import Scale

_TIMEOUT_S = 300.0


async def learning_rate(scale: Scale, tell: Tell) -> Measuring:
    """Measure in processes of their own; the suite stands idle."""
    whole, domain, loads = [], [], []
    for number in range(scale.rounds):
        tell(f"answers learned from and a large model loaded, round {number + 1} of {scale.rounds}")
        flow = await _step("flow")
        whole.append(flow["events"] / (flow["cpu_s"] + flow["postgres_cpu_s"]))
        tell(
            f"{flow['events']:,.0f} events: {flow['cpu_s']:.2f} s of the ranker's CPU, "
            f"{flow['postgres_cpu_s']:.2f} s of PostgreSQL's, {flow['spent_s']:.2f} s by the clock"
        )
        alone = await _step("domain")
        domain.append(alone["events"] / alone["cpu_s"])
        loads.append((await _step("snapshot"))["spent_s"])
    yield [
        Figure.median("learn_events_per_s", whole),
        Figure.median("learn_domain_events_per_s", domain),
        Figure.median("snapshot_10m_load_s", loads),
    ]


async def _step(step: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.answers_flow", step]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )
    if done.returncode:
        raise MeasurementError(f"the process of the {step} failed: {done.stderr[-500:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told
