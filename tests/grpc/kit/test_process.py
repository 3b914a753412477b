"""The main of a service in a process of its own: ready line, signals, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio
import pytest

from tests.grpc.kit.echo import pb, stubs
from tests.grpc.kit.hosting_kit import ENVIRON

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def process(**environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pythonpath = os.pathsep.join(str(ROOT / part) for part in (".", "gen"))
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.grpc.kit.lonely_service",
        cwd=ROOT,
        env={"PYTHONPATH": pythonpath, "PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_says_that_it_is_ready_serves_and_ends_well(number: int) -> None:
    async with process(**ENVIRON) as started:
        assert started.stdout is not None
        line = json.loads(await asyncio.wait_for(started.stdout.readline(), 30))
        assert (line["event"], line["service"], line["pid"]) == ("ready", "rules", started.pid)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{line['grpc_port']}") as channel:
            answer = await stubs.EchoServiceStub(channel).Say(pb.SayRequest(text="x"), timeout=5)
        assert answer.text == "x"
        started.send_signal(number)
        out, err = await asyncio.wait_for(started.communicate(), 30)
    assert started.returncode == 0
    assert out == b""
    events = [json.loads(line) for line in err.decode().splitlines()]
    told = [event["event"] for event in events]
    assert told[0] == "settings_loaded"
    assert {"rpc_answered", "stopping"} <= set(told)
    assert "***" in events[told.index("settings_loaded")]["TOUCHPOINT_POSTGRES_URL"]


async def test_wrong_settings_end_the_process_before_it_listens() -> None:
    async with process(**(ENVIRON | {"TOUCHPOINT_RULES_LISTEN": "here"})) as started:
        out, err = await asyncio.wait_for(started.communicate(), 30)
    assert started.returncode == 2
    assert out == b""
    assert b"rules cannot start:\nTOUCHPOINT_RULES_LISTEN is 'here'" in err
    assert b"Traceback" not in err


async def test_a_process_that_would_be_open_beyond_this_machine_ends_with_a_sentence() -> None:
    async with process(**(ENVIRON | {"TOUCHPOINT_RULES_LISTEN": "0.0.0.0:0"})) as started:
        out, err = await asyncio.wait_for(started.communicate(), 30)
    assert (started.returncode, out) == (2, b"")
    assert b"listens beyond this machine only with both keys" in err
    assert b"Traceback" not in err


async def test_a_file_of_callers_that_is_wrong_ends_the_process_with_a_sentence(
    tmp_path: Path,
) -> None:
    file = tmp_path / "keys.yaml"
    file.write_text("callers: [{name: shop}]")
    async with process(**(ENVIRON | {"TOUCHPOINT_KEYS": str(file)})) as started:
        out, err = await asyncio.wait_for(started.communicate(), 30)
    assert (started.returncode, out) == (2, b"")
    assert b"callers[0]: hash must be a text" in err
    assert b"Traceback" not in err


async def test_a_taken_port_that_was_asked_for_ends_the_process_with_its_name() -> None:
    async with process(**ENVIRON) as first:
        assert first.stdout is not None
        line = json.loads(await asyncio.wait_for(first.stdout.readline(), 30))
        asked = ENVIRON | {"TOUCHPOINT_RULES_LISTEN": f"127.0.0.1:{line['grpc_port']}"}
        async with process(**asked) as second:
            _, err = await asyncio.wait_for(second.communicate(), 30)
    assert second.returncode == 2
    assert f"127.0.0.1:{line['grpc_port']} is taken".encode() in err
