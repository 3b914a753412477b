"""The command against a real server that answers as told."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import grpc
import grpc.aio

from shared.tls.making import make_authority, make_certificate
from touchpoint.aggregator.v1.aggregator_pb2 import Degraded
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import (
    AggregatorServiceServicer,
    add_AggregatorServiceServicer_to_server,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel


class Edge(AggregatorServiceServicer):
    """Degrades every second answer."""

    def __init__(self):
        self.requests = []
        self.shown = set()

    async def Recommend(self, request, context):  # noqa: N802 the name of the rpc
        self.requests.append(request)
        self.shown.add(dict(context.invocation_metadata()).get("authorization"))
        degraded = [Degraded(service="ranker", reason="TIMEOUT")] * (len(self.requests) % 2)
        return RecommendResponse(degraded=degraded)


class Busy(Edge):
    """Sheds every second request."""

    async def Recommend(self, request, context):  # noqa: N802
        answer = await super().Recommend(request, context)
        if answer.degraded:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too busy")
        return answer


def authority(folder):
    """Make an authority, and write its certificate down as `authority.pem`."""
    made = make_authority(datetime.now(UTC))
    (folder / "authority.pem").write_bytes(made.certificate)
    return made


def by_tls(made):
    """Return what an edge serves by, made out to this machine."""
    own = make_certificate(made, ["aggregator"], datetime.now(UTC), days=1)
    return grpc.ssl_server_credentials([(own.key, own.certificate)])


@asynccontextmanager
async def serving(edge, credentials=None):
    server = grpc.aio.server()
    add_AggregatorServiceServicer_to_server(edge, server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def load(*arguments: str, **environ: str):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "load", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environ},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_what_was_sent_is_reported():
    edge = Edge()
    async with serving(edge) as address:
        code, out, err = await load(
            *("--edge", address, "--rate", "30", "--duration", "1", "--channel", "ivr"),
            *("--placement", "ivr.menu", "--deadline-ms", "5000", "--json"),
        )

    assert code == 0, err
    found = json.loads(out)
    assert found["requests"] == len(edge.requests) > 10
    degraded = (len(edge.requests) + 1) // 2
    assert found["reasons"] == {"ranker TIMEOUT": degraded}
    assert found["deadline"]["degraded"] == degraded
    assert found["deadline"]["in_time"] == len(edge.requests) - degraded
    assert {asked.placements[0].placement for asked in edge.requests} == {"ivr.menu"}


async def test_people_of_a_file_are_asked_for(tmp_path):
    people = tmp_path / "people"
    people.write_text("customer:C1\n")
    edge = Edge()
    async with serving(edge) as address:
        code, out, err = await load(
            "--edge", address, "--rate", "20", "--duration", "1", "--people", str(people)
        )

    assert code == 0, err
    assert "latency p50 / p90 / p99 / max" in out
    assert {who.value for asked in edge.requests for who in asked.identities} == {"C1"}


async def test_a_share_in_time_that_is_missed_fails_and_says_by_how_much(tmp_path):
    picture = tmp_path / "charts" / "waits.svg"
    async with serving(Busy()) as address:
        code, out, err = await load(
            *("--edge", address, "--rate", "30", "--duration", "1", "--deadline-ms", "5000"),
            *("--min-in-time", "99.5%", "--histogram", str(picture)),
        )

    assert code == 1
    assert "shed (the edge was too busy)" in out
    assert "█" in out
    assert "were answered in time, fewer than 99.50%" in err
    assert "deadline 5000 ms" in picture.read_text()


async def test_a_picture_of_another_format_is_refused_before_anything_is_sent(tmp_path):
    code, _, err = await load("--histogram", str(tmp_path / "waits.pdf"))

    assert code == 2
    assert "a file that ends with .svg or .png" in err


async def test_a_mix_asks_for_each_channel_and_reports_on_each():
    edge = Edge()
    async with serving(edge) as address:
        code, out, err = await load(
            *("--edge", address, "--rate", "60", "--duration", "1", "--deadline-ms", "5000"),
            *("--mix", "WEB=2,CALL_CENTER=1", "--json"),
        )

    assert code == 0, err
    asked = Counter(Channel.Value.Name(request.channel) for request in edge.requests)
    parts = json.loads(out)["parts"]
    assert {name: part["in_time"] + part["degraded"] for name, part in parts.items()} == asked
    assert asked["WEB"] > asked["CALL_CENTER"] > 5
    sessions = {request.context.session_id for request in edge.requests}
    assert len(sessions) == len(edge.requests)


async def test_an_edge_that_is_not_there_is_said_with_what_to_do():
    async with serving(Edge()) as address:
        pass
    code, _, err = await load("--edge", address, "--rate", "20", "--duration", "1")

    assert code == 3
    assert f"Nobody answers at {address}" in err
    assert "touchpoint up" in err


async def test_a_file_of_people_that_is_not_there_is_named(tmp_path):
    code, _, err = await load("--people", str(tmp_path / "nobody"))

    assert code == 2
    assert f"{tmp_path / 'nobody'} cannot be read" in " ".join(err.split())


async def test_a_channel_that_does_not_exist_is_named():
    code, _, err = await load("--channel", "PIGEON")

    assert code == 2
    assert "'PIGEON' is no channel; there are WEB, APP" in err


async def test_an_edge_with_tls_is_asked_by_it_and_by_key(tmp_path):
    edge, made = Edge(), authority(tmp_path)
    async with serving(edge, by_tls(made)) as address:
        code, out, err = await load(
            *("--edge", address, "--rate", "30", "--duration", "1", "--deadline-ms", "5000"),
            *("--min-in-time", "100%", "--home", str(tmp_path), "--json"),
            TOUCHPOINT_TLS_AUTHORITY=str(tmp_path / "authority.pem"),
            TOUCHPOINT_KEY="tpk_a_b",
        )

    assert code == 0, err
    assert json.loads(out)["requests"] == len(edge.requests) > 10
    assert edge.shown == {"Bearer tpk_a_b"}
