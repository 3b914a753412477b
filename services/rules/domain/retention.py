"""How long rules keeps what it wrote, in business time."""

from __future__ import annotations

_DAY_US = 86_400_000_000


class Keep:
    """Ages at which rows are deleted, microseconds."""

    TRACE_US = 7 * _DAY_US
    DECISION_US = 90 * _DAY_US
    RECORDED_US = 30 * _DAY_US
    """What a sample of decisions was decided by."""
    RESULT_US = 90 * _DAY_US
    """Counts of what rules did, which name nobody."""
    FAILURE_US = 1 * _DAY_US
    """By the minute; by the hour they are among the counts."""
    CONTACT_US = 400 * _DAY_US
    """At the least; a longer window of a limit keeps them longer."""
    IMPORTED_CONTACT_US = 90 * _DAY_US
    """How old a message may be, at the least, to be entered after the fact; a longer window of a
    limit takes older ones."""
    PROMISE_US = 400 * _DAY_US
    """After it ended."""
    DECLINE_US = 760 * _DAY_US
    """As long as profile keeps the events they came from."""
    RESERVATION_US = 1 * _DAY_US
    """How long a reservation counts before it is confirmed, where nothing else is asked for."""
    LONGEST_RESERVATION_US = 90 * _DAY_US
