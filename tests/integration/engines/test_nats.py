"""The embedded NATS server, started for real."""

import asyncio
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import nats
import pytest

from shared.engines import AlreadyRunningError, NatsEngine
from tests.integration.engines.processes import assert_gone, engine, of_home


async def test_a_stream_is_there_at_the_same_address_after_a_second_start(home: Path) -> None:
    server = NatsEngine(home)
    async with server.running() as first:
        client = await nats.connect(first)
        await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
        await client.jetstream().publish("kept.1", b"hello")
        await client.close()
    async with server.running() as second:
        assert second == first
        client = await nats.connect(second)
        kept = await client.jetstream().get_msg("KEPT", 1)
        await client.close()
    assert kept.data == b"hello"


async def test_nobody_comes_in_without_the_password(home: Path) -> None:
    async with NatsEngine(home).running() as url:
        address = urlsplit(url)
        # By hand, because nats-py leaves its socket open after a refusal.
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        await reader.readline()
        writer.write(b'CONNECT {"user": "touchpoint", "pass": "guess"}\r\nPING\r\n')
        assert await reader.readline() == b"-ERR 'Authorization Violation'\r\n"
        writer.close()
        await writer.wait_closed()


async def test_a_second_start_on_the_same_home_is_refused(home: Path) -> None:
    async with NatsEngine(home).running():
        with pytest.raises(AlreadyRunningError, match=r"NATS of .* is already running"):
            await NatsEngine(home).start()


async def test_a_server_killed_by_others_comes_back_at_the_same_address(home: Path) -> None:
    async with NatsEngine(home).running() as url:
        server = engine(home, "nats-server")
        server.kill()
        assert_gone([server])
        await _until_it_listens(url)
        client = await nats.connect(url)
        assert client.is_connected
        await client.close()


async def _until_it_listens(url: str) -> None:
    """Try until a connection is taken; the test's own timeout is the limit."""
    address = urlsplit(url)
    while True:
        try:
            _, writer = await asyncio.open_connection(address.hostname, address.port)
        except OSError:
            continue
        writer.close()
        await writer.wait_closed()
        return


async def test_no_process_is_left_after_a_stop(home: Path) -> None:
    async with NatsEngine(home).running():
        running = of_home(home)
    assert_gone(running)


async def test_its_own_figures_are_served_only_when_asked_for(home: Path) -> None:
    silent, open_ = NatsEngine(home), NatsEngine(home, monitoring=True)
    async with silent.running():
        assert silent.monitoring_port is None
    async with open_.running():
        with urllib.request.urlopen(f"http://127.0.0.1:{open_.monitoring_port}/healthz") as page:
            assert page.status == 200


async def test_a_home_with_awkward_characters_in_its_path_is_fine(tmp_path: Path) -> None:
    async with NatsEngine(tmp_path / 'a "home" $of {mine}').running() as url:
        client = await nats.connect(url)
        assert client.is_connected
        await client.close()
