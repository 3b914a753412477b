"""The one table between domain errors and google.rpc.Status, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status

from shared import errors
from shared.errors import FieldViolation, InvalidArgument, Overloaded, TouchpointError

STATUS_DETAILS = "grpc-status-details-bin"
"""The trailing metadata that carries the serialised status."""
TRAILERS_BYTES = 6 * 1024
"""What a status may take of the trailers: callers take 8 KiB of them at the most, and of
more they see RESOURCE_EXHAUSTED instead of what was wrong."""
_MESSAGE_BYTES = 1024

CODES: Mapping[type[TouchpointError], int] = {
    errors.InvalidArgument: Code.INVALID_ARGUMENT,
    errors.NotFound: Code.NOT_FOUND,
    errors.Conflict: Code.ALREADY_EXISTS,
    errors.Aborted: Code.ABORTED,
    errors.FailedPrecondition: Code.FAILED_PRECONDITION,
    errors.Ambiguous: Code.FAILED_PRECONDITION,
    errors.OutOfRange: Code.OUT_OF_RANGE,
    errors.PermissionDenied: Code.PERMISSION_DENIED,
    errors.Unauthenticated: Code.UNAUTHENTICATED,
    errors.Overloaded: Code.RESOURCE_EXHAUSTED,
    errors.TooLarge: Code.RESOURCE_EXHAUSTED,
    errors.DeadlineExceeded: Code.DEADLINE_EXCEEDED,
    errors.Unavailable: Code.UNAVAILABLE,
    errors.Unimplemented: Code.UNIMPLEMENTED,
    errors.Cancelled: Code.CANCELLED,
    errors.Internal: Code.INTERNAL,
}
_BY_CODE: Mapping[int, type[TouchpointError]] = {
    **{code: kind for kind, code in reversed(list(CODES.items()))},
    Code.UNKNOWN: errors.Internal,
    Code.DATA_LOSS: errors.Internal,
}
_BY_REASON: Mapping[str, type[TouchpointError]] = {
    errors.Ambiguous.default_reason: errors.Ambiguous,
    errors.TooLarge.default_reason: errors.TooLarge,
}


def code_of(error: TouchpointError) -> int:
    """Return the google.rpc code of an error, that of its nearest listed ancestor."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return int(Code.UNKNOWN)


def to_status(error: TouchpointError, request_id: str) -> Status:
    """Return the status a caller gets: exactly one ErrorInfo, and what the error adds to it."""
    status = Status(code=code_of(error), message=error.message)
    info = details.ErrorInfo(reason=error.reason, domain=errors.DOMAIN, metadata=error.metadata)
    info.metadata["request_id"] = request_id
    status.details.add().Pack(info)
    if isinstance(error, InvalidArgument) and error.violations:
        bad = details.BadRequest()
        for violation in error.violations:
            bad.field_violations.add(field=violation.field, description=violation.description)
        status.details.add().Pack(bad)
    if isinstance(error, Overloaded):
        delay = Duration()
        delay.FromNanoseconds(int(error.retry_after_s * 1e9))
        status.details.add().Pack(details.RetryInfo(retry_delay=delay))
    return status


def in_trailers(status: Status) -> Status:
    """Return a status that fits into the trailers of an answer: of many violations the first."""
    if _trailing(status) <= TRAILERS_BYTES:
        return status
    bad = details.BadRequest()
    place = next((at for at, each in enumerate(status.details) if each.Is(bad.DESCRIPTOR)), None)
    shorter = _told_briefly(status, status.message)
    if place is None:
        return shorter
    status.details[place].Unpack(bad)
    found = list(bad.field_violations)
    kept = len(found)
    while kept and _trailing(shorter) > TRAILERS_BYTES:
        kept //= 2
        del bad.field_violations[kept:]
        told = "; ".join(f"{each.field}: {each.description}" for each in found[:kept])
        shorter = _told_briefly(status, f"{told}; and {len(found) - kept} more")
        shorter.details[place].Pack(bad)
    return shorter


def _trailing(status: Status) -> int:
    """Return the bytes that a status takes of the trailers: its message in them, all in base64."""
    return len(quote(status.message)) + len(status.SerializeToString()) * 4 // 3


def _told_briefly(status: Status, message: str) -> Status:
    shorter = Status()
    shorter.CopyFrom(status)
    cut = message.encode()[:_MESSAGE_BYTES].decode(errors="ignore")
    shorter.message = cut if cut == message else f"{cut}…"
    return shorter


def from_status(status: Status) -> TouchpointError:
    """Return the domain error that a peer's status stands for."""
    info, bad, retry = details.ErrorInfo(), details.BadRequest(), details.RetryInfo()
    for detail in status.details:
        for known in (info, bad, retry):
            if detail.Is(known.DESCRIPTOR):
                detail.Unpack(known)
    kind = _BY_REASON.get(info.reason) or _BY_CODE.get(status.code, errors.Internal)
    facts, message = dict(info.metadata), status.message
    if kind is InvalidArgument:
        found = [FieldViolation(v.field, v.description) for v in bad.field_violations]
        return InvalidArgument(found, message=message, reason=info.reason, metadata=facts)
    if kind is Overloaded:
        delay_s = retry.retry_delay.ToNanoseconds() / 1e9 or 0.1
        return Overloaded(message, retry_after_s=delay_s, reason=info.reason, metadata=facts)
    return kind(message, reason=info.reason, metadata=facts)
