"""Reports rate, errors and duration of every rpc to a meter."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from google.protobuf.message import Message
from google.rpc.code_pb2 import Code

from shared.call import Call, Handler, StreamHandler
from shared.middleware.errors import is_own_cancellation, translated
from shared.transport.status import code_of


class Meter(Protocol):
    """Where the figures go: an exporter, or a test."""

    def record(self, method: str, code: int, seconds: float) -> None:
        """Note one finished rpc with its google.rpc code."""


class Metrics:
    """Times each rpc, health left out because it never comes here."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc and record it."""
        began, code = time.perf_counter(), Code.OK
        try:
            return await following(call, request)
        except BaseException as error:
            code = _code(error, call)
            raise
        finally:
            self._meter.record(call.method, code, time.perf_counter() - began)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream and record it when it ends."""
        began, code = time.perf_counter(), Code.OK
        try:
            async with aclosing(following(call, request)) as responses:
                async for response in responses:
                    yield response
        except GeneratorExit:
            code = Code.CANCELLED
            raise
        except BaseException as error:
            code = _code(error, call)
            raise
        finally:
            self._meter.record(call.method, code, time.perf_counter() - began)


def _code(error: BaseException, call: Call) -> int:
    return Code.CANCELLED if is_own_cancellation(error) else code_of(translated(error, call))
