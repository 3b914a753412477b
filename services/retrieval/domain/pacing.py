"""Whether there is time for a source, and whether it is worth it: by what it has taken lately."""

from __future__ import annotations

from collections.abc import Sequence

_HALVES_AFTER_S = 5.0
"""What is remembered of a source that is left out fades, so that it is tried again."""
_GROWTH = 2.0
_SMALL_S = 0.001
"""By one answer what is remembered at most doubles, from so little on: a hiccup is not what a
source takes, but what takes long again and again is known after a few."""
_TYPICAL_OF = 32.0
"""About so many answers make up what a source takes as a rule."""


class Pace:
    """Remembers what each source takes these days, at the longest and as a rule.

    `now_s` is monotonic.
    """

    def __init__(self) -> None:
        self._longest: dict[int, tuple[float, float]] = {}
        """By source: seconds, and when that was."""
        self._typical: dict[int, float] = {}

    def expected_s(self, source: int, now_s: float) -> float:
        """Return how long a source may take; 0: nothing is known."""
        longest_s, at_s = self._longest.get(source, (0.0, now_s))
        faded: float = longest_s * 2.0 ** ((at_s - now_s) / _HALVES_AFTER_S)
        return faded

    def note(self, source: int, spent_s: float, now_s: float) -> None:
        """Hear how long a source took."""
        typical_s = self._typical.get(source, 0.0)
        most_s = _GROWTH * max(typical_s, _SMALL_S)
        self._typical[source] = typical_s + (min(spent_s, most_s) - typical_s) / _TYPICAL_OF
        longest_s, at_s = self._longest.get(source, (0.0, now_s))
        if spent_s < longest_s / 2.0 and now_s - at_s < _HALVES_AFTER_S:
            return  # as most are: nothing has to be reckoned
        expected_s = self.expected_s(source, now_s)
        if spent_s >= expected_s:
            most_s = _GROWTH * max(expected_s, _SMALL_S)
            self._longest[source] = (min(spent_s, most_s), now_s)

    def too_dear(self, sources: Sequence[int], time_s: float, now_s: float) -> frozenset[int]:
        """Return which of the sources to leave out, so that all others have their time.

        They are those that take the longest, as few as possible. The last source always stays, and
        its time is kept back.
        """
        if sum(longest_s for longest_s, _ in self._longest.values()) <= time_s:
            return frozenset()
        expected = {source: self.expected_s(source, now_s) for source in sources}
        over_s = sum(expected.values()) - time_s
        left_out: list[int] = []
        for source in sorted(sources[:-1], key=expected.__getitem__, reverse=True):
            if over_s <= 0.0:
                break
            left_out.append(source)
            over_s -= expected[source]
        return frozenset(left_out)

    def to_spare(self, sources: Sequence[int], quality: float) -> frozenset[int]:
        """Return the dearest of some sources, so that the others take about `quality` of all.

        As few as possible. What a source takes as a rule decides, and stays as it is while nobody
        asks it: so the same ones are left out until the quality changes.
        """
        if quality >= 1.0:
            return frozenset()
        typical = {source: self._typical.get(source, 0.0) for source in sources}
        over_s = (1.0 - quality) * sum(typical.values())
        spared: list[int] = []
        for source in sorted(sources, key=typical.__getitem__, reverse=True):
            if over_s <= 0.0:
                break
            spared.append(source)
            over_s -= typical[source]
        return frozenset(spared)
