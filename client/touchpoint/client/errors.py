"""What a refused or failed call says, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with one field of a request."""

    field: str
    """Its path in proto names: `events[3].value.amount`."""
    description: str


class CallError(Exception):
    """A call was refused or failed; `code` says whose fault it is, `reason` which one."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        violations: tuple[Violation, ...] = (),
        retry_after_s: float | None = None,
        request_id: str = "",
    ) -> None:
        """Take the facts of a google.rpc.Status."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.violations = violations
        self.retry_after_s = retry_after_s
        self.request_id = request_id

    @property
    def is_unreachable(self) -> bool:
        """Whether nobody answered at the address."""
        return self.code is grpc.StatusCode.UNAVAILABLE and not self.reason

    def __str__(self) -> str:
        fields = "; ".join(f"{found.field}: {found.description}" for found in self.violations)
        return f"{self.message} ({fields})" if fields else self.message


class Throttled(CallError):  # noqa: N818 named as what befell the call
    """A call was not sent: the edge refused most such calls of late, so that it is spared more.

    Show your own default, and ask again with the next page; some calls are still sent, and as soon
    as the edge takes them so are the others.
    """

    def __init__(self) -> None:
        super().__init__(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "not sent: the edge is overloaded and refused most such calls of late",
            reason="THROTTLED",
        )


def call_error(error: grpc.RpcError | grpc.aio.AioRpcError) -> CallError:
    """Read the details that a server attached to its refusal; the network's own have none."""
    assert isinstance(error, grpc.Call | grpc.aio.AioRpcError)
    info, bad, retry = details.ErrorInfo(), details.BadRequest(), details.RetryInfo()
    for detail in _status(error.trailing_metadata() or ()).details:
        for known in (info, bad, retry):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    delay_s = retry.retry_delay.ToNanoseconds() / 1e9
    return CallError(
        error.code(),
        error.details() or "",
        reason=info.reason,
        violations=tuple(
            Violation(found.field, found.description) for found in bad.field_violations
        ),
        retry_after_s=delay_s or None,
        request_id=info.metadata.get("request_id", ""),
    )


def _status(trailing: Iterable[tuple[str, str | bytes]]) -> Status:
    for key, value in trailing:
        if key == _DETAILS and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:
                break
    return Status()
