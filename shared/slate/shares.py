"""How often each candidate is chosen over many draws of the scores: its selection probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.slate.demands import Demand, Place, Seat, seated
from shared.slate.drawn import Closing, Mask, Picks, Varying, closing, varying

_OUT = -np.inf
Scores = NDArray[np.floating]


def selection_shares(
    scores: Scores,
    place_bits: NDArray[np.uint32],
    families: NDArray[np.integer],
    places: Sequence[Place],
    demands: Sequence[Demand] = (),
) -> list[NDArray[np.float64]]:
    """Return for each placement the share of the draws in which it shows each candidate.

    `scores` are of shape (draws, candidates), all else is as `assemble` takes it; each draw fills
    the page just as `assemble` does, all draws at once, one position after the other. So when the
    page that is shown is that of a draw picked at random, the share is the probability that it
    shows the candidate there, given the draws.
    """
    page = _Pages(scores, place_bits, families, demands, len(places))
    kept = [page.reserve(index, place) for index, place in enumerate(places)]
    return [page.fill(index, place, kept[index]) for index, place in enumerate(places)]


class _Kept:
    """The seats of one placement in every draw."""

    def __init__(self, positions: Sequence[int], picks: Sequence[Picks], live: Sequence[Mask]):
        self._rows = list(zip(positions, picks, [each.copy() for each in live], strict=True))

    def seat(
        self, step: int, is_open: Mask, live: Mask, picks: Picks, varied: Sequence[Varying]
    ) -> Mask:
        """Put what is due into `picks`, and the next where nothing is live; returns where."""
        taken: Mask = np.zeros_like(live)
        undecided = is_open.copy()
        for position, candidates, waiting in self._rows:
            next_here = undecided & waiting
            undecided &= ~waiting
            now = next_here if position <= step else next_here & ~live
            if position > step and now.any():
                moved = _moved_up(now, candidates, step, position, varied)
                waiting &= moved | ~now
                undecided |= now & ~moved
                now = moved
            np.copyto(picks, candidates, where=now)
            waiting &= ~now
            taken |= now
        return taken


def _moved_up(
    now: Mask, candidates: Picks, step: int, position: int, varied: Sequence[Varying]
) -> Mask:
    """Return the draws in which a seat may move up; diversity counts it from there on."""
    newly = [state for state in varied if step < state.first <= position]
    for state in newly:
        now = now & ~state.refuses(candidates)
    for state in newly:
        state.take(now, candidates)
    return now


class _Pages:
    """The pages of all draws while they are filled."""

    def __init__(
        self,
        scores: Scores,
        place_bits: NDArray[np.uint32],
        families: NDArray[np.integer],
        demands: Sequence[Demand],
        places: int,
    ) -> None:
        self._scores = scores
        self._bits = place_bits
        self._last = places - 1
        draws, count = scores.shape
        self._every = np.arange(draws)
        own = np.arange(-1, -1 - count, -1)
        self._keys = np.where(families > 0, families.astype(np.int64), own).astype(np.int32)
        self._has_families = len(set(self._keys.tolist())) < count
        self._closing = closing(demands, draws)
        self._varying = varying(demands, draws)
        self._gone: Mask = np.zeros(scores.shape, np.bool_)
        self._is_any_gone = False

    def reserve(self, index: int, place: Place) -> _Kept | None:
        """Give each seat to the best that may take it in each draw; it counts from now on."""
        seats = seated(place)
        if not seats or not self._scores.shape[1]:
            return None
        states, varied = self._holding_for(index)
        positions, picked, given = [], [], []
        for seat in seats:
            picks, live = self._best_of(seat, index, place, states, varied)
            self._take(None, live, picks, states, for_good=True)
            for state in varied:
                if seat.position < state.first:
                    state.take(live, picks)
            positions.append(seat.position)
            picked.append(picks)
            given.append(live)
        return _Kept(positions, picked, given)

    def _best_of(
        self,
        seat: Seat,
        index: int,
        place: Place,
        states: Sequence[Closing],
        varied: Sequence[Varying],
    ) -> tuple[Picks, Mask]:
        """Return the member of a seat that is best in each draw, and where there is one."""
        members = np.sort(np.array(seat.members, np.intp))
        if not members.size:
            return np.zeros(len(self._every), np.intp), np.zeros(len(self._every), np.bool_)
        work = self._open(index, place, states, members)
        for state in varied:
            if seat.position < state.first and state.is_spent:
                np.copyto(work, _OUT, where=state.closed()[:, members])
        picks = work.argmax(axis=1)
        return members[picks], work[self._every, picks] > _OUT

    def fill(self, index: int, place: Place, kept: _Kept | None) -> NDArray[np.float64]:
        """Fill one placement in every draw and return the shares, shape (candidates,)."""
        states, varied = self._holding_for(index)
        work = self._open(index, place, states)
        draws, count = work.shape
        chosen = np.zeros(count)
        is_open: Mask = np.ones(draws, np.bool_)
        steps = min(place.limit, count)
        for step in range(steps):
            picks, live = self._best(work, step, varied)
            live &= is_open
            by_score = live
            if kept is not None:
                seated_here = kept.seat(step, is_open, live, picks, varied)
                by_score, live = live & ~seated_here, live | seated_here
            if not live.any():
                break
            is_open &= live
            chosen += np.bincount(picks[live], minlength=count)
            if step + 1 < steps or index < self._last:
                self._take(work, by_score, picks, states, for_good=index < self._last)
                for state in varied:
                    if step < state.first:
                        state.take(by_score, picks)
        shares: NDArray[np.float64] = chosen / draws
        return shares

    def _best(self, work: Scores, step: int, varied: Sequence[Varying]) -> tuple[Picks, Mask]:
        """Return the best of each draw, and in which draws there is one."""
        for state in varied:
            if step < state.first and state.is_spent:
                work = np.where(state.closed(), work.dtype.type(_OUT), work)
        picks = work.argmax(axis=1)
        return picks, work[self._every, picks] > _OUT

    def _holding_for(self, index: int) -> tuple[list[Closing], list[Varying]]:
        return (
            [state for state in self._closing if state.place in (-1, index)],
            [state for state in self._varying if state.place in (-1, index)],
        )

    def _open(
        self,
        index: int,
        place: Place,
        states: Sequence[Closing],
        columns: NDArray[np.intp] | slice = slice(None),
    ) -> Scores:
        """Return the scores at one placement, of some candidates; what may not fill it is out."""
        allowed = (self._bits & np.uint32(1 << index)) != 0
        standing = [at for at in place.standing if allowed[at]]
        if place.exact:
            allowed = np.zeros_like(allowed)
        elif place.barred:
            allowed[list(place.barred)] = False
        allowed[standing] = True
        work = self._scores[:, columns].copy()
        if standing:
            # Any score is finite in single precision: what stands goes before it.
            top = np.zeros(len(allowed))
            top[standing] = 2.0 * float(np.finfo(np.float32).max) * np.arange(len(standing), 0, -1)
            work = np.where(top[columns] > 0.0, top[columns], work)
        if self._is_any_gone:
            np.copyto(work, _OUT, where=self._gone[:, columns])
        if not allowed.all():
            work[:, ~allowed[columns]] = _OUT
        for state in states:
            closed = state.closed()
            if closed is not None:
                np.copyto(work, _OUT, where=closed[:, columns])
        return work

    def _take(
        self,
        work: Scores | None,
        live: Mask,
        picks: Picks,
        states: Sequence[Closing],
        *,
        for_good: bool,
    ) -> None:
        """Let each draw that is live show its pick, which makes it narrower for what follows."""
        if self._has_families:
            family = (self._keys[None, :] == self._keys[picks][:, None]) & live[:, None]
            self._close(work, family, for_good=for_good)
        else:
            rows = live.nonzero()[0]
            if work is not None:
                work[rows, picks[rows]] = _OUT
            if for_good:
                self._gone[rows, picks[rows]] = True
                self._is_any_gone = True
        for state in states:
            full = state.take(live, picks)
            if full is not None:
                self._close(work, full, for_good=for_good and state.place < 0)

    def _close(self, work: Scores | None, out: Mask, *, for_good: bool) -> None:
        """Let draws show some candidates no longer: here, or on the whole page."""
        if work is not None:
            np.copyto(work, _OUT, where=out)
        if for_good:
            self._gone |= out
            self._is_any_gone = True
