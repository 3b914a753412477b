"""What is answered to a request that no rpc can read: the wrong path, method or content type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import InvalidArgument, TouchpointError, Unimplemented
from shared.transport.asgi import Header, Scope, header, with_headers
from shared.transport.routes import Route, StreamRoute

_GRPC_WEB = (
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web+json",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
)
_OF_ANSWERS = ("application/json", "application/proto", *_GRPC_WEB)
_OF_STREAMS = ("application/connect+json", "application/connect+proto", *_GRPC_WEB)


@dataclass(frozen=True, slots=True)
class Misdirected:
    """An answer in plain HTTP: it is not known what the caller speaks."""

    status: int
    error: TouchpointError
    headers: Sequence[Header] = ()


def legible(scope: Scope) -> Scope:
    """Return the request with its content type alone, and all headers as UTF-8.

    What comes beside the type says nothing that matters (`charset`), and bytes above 127 are
    allowed in headers, whatever they mean.
    """
    given = header(scope, "content-type")
    spoken = given.partition(";")[0].strip().lower()
    if spoken == given and all(value.isascii() for _, value in scope["headers"]):
        return scope
    told = [
        (key, value if value.isascii() else value.decode("latin-1").encode())
        for key, value in scope["headers"]
    ]
    return with_headers({**scope, "headers": told}, [(b"content-type", spoken.encode())])


def misdirected(scope: Scope, route: Route | None) -> Misdirected | None:
    """Return what to answer where no rpc can be called, None where one can."""
    if route is None:
        return Misdirected(404, Unimplemented(f"there is no {scope['path'][:200]}"))
    streams = isinstance(route, StreamRoute)
    if scope["method"] != "POST":
        allowed = b"GET, POST" if streams else b"POST"
        told = "POST, or GET with Accept: text/event-stream" if streams else "POST"
        return Misdirected(405, Unimplemented(f"call it by {told}"), [(b"allow", allowed)])
    spoken, taken = header(scope, "content-type"), _OF_STREAMS if streams else _OF_ANSWERS
    if spoken in taken:
        return None
    return Misdirected(
        415, _unspoken(spoken, streams), [(b"accept-post", ", ".join(taken).encode())]
    )


def _unspoken(spoken: str, streams: bool) -> InvalidArgument:
    if spoken == "application/grpc" or spoken.startswith("application/grpc+"):
        told = "gRPC is spoken at the gRPC port; here it is Connect and gRPC-Web"
    elif streams and spoken == "application/json":
        told = "this is a stream: ask for JSON of it with Accept: text/event-stream"
    else:
        told = f"content type {spoken[:100] or 'missing'}: this is not spoken here"
    return InvalidArgument(message=told, reason="CONTENT_TYPE")
