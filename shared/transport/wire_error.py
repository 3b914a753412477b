"""Errors as the Connect protocol writes them in JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from google.protobuf import json_format
from google.rpc import error_details_pb2  # noqa: F401 lets details print as JSON
from google.rpc.code_pb2 import Code

from shared.errors import TouchpointError
from shared.transport.status import code_of, to_status

_HTTP = {
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}
"""As https://connectrpc.com/docs/protocol/#error-codes has it; 500 for what is not listed."""
CONNECT_NAMES = {
    number: "canceled" if name == "CANCELLED" else name.lower()
    for name, number in Code.items()
    if name != "OK"
}
"""How Connect writes each code."""


def http_status(error: TouchpointError) -> int:
    """Return the HTTP status of an error."""
    return _HTTP.get(code_of(error), 500)


def as_json(error: TouchpointError, request_id: str) -> bytes:
    """Return code, message and details; each detail on the wire, and as JSON for people."""
    status = to_status(error, request_id)
    details: list[dict[str, Any]] = [
        {
            "type": detail.type_url.rpartition("/")[2],
            "value": b64encode(detail.value).rstrip(b"=").decode(),
            "debug": json_format.MessageToDict(detail),
        }
        for detail in status.details
    ]
    told = {"code": CONNECT_NAMES[status.code], "message": status.message, "details": details}
    return json.dumps(told, ensure_ascii=False).encode()
