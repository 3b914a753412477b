"""Which failures of the driver are expected, and what a caller is told of them."""

from __future__ import annotations

from asyncpg import exceptions as pg

from shared.errors import DATABASE_SLOW, Aborted, TouchpointError, Unavailable

_SLOW = (TimeoutError, pg.QueryCanceledError)
_RACES = (pg.SerializationError, pg.DeadlockDetectedError, pg.LockNotAvailableError)
_GONE = (
    OSError,
    pg.PostgresConnectionError,
    pg.CannotConnectNowError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.IdleInTransactionSessionTimeoutError,
    pg.InsufficientResourcesError,
)

FAILURES = (*_SLOW, *_RACES, *_GONE)
"""Everything else that the driver raises is a defect of ours and passes as it is."""


def translated(error: BaseException) -> TouchpointError:
    """Return the kit's error for one of `FAILURES`, without the driver's text."""
    if isinstance(error, _SLOW):
        return Unavailable("the database did not answer in time", reason=DATABASE_SLOW)
    if isinstance(error, _RACES):
        return Aborted("a concurrent change won; try again", reason="DATABASE_RACE")
    return gone()


def gone() -> Unavailable:
    """Return the error of a database that cannot be reached."""
    return Unavailable("the database cannot be reached", reason="DATABASE_UNAVAILABLE")
