"""Which failures of the driver are expected, and what a caller is told of them."""

from __future__ import annotations

from asyncpg import exceptions as pg

from shared.errors import DATABASE_SLOW, Aborted, InvalidArgument, TouchpointError, Unavailable

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

_UNTEXT = (pg.CharacterNotInRepertoireError, pg.UntranslatableCharacterError)
"""Text that PostgreSQL does not hold, such as one with a NUL in it."""

FAILURES = (*_SLOW, *_RACES, *_GONE)
"""Everything else that the driver raises is a defect of ours and passes as it is."""


def translated(error: BaseException) -> TouchpointError:
    """Return the kit's error for one of `FAILURES`, without the driver's text."""
    if isinstance(error, _SLOW):
        return Unavailable("the database did not answer in time", reason=DATABASE_SLOW)
    if isinstance(error, _RACES):
        return Aborted("a concurrent change won; try again", reason="DATABASE_RACE")
    return gone()


def is_unfit(error: BaseException) -> bool:
    """Say whether a value was refused because no column holds such a one.

    A number beyond 64 bits, an id that is no UUID, a text with a NUL: the driver says so itself,
    before it asks the server, by DataError and no kind of it.
    """
    return type(error) is pg.DataError or isinstance(error, _UNTEXT)


def unfit() -> InvalidArgument:
    """Return the error of such a value; it can only have come with the request."""
    return InvalidArgument(
        message="the request holds a value that cannot be kept: text with a NUL, a number beyond "
        "64 bits or an id of another form",
        reason="VALUE_UNFIT",
    )


def gone() -> Unavailable:
    """Return the error of a database that cannot be reached."""
    return Unavailable("the database cannot be reached", reason="DATABASE_UNAVAILABLE")
