"""Turns whatever a handler raises into a domain error, so that no driver's text gets out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from google.protobuf.message import Message

from shared.call import Call, Handler, StreamHandler
from shared.errors import DeadlineExceeded, Internal, TouchpointError, Unavailable
from shared.logging import get_logger

log = get_logger(__name__)


class Errors:
    """Outermost: lets domain errors and real cancellations pass and translates the rest."""

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc; raises only TouchpointError or a cancellation of this very task."""
        try:
            return await following(call, request)
        except TouchpointError:
            raise
        except (Exception, asyncio.CancelledError) as error:
            if is_own_cancellation(error):
                raise
            raise _reported(error, call) from None

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream likewise."""
        try:
            async with aclosing(following(call, request)) as responses:
                async for response in responses:
                    yield response
        except TouchpointError:
            raise
        except (Exception, asyncio.CancelledError) as error:
            if is_own_cancellation(error):
                raise
            raise _reported(error, call) from None


def is_own_cancellation(error: BaseException) -> bool:
    """Say whether this task was asked to end.

    A CancelledError that strays out of something awaited would leave the client hanging
    (grpc#29248); only the task itself knows the difference.
    """
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def translated(error: BaseException, call: Call) -> TouchpointError:
    """Return the domain error that stands for any exception out of a handler."""
    if isinstance(error, TouchpointError):
        return error
    if isinstance(error, asyncio.CancelledError):
        return Unavailable("a part of the work was cancelled", reason="CANCELLED_WITHIN")
    if isinstance(error, TimeoutError):
        if call.budget is not None and call.budget.expired():
            return DeadlineExceeded("the deadline passed while the request was handled")
        return Unavailable("a dependency did not answer in time", reason="DEPENDENCY_TIMEOUT")
    if isinstance(error, ConnectionError):
        return Unavailable("a dependency cannot be reached", reason="DEPENDENCY_UNREACHABLE")
    return Internal(f"internal error; quote request id {call.request_id}")


def _reported(error: BaseException, call: Call) -> TouchpointError:
    told = translated(error, call)
    log.error(
        "rpc_failed_unexpectedly",
        method=call.method,
        request_id=call.request_id,
        told_as=told.reason,
        exc_info=error,
    )
    return told
