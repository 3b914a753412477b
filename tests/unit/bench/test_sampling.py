"""A process is sampled while it works; what cannot be sampled is said with what to do."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from bench import sampling
from bench.errors import MeasurementError
from bench.sampling import sampled, sampler

BURN = "def burn():\n    while True: pass\nprint('burning', flush=True)\nburn()"


@pytest.fixture
def burning():
    """A process that does nothing but burn, once it has begun."""
    with subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


async def test_the_function_that_burns_is_seen(burning):
    try:
        stacks = await sampled(burning.pid, 1.0, lambda: asyncio.sleep(0))
    except MeasurementError as error:
        if "permission" in str(error).lower():
            pytest.skip("this machine lets nobody but root look into another process")
        raise

    assert any("burn" in frames[-1] for frames, _ in stacks)


def test_a_sampler_that_is_not_installed_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling.sys, "executable", str(tmp_path / "python"))

    with pytest.raises(MeasurementError, match=r"py-spy; install it with `make \.venv/\.dev`"):
        sampler()


async def test_a_process_that_is_gone_is_told_in_the_samplers_words(burning):
    burning.kill()
    burning.wait()

    with pytest.raises(MeasurementError, match=f"cannot sample process {burning.pid}"):
        await sampled(burning.pid, 1.0, lambda: asyncio.sleep(0))
