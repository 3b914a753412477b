"""Which decisions are recorded: all while they are few, so many an hour while they are many."""

from __future__ import annotations

from random import Random

_SAVED_H = 5
"""What is not used is saved for so many hours; the first half of it is for every decision."""
_DOUBLINGS = 16
"""How often what a recorded decision stands for doubles until nothing is left."""
_LONGEST_US = 600 * 1_000_000
"""How long a turn lasts at most, should decisions become few in the middle of it."""


class Sampler:
    """Takes turns of some decisions each, of which it records one at random.

    So each is as likely as the others of its turn, also where they come in a fixed order, and
    what the recorded ones stand for adds up to all of them. The less is left of what may be
    recorded, the longer the turns, which holds the number recorded to `per_hour`.
    """

    def __init__(self, per_hour: int, random: Random) -> None:
        self._per_us = per_hour / 3_600_000_000
        self._most = float(per_hour * _SAVED_H)
        self._random = random
        self._left = self._most
        self._began_us = 0
        self._size = 0
        self._seen = 0
        self._chosen = 0

    def weight(self, now_us: int) -> int:
        """Return how many decisions the one made now stands for; 0: it is not recorded."""
        if not self._most:
            return 0
        if self._seen >= self._size or now_us - self._began_us > _LONGEST_US:
            self._begin(now_us)
        self._seen += 1
        return self._size if self._seen == self._chosen else 0

    def _begin(self, now_us: int) -> None:
        gained = max(now_us - self._began_us, 0) * self._per_us
        self._left = min(self._left + gained, self._most)
        scarcity = max(0.0, 1 - 2 * self._left / self._most)
        self._size = round(2 ** (_DOUBLINGS * scarcity))
        self._left = max(self._left - 1, 0.0)
        self._chosen = self._random.randint(1, self._size)
        self._seen = 0
        self._began_us = now_us
