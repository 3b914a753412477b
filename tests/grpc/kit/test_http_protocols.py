"""What else is spoken over HTTP: gRPC-Web as text, server-sent events, beacons of pages."""

from __future__ import annotations

import asyncio
import json
import struct
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared import errors
from shared.call import Call
from shared.callers.bearer import IN_ADDRESS
from shared.transport import web_server
from shared.transport.early_headers import EarlyHeaders
from shared.transport.event_stream import EventStreams
from shared.transport.http import Doors
from shared.transport.routes import StreamRoute
from tests.grpc.kit.echo import SAY, EchoServicer, pb
from tests.grpc.kit.http_kit import served, served_at

COUNT = SAY.replace("Say", "Count")
EVENTS = {"accept": "text/event-stream"}
SHOP = "https://shop.example"


def framed(message: Any) -> bytes:
    data = message.SerializeToString()
    return struct.pack(">BI", 0, len(data)) + data


def frames(body: bytes) -> list[tuple[int, bytes]]:
    found = []
    while body:
        flag, size = struct.unpack(">BI", body[:5])
        found.append((flag, body[5 : 5 + size]))
        body = body[5 + size :]
    return found


def in_parts(text: bytes) -> bytes:
    """Decode base64 that is padded wherever a part ended."""
    return b"".join(b64decode(text[at : at + 4]) for at in range(0, len(text), 4))


async def as_text(client: httpx.AsyncClient, path: str, body: bytes) -> list[tuple[int, bytes]]:
    answer = await client.post(
        path, content=body, headers={"content-type": "application/grpc-web-text"}
    )
    assert answer.headers["content-type"] == "application/grpc-web-text+proto"
    return frames(in_parts(answer.content))


async def test_grpc_web_as_text_is_the_same_in_base64() -> None:
    async with served(EchoServicer()) as client:
        said = await as_text(client, SAY, b64encode(framed(pb.SayRequest(text="web"))))
        counted = await as_text(client, COUNT, b64encode(framed(pb.CountRequest(up_to=2))))
    (flag, message), (last, trailers) = said
    assert (flag, last) == (0, 0x80)
    assert pb.SayResponse.FromString(message).text == "web"
    assert b"grpc-status: 0" in trailers
    assert [pb.CountResponse.FromString(each).number for _, each in counted[:-1]] == [0, 1]


async def test_text_that_is_padded_in_the_middle_is_understood() -> None:
    whole = framed(pb.SayRequest(text="in parts"))
    async with served(EchoServicer()) as client:
        said = await as_text(client, SAY, b64encode(whole[:5]) + b64encode(whole[5:]))
    assert pb.SayResponse.FromString(said[0][1]).text == "in parts"


@pytest.mark.parametrize(
    ("body", "status"), [(b"?", 3), (b"====", 3), (b"AAA", 3), (b64encode(b"x" * 70_000), 8)]
)
async def test_text_that_is_no_frame_is_refused_in_the_protocol(body: bytes, status: int) -> None:
    async with served(EchoServicer()) as client:
        *_, (flag, trailers) = await as_text(client, SAY, body)
    assert flag == 0x80
    assert f"grpc-status: {status}".encode() in trailers
    assert b"grpc-status-details-bin" in trailers


async def read(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Yield the events of an answer as `EventSource` would, comments as kind `:`."""
    kind = "message"
    async for line in answer.aiter_lines():
        name, _, value = line.partition(":")
        if name == "event":
            kind = value.strip()
        elif name == "data":
            yield kind, json.loads(value)
            kind = "message"
        elif line == ":":
            yield ":", None


async def test_a_stream_is_served_as_events_to_who_asks_for_them() -> None:
    async with served(EchoServicer()) as client:
        by_address = client.stream("GET", COUNT, params={"message": '{"upTo": 2}'}, headers=EVENTS)
        async with by_address as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            got = [event async for event in read(answer)]
        by_body = client.stream("POST", COUNT, json={"upTo": 2}, headers=EVENTS)
        async with by_body as answer:
            assert [event async for event in read(answer)] == got
    assert got == [("message", {}), ("message", {"number": 1}), ("end", {})]


async def test_what_is_refused_at_once_is_no_stream_of_events() -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise errors.Overloaded(retry_after_s=0.5)

    async with served(EchoServicer(behave)) as client:
        malformed = await client.get(COUNT, params={"message": '{"upToo": 2}'}, headers=EVENTS)
        assert malformed.status_code == 400
        assert "upToo" in malformed.json()["message"]
        assert (await client.get(COUNT, params={"message": "%"}, headers=EVENTS)).status_code == 400
        assert (await client.get(SAY, headers=EVENTS)).status_code == 405
        assert (await client.delete(COUNT, headers=EVENTS)).status_code == 405
        late = {**EVENTS, "connect-timeout-ms": "soon"}
        assert (await client.get(COUNT, headers=late)).status_code == 400
        late = {**EVENTS, "connect-timeout-ms": "0"}
        refused = await client.get(COUNT, params={"message": '{"upTo": 2}'}, headers=late)
    assert refused.status_code == 504
    assert refused.json()["code"] == "deadline_exceeded"


async def test_a_failure_on_the_way_is_an_event_with_its_details() -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise errors.Overloaded(retry_after_s=0.5)

    async with served(EchoServicer(behave)) as client:
        asked = client.stream("POST", COUNT, json={"upTo": 2}, headers=EVENTS)
        async with asked as answer:
            *_, (kind, told) = [event async for event in read(answer)]
    assert kind == "failed"
    assert told["code"] == "resource_exhausted"
    assert any(each["debug"].get("retryDelay") == "0.500s" for each in told["details"])


async def test_the_deadline_ends_a_stream_of_events() -> None:
    async def behave(call: Call, request: Any) -> Any:
        await asyncio.Event().wait()

    async with served(EchoServicer(behave)) as client:
        headers = {**EVENTS, "connect-timeout-ms": "50"}
        asked = client.stream("POST", COUNT, json={"upTo": 2}, headers=headers)
        async with asked as answer:
            *_, (kind, told) = [event async for event in read(answer)]
    assert (kind, told["code"]) == ("failed", "deadline_exceeded")


async def test_a_reader_of_events_that_leaves_ends_the_stream_behind() -> None:
    ended = asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with served(EchoServicer(behave)) as client:
        asked = client.stream("POST", COUNT, json={"upTo": 2}, headers=EVENTS)
        async with asked as answer:
            await anext(read(answer))
        await asyncio.wait_for(ended.wait(), 5)


async def test_a_silent_stream_of_events_gives_signs_of_life() -> None:
    silent, left = asyncio.Event(), asyncio.Event()
    sent: list[bytes] = []

    async def handle(call: Call, request: Any) -> AsyncIterator[Any]:
        await silent.wait()
        yield pb.CountResponse(number=7)

    async def send(event: Any) -> None:
        sent.append(event.get("body", b""))
        if event.get("body", b"").endswith(b":\n\n") and sent.count(b":\n\n") == 2:
            silent.set()

    async def receive() -> Any:
        await left.wait()

    scope = {"method": "GET", "headers": [], "query_string": b""}
    route = StreamRoute(COUNT, pb.CountRequest, pb.CountResponse, handle)  # type: ignore[arg-type]
    await EventStreams(1024, heartbeat_s=0.01).serve(route, "r1", scope, receive, send)
    assert sent.count(b":\n\n") >= 2
    assert sent[-2:] == [b'data: {"number":7}\n\n', b"event: end\ndata: {}\n\n"]


async def test_a_page_that_is_left_calls_without_a_preflight() -> None:
    doors = Doors(beacons={"/say": SAY})
    body, plain = json.dumps({"text": "bye"}), {"content-type": "text/plain;charset=UTF-8"}
    async with served(EchoServicer(), origins=(SHOP,), doors=doors) as client:
        own = {**plain, "origin": str(client.base_url).rstrip("/")}
        for headers in (plain, own, {**plain, "origin": SHOP}):
            answer = await client.post("/say", content=body, headers=headers)
            assert (answer.status_code, answer.json()["text"]) == (200, "bye")
        foreign = {**plain, "origin": "https://else.example"}
        refused = await client.post("/say", content=body, headers=foreign)
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"


async def test_foreign_pages_send_no_beacons_where_no_origin_is_named() -> None:
    async with served(EchoServicer(), doors=Doors(beacons={"/say": SAY})) as client:
        headers = {"content-type": "text/plain", "origin": "https://else.example"}
        refused = await client.post("/say", content="{}", headers=headers)
    assert refused.status_code == 403


@pytest.mark.parametrize("path", ["/say", COUNT])
async def test_who_cannot_send_headers_shows_the_key_in_the_address(path: str) -> None:
    servicer = EchoServicer()
    shown = {"key": "tpk_1", "customer": "ey.J", "message": "{}"}
    async with served(servicer, doors=Doors(beacons={"/say": SAY})) as client:
        if path == "/say":
            await client.post(path, params=shown, json={"text": "x"})
        else:
            await client.get(path, params=shown, headers=EVENTS)
    (call,) = servicer.calls
    assert call.metadata["authorization"] == "Bearer tpk_1"
    assert call.metadata["x-touchpoint-customer"] == "ey.J"
    assert call.metadata[IN_ADDRESS]


@pytest.mark.parametrize("kind", ["application/connect+json", "application/grpc-web"])
async def test_a_stream_that_has_nothing_to_say_yet_is_begun_all_the_same(kind: str) -> None:
    sent: list[Any] = []
    begun = asyncio.Event()

    async def send(event: Any) -> None:
        sent.append(event)
        begun.set()

    early = EarlyHeaders({"headers": [(b"content-type", kind.encode())]}, send, after_s=0.01)
    await asyncio.wait_for(begun.wait(), 5)
    await early({"type": "http.response.start", "status": 200, "headers": []})
    await early({"type": "http.response.body", "body": b"first"})
    start, body = sent
    assert start["headers"][0][1].decode() in (
        "application/connect+json",
        "application/grpc-web+proto",
    )
    assert body["body"] == b"first"


async def test_the_end_of_a_service_ends_its_streams_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_server, "_GRACE_S", 600)
    ended = asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with httpx.AsyncClient(verify=False) as client:
        serving = served_at(EchoServicer(behave))
        address = await serving.__aenter__()
        url = f"http://{address}{COUNT}"
        async with client.stream("POST", url, json={"upTo": 2}, headers=EVENTS) as answer:
            await anext(answer.aiter_lines())
            await asyncio.wait_for(serving.__aexit__(None, None, None), 10)
            assert ended.is_set()
