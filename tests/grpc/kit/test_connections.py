"""A port holds so many connections and closes the rest; of one address it holds half of them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from shared.hosting import hosted
from shared.runtime import Channels
from shared.transport import options, web_protocol
from shared.transport.connections import most_connections, most_of_one_peer
from shared.transport.web_protocol import HEAD_S
from tests.grpc.kit.callers import ask, channel_to
from tests.grpc.kit.echo import SAY, EchoServicer, stubs
from tests.grpc.kit.hosting_kit import FakePlane, RulesSettings, echo_service, settings
from tests.grpc.kit.http_kit import said, served_at
from tests.grpc.kit.test_http_limits import post

MOST = 4


@contextlib.asynccontextmanager
async def connected(address, count):
    """Hold so many silent connections; lends those that read their end."""
    host, _, port = str(address).rpartition(":")
    held = [await asyncio.open_connection(host, int(port)) for _ in range(count)]
    try:
        yield [reader for reader, _ in held]
    finally:
        for _, writer in held:
            writer.close()


async def closed(reader):
    """Return once the other end has hung up, whatever it said before."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(4096):
            continue


async def test_beyond_so_many_connections_grpc_closes_more_and_serves_who_is_there(monkeypatch):
    monkeypatch.setattr(options, "most_connections", lambda: MOST)
    opening = hosted(settings(), echo_service(EchoServicer()), FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = stubs.EchoServiceStub(channel)
        await ask(stub)
        async with connected(found.grpc, 2 * MOST) as readers, asyncio.timeout(20):
            # All but those that there was room for, beside the caller's.
            await asyncio.gather(*map(closed, readers[MOST:]))
            await ask(stub)


async def test_one_address_has_no_more_http_connections_than_its_share(monkeypatch):
    monkeypatch.setattr(web_protocol, "most_of_one_peer", lambda: MOST)
    async with served_at(EchoServicer()) as address:
        async with connected(address, MOST + 1) as readers, asyncio.timeout(20):
            await closed(readers[-1])
        # And has its room again once those are gone.
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(ConnectionError):
                    if b"200 OK" in await said(address, post(SAY, "Connection: close")):
                        break
                await asyncio.sleep(0.01)


async def test_the_share_of_an_address_is_what_the_service_is_told():
    class Small(RulesSettings):
        def connections_of_one_address(self):
            return MOST

    service = echo_service(EchoServicer(), http=True)
    async with (
        hosted(settings(Small), service, FakePlane().openers(), Channels()) as found,
        connected(found.http, MOST + 1) as readers,
        asyncio.timeout(HEAD_S / 2),
    ):
        await closed(readers[-1])


def test_an_address_has_half_of_what_a_port_holds():
    assert 2 * most_of_one_peer() == pytest.approx(most_connections(), abs=1)
