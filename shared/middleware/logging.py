"""Binds the call to its task, and leaves the one line that every rpc leaves."""

from __future__ import annotations

import asyncio
import atexit
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from contextvars import Context
from functools import lru_cache
from typing import Any

from google.protobuf.message import Message
from google.rpc.code_pb2 import Code

from shared.call import ANONYMOUS, CALLER, CURRENT_CALL, Call, Handler, StreamHandler
from shared.errors import Shed
from shared.logging import (
    FLUSH_S,
    MOST_WAITING,
    get_logger,
    plain_lines,
    timestamp,
    writes_at_once,
)
from shared.middleware.errors import is_own_cancellation, translated
from shared.transport.status import code_of

_CODE_NAMES = {number: name for name, number in Code.items()}
_NO_CALL = Context()
"""Where lines are written: not within whichever call came first."""
_OK = Code.OK
"""Looked up once: protobuf's enums find each name in Python."""
_OUR_FAULT = {Code.INTERNAL, Code.UNKNOWN, Code.UNAVAILABLE, Code.DATA_LOSS}


class Logging:
    """One line per rpc: method, code, time taken, who asked; never anything of the request.

    What was shed is told of by `ShedLog`, all of a second in one line.
    """

    def __init__(self) -> None:
        self._lines = RpcLines()

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc and log its outcome."""
        token = CURRENT_CALL.set(call)
        began = time.perf_counter()
        code: int | None = _OK
        try:
            return await following(call, request)
        except Shed:
            code = None
            raise
        except BaseException as error:
            code = _outcome(error, call)
            raise
        finally:
            if code is not None:
                known = CURRENT_CALL.get() or call
                self._lines.add(known, code, time.perf_counter() - began)
            CURRENT_CALL.reset(token)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream and log its outcome with the number of messages sent."""
        # Not reset: the generator may be closed in another context than it was begun in.
        CURRENT_CALL.set(call)
        began, sent = time.perf_counter(), 0
        code: int | None = _OK
        try:
            async with aclosing(following(call, request)) as responses:
                async for response in responses:
                    sent += 1
                    yield response
        except Shed:
            code = None
            raise
        except GeneratorExit:
            code = Code.CANCELLED
            raise
        except BaseException as error:
            code = _outcome(error, call)
            raise
        finally:
            if code is not None:
                known = CURRENT_CALL.get()
                if known is None or known.request_id != call.request_id:
                    known = call  # closed in another context than it was begun in
                self._lines.add(known, code, time.perf_counter() - began, sent=sent)


class RpcLines:
    """Puts off the making of lines, out of the way of the requests that they are about.

    Through the logger one costs 90 µs in a cold request and 12 µs among many others, over all
    services a tenth of a recommendation; the usual line is therefore made by hand, many at a
    time. What is our own fault is written at once, with all that waited before it.
    """

    def __init__(self) -> None:
        self._log = get_logger(__name__).bind()
        self._waiting: list[tuple[Call, int, float, float, dict[str, int]]] = []
        self._at_once = writes_at_once()
        atexit.register(self.flush)

    def add(self, call: Call, code: int, took_s: float, **facts: int) -> None:
        """Note one rpc that has just ended."""
        self._waiting.append((call, code, took_s, time.time(), facts))
        waiting = len(self._waiting)
        if self._at_once or code in _OUR_FAULT or waiting >= MOST_WAITING:
            self.flush()
        elif waiting == 1:
            asyncio.get_running_loop().call_later(FLUSH_S, self.flush, context=_NO_CALL)

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        plain = plain_lines()
        for call, code, took_s, ended_s, facts in waiting:
            if plain is None or code in _OUR_FAULT or facts or call.trace_id:
                self._write(call, code, took_s, ended_s, facts)
            else:
                plain.info(_by_hand(call, code, took_s, ended_s))

    def _write(self, call: Call, code: int, took_s: float, ended_s: float, facts: Any) -> None:
        write = self._log.warning if code in _OUR_FAULT else self._log.info
        write(
            "rpc_answered",
            method=call.method,
            code=_CODE_NAMES[code],
            took_ms=round(took_s * 1e3, 2),
            caller=_caller(call),
            request_id=call.request_id,
            timestamp=timestamp(ended_s),
            **({"trace_id": call.trace_id} if call.trace_id else {}),
            **facts,
        )


def _by_hand(call: Call, code: int, took_s: float, ended_s: float) -> str:
    """Begin the JSON of a line; only the caller's name may hold what has to be escaped."""
    caller = _quoted(_caller(call))
    return (
        f'{{"event":"rpc_answered","module":"{__name__}","method":"{call.method}",'
        f'"code":"{_CODE_NAMES[code]}","took_ms":{took_s * 1e3:.2f},"caller":{caller},'
        f'"request_id":"{call.request_id}","timestamp":"{timestamp(ended_s)}"'
    )


def _caller(call: Call) -> str:
    """Return who calls; of one that was refused before that was known, whom it calls itself."""
    if call.caller is ANONYMOUS:
        return call.metadata.get(CALLER, ANONYMOUS.name)
    return call.caller.name


@lru_cache(maxsize=256)
def _quoted(caller: str) -> str:
    return json.dumps(caller, ensure_ascii=False)


def _outcome(error: BaseException, call: Call) -> int:
    return Code.CANCELLED if is_own_cancellation(error) else code_of(translated(error, call))
