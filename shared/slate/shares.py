"""How often each candidate is chosen over many draws of the scores: its selection probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.slate.assembly import GroupLimit, Place

_OUT = -np.inf
Scores = NDArray[np.float32]
Mask = NDArray[np.bool_]


def selection_shares(
    scores: Scores,
    place_bits: NDArray[np.uint32],
    families: NDArray[np.integer],
    places: Sequence[Place],
    limits: Sequence[GroupLimit] = (),
) -> list[NDArray[np.float64]]:
    """Return for each placement the share of the draws in which it shows each candidate.

    `scores` are of shape (draws, candidates), all else is as `assemble` takes it; each draw fills
    the page just as `assemble` does, all draws at once, one position after the other. So when the
    page that is shown is that of a draw picked at random, the share is the probability that it
    shows the candidate there, given the draws.
    """
    page = _Pages(scores, families, limits, len(places))
    return [page.fill(index, place, place_bits) for index, place in enumerate(places)]


class _Group:
    """A limit, with how many of each of its groups every draw shows."""

    def __init__(self, limit: GroupLimit, draws: int) -> None:
        self.place = limit.place
        self._at_most = limit.at_most
        # Numbered anew, 0 first: groups may be numbers out of a whole catalogue.
        numbers, found = np.unique([0, *limit.groups], return_inverse=True)
        self._groups = found[1:]
        self._shown = np.zeros((draws, len(numbers)), np.int32)
        self.full_from_start: Mask = (self._groups > 0) & (self._at_most <= 0)

    def take(self, live: Mask, picks: NDArray[np.intp]) -> Mask | None:
        """Count what the live draws show; returns what is full in each draw, None: nothing is."""
        groups = self._groups[picks]
        every = np.arange(len(picks))
        self._shown[every, groups] += live
        full = (self._shown[every, groups] >= self._at_most) & (groups > 0) & live
        if not full.any():
            return None
        out: Mask = full[:, None] & (self._groups[None, :] == groups[:, None])
        return out


class _Pages:
    """The pages of all draws while they are filled."""

    def __init__(
        self,
        scores: Scores,
        families: NDArray[np.integer],
        limits: Sequence[GroupLimit],
        places: int,
    ) -> None:
        self._scores = scores
        self._last = places - 1
        draws, count = scores.shape
        own = np.arange(-1, -1 - count, -1)
        self._keys = np.where(families > 0, families.astype(np.int64), own).astype(np.int32)
        self._has_families = len(set(self._keys.tolist())) < count
        self._groups = [_Group(limit, draws) for limit in limits if any(limit.groups)]
        self._gone: Mask = np.zeros(scores.shape, np.bool_)

    def fill(self, index: int, place: Place, place_bits: NDArray[np.uint32]) -> NDArray[np.float64]:
        """Fill one placement in every draw and return the shares, shape (candidates,)."""
        work = self._open(index, place, place_bits)
        groups = [group for group in self._groups if group.place in (-1, index)]
        for group in groups:
            work[:, group.full_from_start] = _OUT
        draws, count = work.shape
        chosen = np.zeros(count)
        every = np.arange(draws)
        steps = min(place.limit, count)
        for step in range(steps):
            picks = work.argmax(axis=1)
            live = work[every, picks] > _OUT
            if not live.any():
                break
            chosen += np.bincount(picks[live], minlength=count)
            if step + 1 < steps or index < self._last:
                self._take(work, live, picks, groups, for_good=index < self._last)
        shares: NDArray[np.float64] = chosen / draws
        return shares

    def _open(self, index: int, place: Place, place_bits: NDArray[np.uint32]) -> Scores:
        """Return the scores at one placement; what may not fill it is out."""
        allowed = (place_bits & np.uint32(1 << index)) != 0
        work = self._scores.copy()
        standing = [at for at in place.standing if allowed[at]]
        if place.exact:
            allowed = np.zeros_like(allowed)
            allowed[standing] = True
        if standing:
            # Any score is finite in single precision: what stands goes before it.
            work = work.astype(np.float64)
            top = 2.0 * float(np.finfo(np.float32).max)
            work[:, standing] = top * np.arange(len(standing), 0, -1)
        work[self._gone] = _OUT
        work[:, ~allowed] = _OUT
        return work

    def _take(
        self,
        work: Scores,
        live: Mask,
        picks: NDArray[np.intp],
        groups: Sequence[_Group],
        *,
        for_good: bool,
    ) -> None:
        """Let each draw that is live show its pick, which makes it narrower for what follows."""
        if self._has_families:
            out = (self._keys[None, :] == self._keys[picks][:, None]) & live[:, None]
        else:
            out = np.zeros(work.shape, np.bool_)
            out[np.flatnonzero(live), picks[live]] = True
        if for_good:
            self._gone |= out
        for group in groups:
            full = group.take(live, picks)
            if full is None:
                continue
            out |= full
            if for_good and group.place < 0:
                self._gone |= full
        np.copyto(work, _OUT, where=out)
