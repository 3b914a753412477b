"""Calls by what browsers and mail readers send of themselves: clicks on links, beacons of pages."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from google.protobuf.message import Message

from shared.callers.bearer import IN_ADDRESS
from shared.transport.asgi import JSON, Receive, Scope, replayed, with_headers

_KEY = "key"
_CREDENTIALS = {_KEY: (b"authorization", b"Bearer "), "customer": (b"x-touchpoint-customer", b"")}
"""Parameter of an address to the header that it stands for, and what that begins with."""
_OF_BODIES = (b"content-length", b"content-encoding", b"transfer-encoding")


def clicked(
    scope: Scope, rpc: str, request_type: type[Message], receive: Receive
) -> tuple[Scope, Receive]:
    """Return the call that a click is: what its address says as JSON, whatever its body says.

    What the rpc does not know is left out: who carries links adds to them (`utm_source=…`).
    """
    told = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    known = {field.json_name for field in request_type.DESCRIPTOR.fields}
    body = json.dumps({name: value for name, value in told.items() if name in known}).encode()
    return _called(scope, rpc, _OF_BODIES), replayed(body, receive)


def beaconed(scope: Scope, rpc: str) -> Scope:
    """Return the call that a beacon is: its body as JSON, for it may only call itself text.

    A page that is being left sends no headers of its own and waits for no preflight, so its key
    stands in the address.
    """
    return _called(with_credentials(scope), rpc, ())


def with_credentials(scope: Scope) -> Scope:
    """Return the request with the headers that its address stands for: `key`, `customer`.

    Neither beacons nor `EventSource` can send headers.
    """
    told = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    headers = [
        (name, before + told[parameter].encode())
        for parameter, (name, before) in _CREDENTIALS.items()
        if parameter in told
    ]
    if _KEY in told:
        headers.append((IN_ADDRESS.encode(), b"1"))
    return with_headers(scope, headers)


def _called(scope: Scope, rpc: str, without: tuple[bytes, ...]) -> Scope:
    called = {**scope, "path": rpc, "raw_path": rpc.encode(), "query_string": b""}
    return with_headers(called, [(b"content-type", JSON)], without)
