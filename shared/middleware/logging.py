"""Binds the call to its task, and writes the one line that every rpc leaves."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from google.protobuf.message import Message
from google.rpc.code_pb2 import Code

from shared.call import ANONYMOUS, CALLER, CURRENT_CALL, Call, Handler, StreamHandler
from shared.logging import get_logger
from shared.middleware.errors import is_own_cancellation, translated
from shared.transport.status import code_of

_CODE_NAMES = {number: name for name, number in Code.items()}
_OUR_FAULT = {Code.INTERNAL, Code.UNKNOWN, Code.UNAVAILABLE, Code.DATA_LOSS}


class Logging:
    """One line per rpc: method, code, time taken, who asked; never anything of the request."""

    def __init__(self) -> None:
        self._log = get_logger(__name__).bind()

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc and log its outcome."""
        token = CURRENT_CALL.set(call)
        began = time.perf_counter()
        code: int = Code.OK
        try:
            return await following(call, request)
        except BaseException as error:
            code = _outcome(error, call)
            raise
        finally:
            self._report(call, code, began)
            CURRENT_CALL.reset(token)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream and log its outcome with the number of messages sent."""
        # Not reset: the generator may be closed in another context than it was begun in.
        CURRENT_CALL.set(call)
        began, sent, code = time.perf_counter(), 0, Code.OK
        try:
            async with aclosing(following(call, request)) as responses:
                async for response in responses:
                    sent += 1
                    yield response
        except GeneratorExit:
            code = Code.CANCELLED
            raise
        except BaseException as error:
            code = _outcome(error, call)
            raise
        finally:
            self._report(call, code, began, sent=sent)

    def _report(self, call: Call, code: int, began: float, **facts: int) -> None:
        write = self._log.warning if code in _OUR_FAULT else self._log.info
        write(
            "rpc_answered",
            method=call.method,
            code=_CODE_NAMES[code],
            took_ms=round((time.perf_counter() - began) * 1e3, 2),
            caller=call.metadata.get(CALLER, ANONYMOUS.name),
            **facts,
        )


def _outcome(error: BaseException, call: Call) -> int:
    return Code.CANCELLED if is_own_cancellation(error) else code_of(translated(error, call))
