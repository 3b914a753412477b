"""The domain errors that may reach a caller; every other exception is our own defect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

DOMAIN = "touchpoint"
"""The `domain` of every ErrorInfo."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field of a request."""

    field: str
    """Path in proto names: `events[3].value.amount`."""
    description: str


class TouchpointError(Exception):
    """An expected failure; its message is meant for the caller and holds no driver's text."""

    default_reason: ClassVar[str] = "UNKNOWN"

    def __init__(
        self, message: str, *, reason: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        """Take the sentence for the caller, an UPPER_SNAKE reason and facts for programs."""
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.metadata: Mapping[str, str] = metadata or {}


class InvalidArgument(TouchpointError):
    """The request is wrong in itself: the caller's fault, repeating it does not help."""

    default_reason = "INVALID_ARGUMENT"

    def __init__(
        self,
        violations: Iterable[FieldViolation] = (),
        *,
        message: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Take every violation found; the message is made of them unless one is given."""
        self.violations = tuple(violations)
        text = message or "; ".join(f"{v.field}: {v.description}" for v in self.violations)
        super().__init__(text or "invalid request", reason=reason, metadata=metadata)


class NotFound(TouchpointError):
    """What is asked for does not exist: expected."""

    default_reason = "NOT_FOUND"


class Conflict(TouchpointError):
    """The thing exists already and differs: the caller's fault (same id, different content)."""

    default_reason = "ALREADY_EXISTS"


class Aborted(TouchpointError):
    """A race was lost: nobody's fault, the caller may repeat the whole operation."""

    default_reason = "ABORTED"


class FailedPrecondition(TouchpointError):
    """The system is not in a state for this: repeat only after that state has changed."""

    default_reason = "FAILED_PRECONDITION"


class Ambiguous(FailedPrecondition):
    """An identity fits several persons, so no one person can be meant."""

    default_reason = "AMBIGUOUS_IDENTITY"


class OutOfRange(TouchpointError):
    """A position lies outside of what is kept: begin again from the start."""

    default_reason = "OUT_OF_RANGE"


class PermissionDenied(TouchpointError):
    """The caller is known and may not do this."""

    default_reason = "PERMISSION_DENIED"


class Unauthenticated(TouchpointError):
    """It is not known who the caller is."""

    default_reason = "UNAUTHENTICATED"


class Overloaded(TouchpointError):
    """More load than capacity: expected, the caller should wait before it repeats."""

    default_reason = "OVERLOADED"

    def __init__(
        self,
        message: str = "more requests than can be served in time",
        *,
        retry_after_s: float = 0.1,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Take the seconds after which trying again makes sense."""
        super().__init__(message, reason=reason, metadata=metadata)
        self.retry_after_s = retry_after_s


class TooLarge(TouchpointError):
    """The request is larger than is taken: the caller's fault, repeating it does not help."""

    default_reason = "TOO_LARGE"


class Shed(Overloaded):
    """Refused before any work was spent on it; counted and logged together with others."""


class DeadlineExceeded(TouchpointError):
    """The budget is spent: expected under load or with a short deadline."""

    default_reason = "DEADLINE_EXCEEDED"


DATABASE_SLOW = "DATABASE_SLOW"
"""Reason of what the database did not do in time: less at once may be quicker."""


class Unavailable(TouchpointError):
    """A dependency or a peer does not answer: our fault or the network's, may be repeated."""

    default_reason = "UNAVAILABLE"


class Unimplemented(TouchpointError):
    """There is no such rpc, or not here."""

    default_reason = "UNIMPLEMENTED"


class Cancelled(TouchpointError):
    """The caller went away before the answer."""

    default_reason = "CANCELLED"


class Internal(TouchpointError):
    """Our own defect; the caller learns the request id, the log the rest."""

    default_reason = "INTERNAL"


LASTING = (
    InvalidArgument,
    NotFound,
    Conflict,
    FailedPrecondition,
    PermissionDenied,
    Unauthenticated,
    Unimplemented,
    TooLarge,
)
"""Refusals: the same request is answered the same until somebody mends its cause."""
