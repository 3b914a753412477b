"""How well and how fast an index over a million vectors finds, whole and filtered."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.load.outcome import percentile

VECTORS = 1_000_000
VECTORS_LARGE = 10_000_000
_TIMEOUT_S = 3000.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Build and search in processes of their own; the suite stands idle."""
    del suite, scale
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        built, found = await _measured(Path(folder), VECTORS, tell)
    filtered = found["filtered"]
    yield [
        _single("index_recall_at_200", found["recall"]),
        _single("index_memory_ratio", found["memory_ratio"]),
        _single("index_build_s", built["build_s"]),
        _single("index_search_p50_ms", percentile(sorted(found["spent_ms"]), 0.5)),
        _single("index_search_p99_ms", percentile(sorted(found["spent_ms"]), 0.99)),
        Figure.pooled(
            "index_filtered_recall",
            min(each["recall"] for each in filtered),
            [each["recall"] for each in filtered],
        ),
        _single("index_filtered_count_share", min(each["count"] for each in filtered)),
        _single("index_filtered_p99_ms", percentile(sorted(filtered[0]["spent_ms"]), 0.99)),
    ]


async def measure_large(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Do the same with ten times as many, within a bound on memory."""
    del suite, scale
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        built, found = await _measured(Path(folder), VECTORS_LARGE, tell)
    yield [
        _single("index_10m_build_s", built["build_s"]),
        _single("index_10m_build_peak_mb", built["peak_mb"]),
        _single("index_10m_search_peak_mb", found["peak_mb"]),
        _single("index_10m_recall_at_200", found["recall"]),
        _single("index_10m_search_p99_ms", percentile(sorted(found["spent_ms"]), 0.99)),
    ]


async def _measured(folder: Path, count: int, tell: Tell) -> tuple[dict[str, Any], dict[str, Any]]:
    tell(f"building an index of {count:,} vectors")
    built = await _step("build", folder, count)
    tell(
        f"{built['kind']}, {built['lists']:,} lists, {built['scanned']:,} vectors or more compared "
        f"by a search; built in {built['build_s']:.0f} s with {built['peak_mb']:,.0f} MB"
    )
    found = await _step("search", folder, count)
    tell(
        f"opened in {found['opened_s'] * 1000:.0f} ms; a search takes "
        f"{percentile(sorted(found['spent_ms']), 0.5):.2f} ms, "
        f"comparing all {built['exact_ms']:.1f} ms"
    )
    return built, found


async def _step(step: str, folder: Path, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.vectors", step, str(folder), str(count)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )
    if done.returncode:
        raise MeasurementError(f"the process that should {step} failed: {done.stderr[-500:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _single(name: str, value: float) -> Figure:
    return Figure.pooled(name, value, [value])
