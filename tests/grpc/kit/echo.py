"""A service for the kit's tests: its proto is compiled when this module is first imported."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc_tools
from grpc_tools import protoc

from shared.binding import Binding, DeadlineLimits, bind
from shared.call import Call
from shared.validation import between, each, known_enum, length, required, validator


def _compiled() -> tuple[Any, Any]:
    with tempfile.TemporaryDirectory() as out:
        here = Path(__file__).parent
        wheel = Path(grpc_tools.__file__).parent / "_proto"
        arguments = ["protoc", f"-I{here}", f"-I{wheel}", f"--python_out={out}"]
        if protoc.main([*arguments, f"--grpc_python_out={out}", "echo.proto"]) != 0:
            raise RuntimeError("echo.proto does not compile")
        sys.path.insert(0, out)
        try:
            return importlib.import_module("echo_pb2"), importlib.import_module("echo_pb2_grpc")
        finally:
            sys.path.remove(out)


pb, stubs = _compiled()
DESCRIPTOR = pb.DESCRIPTOR.services_by_name["EchoService"]
SAY = "/touchpoint.test.v1.EchoService/Say"

Behaviour = Callable[[Call, Any], Awaitable[Any]]


class EchoServicer:
    """Answers what it was told, or behaves as a test wants it to."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour
        self.calls: list[Call] = []

    async def say(self, call: Call, request: pb.SayRequest) -> pb.SayResponse:
        self.calls.append(call)
        if self.behaviour is not None:
            return await self.behaviour(call, request)
        return pb.SayResponse(
            text=request.text,
            request_id=call.request_id,
            caller=call.caller.name,
            may_link=call.caller.may_link,
            remaining_s=-1.0 if call.budget is None else call.budget.remaining_s(),
            trace_id=call.trace_id,
        )

    async def count(self, call: Call, request: pb.CountRequest) -> AsyncIterator[pb.CountResponse]:
        self.calls.append(call)
        for number in range(request.up_to):
            yield pb.CountResponse(number=number)
            if self.behaviour is not None:
                await self.behaviour(call, request)


SAY_RULES = validator(
    required("text"),
    length("text", 1000),
    between("loud_ness", 0, 10),
    known_enum("mood", may_be_unspecified=True),
    each("words", required("text"), between("times", 0, 99), at_most=3),
)


def echo_binding(servicer: EchoServicer, limits: DeadlineLimits | None = None) -> Binding:
    """Bind an echo, by default under the kit's own limits."""
    deadlines = {} if limits is None else {"Say": limits}
    return bind(DESCRIPTOR, servicer, validators={pb.SayRequest: SAY_RULES}, deadlines=deadlines)
