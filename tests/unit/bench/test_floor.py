"""The floor answers through six processes, with messages as large as those recorded."""

from __future__ import annotations

import grpc.aio
import pytest

from bench.floor import EDGE, SERVICES, STAGES, Handlers, edge, leaf
from bench.floor_graph import floor

SIZES = {EDGE: [(80, 900)], **{name: [(1_000, 300)] for name in SERVICES}}


async def test_a_request_passes_through_all_processes():
    async with floor(SIZES) as found:
        latencies = await found.subject.one_by_one(3)

    assert len(latencies) == 3
    assert found.pids.keys() == {"aggregator", *SERVICES.values()}


async def test_every_process_of_the_floor_ends_with_it():
    async with floor(SIZES) as found:
        running = found.subject.processes.roots

    assert not any(process.is_running() for process in running)


@pytest.fixture
async def leaves():
    """All five services in one, remembering what they were asked."""
    asked = []

    def remembering(name):
        answer = leaf(iter([(0, 300)] * 10))

        async def behaviour(request, context):
            asked.append((name, len(request)))
            return await answer(request, context)

        return behaviour

    server = grpc.aio.server(handlers=[Handlers({name: remembering(name) for name in SERVICES})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}", asked
    await server.stop(None)


async def test_calls_are_made_in_order_and_with_the_recorded_sizes(leaves):
    address, asked = leaves
    sizes = {name: iter([(len(name), 7)]) for name in (EDGE, *SERVICES)}

    answer = await edge(sizes, dict.fromkeys(set(SERVICES.values()), address))(b"", None)

    assert len(answer) == 7
    assert sorted(asked) == sorted((name, len(name)) for name in SERVICES)
    in_order = [name for name, _ in asked]
    stages = [next(i for i, stage in enumerate(STAGES) if name in stage) for name in in_order]
    assert stages == sorted(stages)
