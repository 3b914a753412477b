"""The deadline that a request's headers set, whichever protocol's header they use."""

from __future__ import annotations

import re

from shared.errors import FieldViolation, InvalidArgument
from shared.transport.asgi import Scope, header, with_headers

CONNECT = "connect-timeout-ms"
GRPC = "grpc-timeout"
_UNITS_S = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_MS = re.compile(r"[0-9]{1,10}")
_GRPC = re.compile(r"([0-9]{1,8})([HMSmun])")


def timeout_of(scope: Scope) -> float | None:
    """Return how many seconds the caller gives, the shorter of two headers; None without one.

    Raises InvalidArgument for what is no time: signs, fractions, more digits than the protocols
    know.
    """
    told = [each for each in (_connect(scope), _grpc(scope)) if each is not None]
    return min(told, default=None)


def _connect(scope: Scope) -> float | None:
    text = header(scope, CONNECT)
    if text and not _MS.fullmatch(text):
        raise _wrong(CONNECT, "must be whole milliseconds, of at most 10 digits")
    return float(text) / 1e3 if text else None


def _grpc(scope: Scope) -> float | None:
    text = header(scope, GRPC)
    found = _GRPC.fullmatch(text)
    if text and not found:
        raise _wrong(GRPC, "must be at most 8 digits and one of the units H, M, S, m, u, n")
    return float(found[1]) * _UNITS_S[found[2]] if found else None


def _wrong(name: str, what: str) -> InvalidArgument:
    return InvalidArgument([FieldViolation(name, what)], reason="BAD_DEADLINE")


def with_timeout(scope: Scope, timeout_s: float | None, *, grpc: bool) -> Scope:
    """Return the request with this deadline in the header of its protocol, and in no other."""
    own, other = (GRPC, CONNECT) if grpc else (CONNECT, GRPC)
    is_so = timeout_s is not None or not header(scope, own)
    if is_so and not header(scope, other):
        return scope
    without = with_headers(scope, (), (own.encode(), other.encode()))
    if timeout_s is None:
        return without
    ms = min(int(timeout_s * 1e3 + 0.5), 99_999_999)
    return with_headers(without, [(own.encode(), f"{ms}{'m' if grpc else ''}".encode())])
