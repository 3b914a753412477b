"""When an experiment ran, and what follows for what a report says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Ran:
    """One run; times are business time, microseconds since 1970 UTC."""

    began_us: int
    ended_us: int | None
    """None: it is still running."""
    by_definitions: bool
    """Other definitions ended it; else a date of its own."""
    changed_us: Sequence[int]
    """When shares or variants were changed within what is looked at."""
    before: tuple[int, int] | None
    """From when until when the run before this one was; None: it is the first."""

    def told(self, *, is_of_arms: bool) -> Iterator[str]:
        """Yield what to know of it; `is_of_arms`: it is about holdout and static."""
        if is_of_arms:
            have = "have" if self.ended_us is None else "had"
            yield f"Holdout and static {have} these shares since {_moment(self.began_us)}."
        if self.ended_us is not None:
            how = "by other definitions" if self.by_definitions else "by its date"
            yield (
                f"It ended on {_moment(self.ended_us)}, {how}: what came later is not in it,"
                " and these figures stay as they are."
            )
        if self.changed_us:
            moments = ", ".join(map(_moment, self.changed_us))
            yield (
                f"Shares or variants were changed while it ran ({moments}): sizes are held against"
                " the shares by which people came. Whoever came earlier is looked at for longer, so"
                " a difference to a group that was added or grew may be one of time: --since the"
                " last change looks at all for as long, once."
            )
        if self.before is not None:
            since, until = map(_moment, self.before)
            what = "The shares were others" if is_of_arms else "It ran before"
            asked = _to_ask(self.before[1])
            yield f"{what} from {since} to {until}, which is not in this: see --until {asked}."


def _moment(time_us: int) -> str:
    return f"{_utc(time_us):%Y-%m-%d %H:%M} UTC"


def _to_ask(time_us: int) -> str:
    return f"{_utc(time_us):%Y-%m-%dT%H:%M:%S}"


def _utc(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us / 1e6, UTC)
