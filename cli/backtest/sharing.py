"""One back-test in several processes: each plays a share of the people.

No set of persons is anybody else's matter, but for two things. What one of them does shows that an
item can be had again: every share hears of that. And there may be room for only so many: whatever
is played is compared with it afterwards; see `had_room`.
"""

from __future__ import annotations

import gc
import heapq
import io
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from cli.backtest.played import Played
from cli.backtest.playing import Share, Tell
from services.scenario.backtest.journeys import RoomsAsked
from services.scenario.definitions import Playbook
from services.scenario.domain.ports import CALLS
from services.scenario.domain.quiet_already import limits_of_backlog
from services.scenario.domain.scenario import Limits

_LEAST_EVENTS = 20_000
"""Fewer are played faster than they are shared out."""
Play = Callable[[Share, Tell], Played]
Known = Mapping[str, Any]


class SharingError(RuntimeError):
    """A process of a share ended without a result; the text says why."""


def shares_for(jobs: int, events: int) -> int:
    """Return in how many processes so many events are played; `jobs` at most, 0: as it is best.

    A process is forked with all that was read. Where that is not safe there is one.
    """
    if sys.platform != "linux":
        return 1
    if jobs:
        return jobs
    return max(1, min(len(os.sched_getaffinity(0)), events // _LEAST_EVENTS))


def shares_of(events: Mapping[str, int], number: int) -> list[Share]:
    """Share people out so that shares have about equally many events, given those of each person.

    Longest first, each to whoever has the least so far (Graham, Bounds on Multiprocessing Timing
    Anomalies, 1969).
    """
    shares: list[list[str]] = [[] for _ in range(number)]
    loads = [(0, place) for place in range(number)]
    for person_id, count in sorted(events.items(), key=lambda each: (-each[1], each[0])):
        load, place = heapq.heappop(loads)
        shares[place].append(person_id)
        heapq.heappush(loads, (load + count, place))
    return [Share(frozenset(theirs), f"{place}-") for place, theirs in enumerate(shares)]


def play_shares(play: Play, known: Known, shares: Sequence[Share], tell: Tell) -> list[Played]:
    """Play each share in a process; returns what came of each. Raises SharingError.

    `known` are things of the world that both sides have, by name: each is brought back by it.
    """
    fork = multiprocessing.get_context("fork")
    readers: list[Connection] = []
    children = []
    try:
        for share in shares:
            reader, writer = fork.Pipe(duplex=False)
            child = fork.Process(target=_play, args=(play, known, share, writer), daemon=True)
            child.start()
            writer.close()
            readers.append(reader)
            children.append(child)
        return _collected(readers, known, tell)
    finally:
        for child in children:
            child.kill()  # also the one that has nothing more to say: a handler is not asked
            child.join()
        for reader in readers:
            reader.close()


def had_room(shares: Sequence[Played], playbook: Playbook, calls_per_day: int) -> bool:
    """Say whether all shares together never asked for more room than there is.

    Then nobody would have been turned away by what another share did, and all of them together are
    what one process would have played.
    """
    asked = RoomsAsked()
    for each in shares:
        asked.add(each.rooms)
    limits = {
        name: each.limits if each.quiet_already is None else limits_of_backlog(each.limits)
        for name, each in playbook.defined.items()
    }
    limits[CALLS] = Limits(per_day=calls_per_day)
    return all(
        number <= (limits[name].per_day or number) for (name, _), number in asked.entered.items()
    ) and all(
        not each.under_way or asked.most_under_way[name] < each.under_way
        for name, each in limits.items()
    )


def _play(play: Play, known: Known, share: Share, writer: Connection) -> None:
    """Play a share in a process of its own, and say what came of it."""
    gc.freeze()  # what was read stays: to look for garbage in it would only copy its pages
    signal.set_wakeup_fd(-1)  # it is the parent's: signals of a child are not its matter
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    told = play(share, lambda done, total: writer.send_bytes(pickle.dumps((done, total))))
    kept = io.BytesIO()
    _Packer(kept, known).dump(told)
    writer.send_bytes(kept.getbuffer())
    writer.close()


def _collected(readers: Sequence[Connection], known: Known, tell: Tell) -> list[Played]:
    found: dict[Connection, Played] = {}
    far: dict[Connection, int] = {}
    while len(found) < len(readers):
        for reader in wait([each for each in readers if each not in found]):
            assert isinstance(reader, Connection), "that is what was waited for"
            try:
                told = _Unpacker(io.BytesIO(reader.recv_bytes()), known).load()
            except EOFError:
                raise SharingError("a process that played events ended before its time") from None
            if isinstance(told, Played):
                found[reader] = told
            else:
                far[reader], total = told
                tell(sum(far.values()) // len(readers), total)
    return [found[reader] for reader in readers]


class _Packer(pickle.Pickler):
    """Packs what was played; what both sides have, as scenarios with their programs, by name."""

    def __init__(self, file: io.BytesIO, known: Known) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._names = {id(each): name for name, each in known.items()}

    def persistent_id(self, obj: Any) -> str | None:
        return self._names.get(id(obj))


class _Unpacker(pickle.Unpickler):
    """Reads what `_Packer` wrote."""

    def __init__(self, file: io.BytesIO, known: Known) -> None:
        super().__init__(file)
        self._known = known

    def persistent_load(self, pid: str) -> Any:
        return self._known[pid]
