"""What is known of somebody that tells their kind: the same for learning and in a request."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from services.profile.domain.event import INTEREST, SHOPPING
from services.profile.domain.interest import EPOCH_US, HALF_LIFE_US, Interests
from services.profile.domain.log import RECENT
from services.profile.domain.opinions import of_brands, of_categories
from services.profile.domain.reading import age, attribute
from services.profile.domain.state import State

AGE = "age"
CHANNEL_NAMES = (
    *("", "WEB", "APP", "PUSH", "EMAIL", "SMS"),
    *("DIRECT_MAIL", "CALL_CENTER", "IVR", "CHAT", "STORE"),
)
"""By number, as events have them."""
_SECOND_LOOK = 0.5
_BRANDS = 0.5
"""What a brand counts beside a category: what is looked at has both, and they go together."""
_MOST_CHANNELS = 3.0
"""As how many independent observations the channels of one person count at the most."""


class Seen(NamedTuple):
    """Things that somebody had to do with, as observations that may be taken for independent."""

    things: Collection[str]
    counts: list[float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A person's state, read for the kinds of things that personas are made of."""

    state: State
    now_us: int
    value_tier: Callable[[], str]
    """Computed only where it is asked for."""

    def interests(self) -> tuple[Seen, Seen]:
        """Return the categories and the brands that somebody is interested in.

        Weights are as of the last time that interest was shown: silence does not change who
        somebody is, but when they come back, what they do then counts more than what they did long
        ago.
        """
        state = self.state
        scale = 2.0 ** ((EPOCH_US - self._latest_interest_us()) / HALF_LIFE_US)
        categories, brands = of_categories(state).interests, of_brands(state).interests
        return _observed(categories, scale), _observed(brands, scale, _BRANDS)

    def _latest_interest_us(self) -> int:
        log = self.state.log
        for entry in reversed(log):
            if entry.type in INTEREST:
                return entry.time_us
        return log[0].time_us if log else EPOCH_US

    def channels(self) -> Seen:
        """Return the channels of the recent events, by name."""
        used = [entry.channel for entry in self.state.log[-RECENT:] if entry.type in SHOPPING]
        counts = {channel: used.count(channel) for channel in dict.fromkeys(used)}
        worth = _tempered(len(used), _MOST_CHANNELS) / len(used) if used else 0.0
        names = [CHANNEL_NAMES[number] for number in counts]
        return Seen(names, [count * worth for count in counts.values()])

    def attribute(self, name: str) -> str:
        """Return an attribute in text form; empty: not known."""
        if name == AGE:
            years = age(self.state, self.now_us)
            return str(years) if years else ""
        return attribute(self.state, name)


def _observed(interests: Interests, scale: float, worth: float = 1.0) -> Seen:
    """Return as how many independent observations looks at each of several subjects count.

    Who looked at something will look at it again, whatever their kind: the first look at a subject
    tells the most, and all that follow make at most one observation of it (burstiness; Rennie et
    al., Tackling the poor assumptions of naive Bayes text classifiers, 2003).
    """
    counts = [
        worth * looks / (looks + _SECOND_LOOK)
        for looks in [weight * scale for weight in interests.values()]
    ]
    return Seen(interests, counts)


def _tempered(count: float, at_most: float) -> float:
    """Return as how many independent observations that many of one person count.

    n observations with a correlation of 1/m carry as much as n·m / (m + n − 1) independent ones, at
    most m (the design effect of cluster samples; Kish, Survey Sampling, 1965).
    """
    return count * at_most / (at_most + count - 1.0)
