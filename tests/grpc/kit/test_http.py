"""The HTTP face under a real uvicorn: Connect with JSON and proto, gRPC-Web, and health."""

from __future__ import annotations

import asyncio
import json
import struct
from io import StringIO
from typing import Any

import httpx
import pytest

from shared import errors
from shared.call import Call
from shared.transport.http import Doors
from tests.grpc.kit.echo import SAY, EchoServicer, pb
from tests.grpc.kit.http_kit import STATES, served


async def say(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(SAY, json=body, headers=named)


async def test_json_goes_both_ways_in_camel_case() -> None:
    async def behave(call: Call, request: Any) -> Any:
        return pb.SayResponse(text=f"{request.loud_ness}", long_names_here=[1])

    async with served(EchoServicer(behave)) as client:
        answer = await say(client, {"text": "x", "loudNess": 2.5, "mood": "CHEERFUL"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"text": "2.5", "longNamesHere": [1]}


async def test_proto_names_are_understood_too() -> None:
    async with served(EchoServicer()) as client:
        assert (await say(client, {"text": "x", "loud_ness": 1})).status_code == 200


async def test_binary_proto_is_served_at_the_same_address() -> None:
    async with served(EchoServicer()) as client:
        answer = await client.post(
            SAY,
            content=pb.SayRequest(text="bytes").SerializeToString(),
            headers={"content-type": "application/proto"},
        )
    assert pb.SayResponse.FromString(answer.content).text == "bytes"


async def test_grpc_web_is_served_at_the_same_address() -> None:
    message = pb.SayRequest(text="web").SerializeToString()
    async with served(EchoServicer()) as client:
        answer = await client.post(
            SAY,
            content=struct.pack(">BI", 0, len(message)) + message,
            headers={"content-type": "application/grpc-web+proto"},
        )
    size = struct.unpack(">BI", answer.content[:5])[1]
    assert pb.SayResponse.FromString(answer.content[5 : 5 + size]).text == "web"
    assert b"grpc-status: 0" in answer.content[5 + size :].lower()


async def test_a_stream_is_served_as_enveloped_json() -> None:
    body = json.dumps({"upTo": 2}).encode()
    async with served(EchoServicer()) as client:
        answer = await client.post(
            SAY.replace("Say", "Count"),
            content=struct.pack(">BI", 0, len(body)) + body,
            headers={"content-type": "application/connect+json"},
        )
    assert b'{"number":1}' in answer.content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x", "lodNess": 1}, "lodNess"),
        ({"text": 5}, "text"),
        ({"loudNess": "loud"}, "loud_ness"),
        ({"mood": "GLUM"}, "mood"),
        ({"mood": []}, "mood"),
        ({"words": {"text": "x"}}, "words"),
        ({"words": [{"text": "a"}, {"txt": "b"}]}, "words[1].txt"),
        ({"words": [{"inner": {"times": "many"}}]}, "words[0].inner.times"),
        ({"words": ["a"]}, "words[0]"),
        ({"saidTime": "yesterday"}, "said_time"),
        ({"numbers": [1, "x"]}, "numbers"),
        ({"labels": {"a": {}}}, "labels"),
    ],
)
async def test_a_wrong_field_is_named_by_its_path(body: Any, field: str) -> None:
    servicer = EchoServicer()
    async with served(servicer) as client:
        answer = await say(client, body)
    told = answer.json()
    violations = [detail["debug"] for detail in told["details"] if "BadRequest" in detail["type"]]
    assert answer.status_code == 400
    assert told["code"] == "invalid_argument"
    assert [each["field"] for each in violations[0]["fieldViolations"]] == [field]
    assert field in told["message"]
    assert servicer.calls == []


async def test_all_wrong_fields_are_named_at_once() -> None:
    async with served(EchoServicer()) as client:
        told = (await say(client, {"tekst": 1, "loudNess": "x", "words": [{"times": 1.5}]})).json()
    assert [part.partition(":")[0] for part in told["message"].split("; ")] == [
        "tekst",
        "loud_ness",
        "words[0].times",
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe{}", "not valid JSON"),
        (b"[" * 10_000, "nested too deep"),
        (b'{"text":"a","text":"b"}', "a key occurs twice in one object"),
        (b"[]", "a request is an object"),
        (b'"x"', "a request is an object"),
        (b"1", "a request is an object"),
        (b"null", "a request is an object"),
    ],
)
async def test_what_is_no_json_object_is_an_invalid_argument(body: bytes, told: str) -> None:
    async with served(EchoServicer()) as client:
        answer = await client.post(SAY, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_argument"
    assert told in answer.json()["message"]


async def test_undecodable_proto_is_an_invalid_argument() -> None:
    async with served(EchoServicer()) as client:
        answer = await client.post(
            SAY, content=b"\xff\xff\xff", headers={"content-type": "application/proto"}
        )
    assert answer.status_code == 400
    assert "DecodeError" not in answer.text


async def test_an_error_carries_the_same_details_as_over_grpc() -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise errors.Overloaded(retry_after_s=0.5)

    async with served(EchoServicer(behave)) as client:
        answer = await say(client, {"text": "x"}, x_request_id="r7")
    details = {part["type"]: part["debug"] for part in answer.json()["details"]}
    assert answer.status_code == 429
    assert details["google.rpc.ErrorInfo"]["metadata"]["request_id"] == "r7"
    assert details["google.rpc.RetryInfo"]["retryDelay"] == "0.500s"


async def test_an_unforeseen_error_tells_nothing_of_itself() -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise RuntimeError("postgresql://profile:hunter2@db")

    async with served(EchoServicer(behave)) as client:
        answer = await say(client, {"text": "x"})
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.headers["x-request-id"] in answer.text


@pytest.mark.parametrize("body", [{"text": "x"}, {"text": 5}, {}])
async def test_every_answer_carries_the_request_id(body: Any) -> None:
    async with served(EchoServicer()) as client:
        answer = await say(client, body, x_request_id="mine")
    assert answer.headers.get_list("x-request-id") == ["mine"]


async def test_the_connect_timeout_is_the_budget() -> None:
    async with served(EchoServicer()) as client:
        answer = await say(client, {"text": "x"}, connect_timeout_ms="400")
    assert 0.2 < answer.json()["remainingS"] <= 0.4


async def test_a_handler_that_overruns_the_timeout_is_answered_for() -> None:
    async def behave(call: Call, request: Any) -> Any:
        await asyncio.Event().wait()

    async with served(EchoServicer(behave)) as client:
        answer = await say(client, {"text": "x"}, connect_timeout_ms="50")
    assert answer.json()["code"] == "deadline_exceeded"


async def test_a_client_that_leaves_does_not_end_what_the_handler_shields() -> None:
    entered, leave, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def decision() -> Any:
        entered.set()
        await leave.wait()
        finished.set()
        return pb.SayResponse(text="done")

    handled = asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        try:
            return await asyncio.shield(asyncio.create_task(decision()))
        except asyncio.CancelledError:
            handled.set()
            raise

    async with served(EchoServicer(behave)) as client:
        asking = asyncio.create_task(say(client, {"text": "x"}))
        await entered.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await asyncio.wait_for(handled.wait(), 5)
        leave.set()
        await asyncio.wait_for(finished.wait(), 5)


async def test_a_body_over_the_limit_is_refused() -> None:
    async with served(EchoServicer()) as client:
        answer = await say(client, {"text": "x" * 70_000})
    assert answer.json()["code"] == "resource_exhausted"


async def test_ready_says_which_dependency_is_missing() -> None:
    async with served(EchoServicer(), is_ready=False) as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json() == STATES


async def test_a_dependency_that_may_stay_away_does_not_make_it_unready() -> None:
    async with served(EchoServicer(), is_ready=True) as client:
        ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, STATES)


async def test_an_unknown_path_is_not_found() -> None:
    async with served(EchoServicer()) as client:
        assert (await client.post("/nothing/Here", json={})).status_code == 404


async def test_browsers_of_other_origins_may_not_call_by_default() -> None:
    headers = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    async with served(EchoServicer()) as client:
        answer = await client.options(SAY, headers=headers)
    assert "access-control-allow-origin" not in answer.headers


async def test_browsers_of_a_named_origin_may_call() -> None:
    headers = {"origin": "https://shop.example"}
    async with served(EchoServicer(), origins=("https://shop.example",)) as client:
        preflight = await client.options(SAY, headers=headers)
        answer = await say(client, {"text": "x"}, origin="https://shop.example")
        other = await say(client, {"text": "x"}, origin="https://else.example")
    assert preflight.status_code == 204
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in other.headers


async def test_a_header_that_cannot_go_on_in_metadata_is_told_or_left_behind() -> None:
    servicer = EchoServicer()
    async with served(servicer) as client:
        named = await client.post(SAY, json={"text": "x"}, headers={"x-touchpoint-caller": b"\xe4"})
        traced = await client.post(SAY, json={"text": "x"}, headers={"traceparent": b"\xe4"})
    assert (named.status_code, traced.status_code) == (400, 200)
    (call,) = servicer.calls
    assert not call.trace_id


async def test_where_all_origins_may_call_none_is_made_up_and_nobodys_cookies_go_along() -> None:
    async with served(EchoServicer(), origins=("*",)) as client:
        answer = await say(client, {"text": "x"}, origin="https://else.example")
        plain = await say(client, {"text": "x"})
    assert answer.headers["access-control-allow-origin"] == "https://else.example"
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in plain.headers
    assert "Origin" in plain.headers["vary"]


async def test_each_request_leaves_one_line(log_lines: StringIO) -> None:
    async with served(EchoServicer()) as client:
        await say(client, {"text": "private words"})
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["event"] for line in lines if line["module"].startswith("shared")] == [
        "rpc_answered"
    ]
    assert "private words" not in log_lines.getvalue()


async def test_a_click_is_a_call_of_what_its_address_says_whatever_its_body_says() -> None:
    async def behave(call: Call, request: Any) -> Any:
        return pb.SayResponse(text=request.text)

    async with served(EchoServicer(behave), doors=Doors(clicks={"/say": SAY})) as client:
        one_click = {"List-Unsubscribe": "One-Click"}
        answer = await client.post("/say", params={"text": "no & more"}, data=one_click)
        assert (answer.status_code, answer.json()) == (200, {"text": "no & more"})
        added = {f"utm_{number}": "x" for number in range(40)}
        answer = await client.post("/say", params={"text": "no", **added})
        assert (answer.status_code, answer.json()) == (200, {"text": "no"})
        assert (await client.get("/say", params={"text": "looked at"})).status_code == 404
