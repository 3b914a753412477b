"""Asks other services on behalf of nobody, so that a failure says whose it was."""

from __future__ import annotations

from typing import TypeVar

import grpc.aio

from shared.call import Call
from shared.client import invoke
from shared.errors import TouchpointError

SERVICE = "service"
"""In the metadata of an error: the service that was asked, as `profile`."""
Request = TypeVar("Request")
Response = TypeVar("Response")


async def ask(
    rpc: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    call: Call,
    timeout_s: float,
) -> Response:
    """Call a peer as `invoke` does; the `call` is one of our own, made for its method."""
    try:
        return await invoke(rpc, request, call, timeout_s)
    except TouchpointError as error:
        error.metadata = {**error.metadata, SERVICE: call.method.split(".")[1]}
        raise


def obstacle_of(error: Exception) -> str:
    """Say what an error holds up: by its code alone, since texts may name somebody."""
    if not isinstance(error, TouchpointError):
        return f"held up by a defect ({type(error).__name__})"
    service = error.metadata.get(SERVICE)
    return f"held up by {service} ({error.reason})" if service else f"held up ({error.reason})"
