"""From when on an experiment is looked at, and whether it may be looked at whenever one likes.

Looks at any time need data that only grow. A beginning that moves lets other people in and out at
every look, and who is in depends on whether they came back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from services.ranker.domain.answers import DAY_US

_LATE_BY_US = DAY_US


class Why(Enum):
    """What a report begins with."""

    BEGAN = auto()
    """The beginning of the experiment."""
    ASKED = auto()
    """A later time that was asked for."""
    LATELY = auto()
    """The last days, for it has no beginning of its own."""
    FORGOTTEN = auto()
    """The first decision that the journal still has."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """From when on, and why."""

    since_us: int
    why: Why
    first_us: int | None = None
    """When somebody was first decided for in it; None: nobody knows."""

    @property
    def holds_at_all_looks(self) -> bool:
        """Whether every look begins there, with all who were in it since."""
        return self.why is Why.BEGAN

    def as_kept(self, decided_us: int | None, until_us: int, remembered_us: int) -> Beginning:
        """Return it by the first decision that the journal has since then; None: it has none.

        The journal forgot nothing that was decided since `remembered_us`: if it has nothing of
        before, then where nobody knows of a decision nobody may have come.
        """
        kept_us = until_us if decided_us is None else decided_us
        if self.why is not Why.BEGAN:
            return Beginning(max(self.since_us, kept_us), self.why, self.first_us)
        is_known = self.first_us is not None or self.since_us < remembered_us
        known_us = self.since_us if self.first_us is None else self.first_us
        if not is_known or kept_us - known_us <= _LATE_BY_US:
            return self
        return Beginning(kept_us, Why.FORGOTTEN, self.first_us)

    def told(self) -> Iterator[str]:
        """Yield what cannot be said because of it."""
        if self.why is Why.ASKED:
            yield f"It is looked at from a time that was asked for, not since it began: {_ONE_LOOK}"
        elif self.why is Why.LATELY:
            yield f"It has no beginning of its own, and is looked at over some days: {_ONE_LOOK}"
        elif self.why is Why.FORGOTTEN:
            yield (
                "The journal has forgotten the decisions of when it began, and whoever was met only"
                f" then is missing (keep it longer: TOUCHPOINT_JOURNAL_DAYS): {_ONE_LOOK}"
            )


_ONE_LOOK = (
    "the intervals hold for one look, at a time that was set before, and not for looks whenever one"
    " likes; and who had come before is in it only if they came back."
)


def began(first_us: int | None, starts_us: int | None, asked_us: int | None) -> Beginning | None:
    """Return when an experiment began; None: it did not, for nobody was in it.

    `first_us` is when somebody was first decided for in it, `starts_us` the date that it says, and
    `asked_us` what the asker says, which goes before where it is later.
    """
    known = [each for each in (first_us, starts_us) if each is not None]
    if asked_us is not None and (not known or asked_us > min(known)):
        return Beginning(asked_us, Why.ASKED, first_us)
    return Beginning(min(known), Why.BEGAN, first_us) if known else None
