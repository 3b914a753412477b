"""What is no HTTP, comes too slowly, is too large or is never read: told why, and let go."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import pytest

from shared.call import Call
from shared.transport.web_protocol import HEAD_BYTES, WebProtocol
from tests.grpc.kit.echo import SAY, EchoServicer, pb
from tests.grpc.kit.http_kit import LARGEST, said, served, served_at

COUNT = SAY.replace("Say", "Count")
BODY = b'{"text": "x"}'


class Hasty(WebProtocol):
    head_s = 0.05
    body_s = 0.05
    stalled_s = 0.05


def post(path: str = SAY, *headers: str, body: bytes = BODY, size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    lines = [f"POST {path} HTTP/1.1", "Host: edge", f"Content-Length: {length}", *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS greeting
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_bad_request(nonsense: bytes) -> None:
    async with served_at(EchoServicer()) as address:
        assert (await said(address, nonsense)).startswith(b"HTTP/1.1 400 ")
        assert b"200 OK" in await said(address, post(SAY, "Connection: close"))


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_caller_of_http_1_0_is_told_the_length_and_sent_no_chunks(encoding: str) -> None:
    asked = post(SAY, f"Accept-Encoding: {encoding}").replace(b"HTTP/1.1", b"HTTP/1.0")
    async with served_at(EchoServicer()) as address:
        head, _, body = (await said(address, asked)).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert f"content-length: {len(body)}".encode() in head.lower()
    if encoding == "identity":
        assert json.loads(body)["text"] == "x"


async def test_a_tunnel_is_refused() -> None:
    async with served_at(EchoServicer()) as address:
        answer = await said(address, b"CONNECT bank.example:443 HTTP/1.1\r\nHost: b\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize("wish", ["h2c", "websocket", "TLS/1.2"])
async def test_a_wish_for_another_protocol_is_answered_in_this_one(wish: str) -> None:
    asked = post(SAY, "Connection: Upgrade, HTTP2-Settings", f"Upgrade: {wish}")
    async with served_at(EchoServicer()) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        for part in (asked[:-4], asked[-4:], post(SAY, "Connection: close")):
            writer.write(part)
            await writer.drain()
        answers = await asyncio.wait_for(reader.read(), 10)
        writer.close()
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b'"text":"x"') == 2


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x-more: something\r\n" * 2000 + b"\r\n",
        b"GET / HTTP/1.1\r\nx-long: " + b"x" * HEAD_BYTES,  # and never an end
    ],
)
async def test_headers_beyond_the_limit_are_refused(head: bytes) -> None:
    async with served_at(EchoServicer()) as address:
        assert (await said(address, head)).startswith(b"HTTP/1.1 431 ")


async def test_whoever_says_nothing_or_half_of_it_is_let_go() -> None:
    async with served_at(EchoServicer(), protocol=Hasty) as address:
        silent, halved, cut = await asyncio.gather(
            said(address, b""),
            said(address, b"POST / HTTP/1.1\r\nHo"),
            said(address, post(size=1000)),
        )
    assert silent == b""
    assert halved.startswith(b"HTTP/1.1 408 ")
    assert cut.startswith(b"HTTP/1.1 408 ")


async def test_a_handler_may_take_longer_than_a_request_may() -> None:
    async def behave(call: Call, request: Any) -> Any:
        await asyncio.sleep(4 * Hasty.body_s)
        return pb.SayResponse(text="at last")

    async with served_at(EchoServicer(behave), protocol=Hasty) as address:
        assert b"at last" in await said(address, post(SAY, "Connection: close"))


async def test_a_reader_that_never_reads_is_cut_off() -> None:
    ended = asyncio.Event()
    much = pb.CountResponse.FromString(b"\x7a\x80\x80\x04" + b"x" * 65_536)

    class Endless(EchoServicer):
        async def count(
            self, call: Call, request: pb.CountRequest
        ) -> AsyncIterator[pb.CountResponse]:
            try:
                while True:
                    yield much
                    await asyncio.sleep(0)
            finally:
                ended.set()

    asked = post(COUNT, "Content-Type: application/grpc-web+proto", body=b"\0\0\0\0\0")
    async with served_at(Endless(), protocol=Hasty) as address:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, (address.host, address.port))
            await loop.sock_sendall(deaf, asked)
            await asyncio.wait_for(ended.wait(), 10)
        assert b"200 OK" in await said(address, post(SAY, "Connection: close"))


@pytest.mark.parametrize(
    ("path", "kind", "status", "code"),
    [
        ("/nothing/Here", "application/json", 404, "unimplemented"),
        (SAY, "application/grpc", 415, "invalid_argument"),
        (SAY, "application/grpc+proto", 415, "invalid_argument"),
        (SAY, "application/connect+json", 415, "invalid_argument"),
        (SAY, "text/plain", 415, "invalid_argument"),
        (SAY, "", 415, "invalid_argument"),
        (COUNT, "application/json", 415, "invalid_argument"),
    ],
)
async def test_what_no_rpc_can_read_is_told_in_json(
    path: str, kind: str, status: int, code: str
) -> None:
    async with served(EchoServicer()) as client:
        answer = await client.post(path, content=BODY, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["details"][0]["type"] == "google.rpc.ErrorInfo"
        assert answer.headers["x-request-id"] in answer.text


async def test_an_rpc_is_called_by_post_alone() -> None:
    async with served(EchoServicer()) as client:
        answer, stream = await client.get(SAY), await client.put(COUNT)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (stream.status_code, stream.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("name", ["connect-timeout-ms", "grpc-timeout"])
@pytest.mark.parametrize("time", ["-5", "1.5", "soon", "12345678901", "5x", "S", "٣m"])
async def test_a_deadline_that_is_no_time_is_an_invalid_argument(name: str, time: str) -> None:
    servicer = EchoServicer()
    async with served(servicer) as client:
        headers = {name.encode(): time.encode()}
        answer = await client.post(SAY, json={"text": "x"}, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "invalid_argument")
    assert told["details"][1]["debug"]["fieldViolations"][0]["field"] == name
    assert servicer.calls == []


@pytest.mark.parametrize(
    ("headers", "longest_s"),
    [
        ({"grpc-timeout": "400m"}, 0.4),
        ({"grpc-timeout": "99999999H"}, 1.0),
        ({"connect-timeout-ms": "9999999999"}, 1.0),
        ({"connect-timeout-ms": "700", "grpc-timeout": "300m"}, 0.3),
    ],
)
async def test_the_headers_of_all_protocols_set_the_deadline(
    headers: dict[str, str], longest_s: float
) -> None:
    async with served(EchoServicer()) as client:
        answer = await client.post(SAY, json={"text": "x"}, headers=headers)
    assert longest_s - 0.2 < answer.json()["remainingS"] <= longest_s


async def test_a_deadline_that_has_passed_is_told_with_its_reason() -> None:
    async with served(EchoServicer()) as client:
        headers = {"connect-timeout-ms": "0"}
        answer = await client.post(SAY, json={"text": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
    assert answer.json()["details"][0]["type"] == "google.rpc.ErrorInfo"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b'{"text": "' + b"x" * LARGEST + b'"}', 429),
        ({"content-encoding": "gzip"}, b"not gzip", 400),
        ({"content-encoding": "br"}, BODY, 501),
    ],
)
async def test_what_the_library_refuses_has_the_details_of_ours(
    headers: dict[str, str], body: bytes, status: int
) -> None:
    async with served(EchoServicer()) as client:
        kind = {"content-type": "application/json"}
        answer = await client.post(SAY, content=body, headers={**kind, **headers})
    assert answer.status_code == status
    assert [each["type"] for each in answer.json()["details"]] == ["google.rpc.ErrorInfo"]


async def test_headers_may_hold_any_bytes(log_lines: StringIO) -> None:
    async with served(EchoServicer()) as client:
        headers = {b"x-name": b"M\xfcller", b"user-agent": "Größe".encode()}
        answer = await client.post(SAY, json={"text": "x"}, headers=headers)
    assert answer.status_code == 200
    events = [json.loads(line)["event"] for line in log_lines.getvalue().splitlines()]
    assert "http_failed_unexpectedly" not in events
