"""How much one visitor may ask and tell: whoever reads a page's key could else send without end."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from shared.call import Caller
from shared.errors import DeadlineExceeded, Overloaded, Unavailable

_MINUTE_S = 60.0
_OURS_S = 1.0
"""A deadline that is over sooner is the caller's own haste: the events may well be recorded."""
_MOST = 50_000
"""Visitors remembered; who was not heard of for longest is forgotten first."""


class Allowance:
    """So many a minute for each of many; a minute's worth may come at once.

    After the generic cell rate algorithm (ITU-T I.371): of each it is kept until when all that it
    did is paid for.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take how many; 0 for any number."""
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._paid_s: OrderedDict[bytes, float] = OrderedDict()

    def late_s(self, who: bytes, count: int) -> float:
        """Return after how many seconds so many more may come; 0: now.

        More than a minute's worth at once may come too, once all before it is paid for.
        """
        if not self._per_minute:
            return 0.0
        ahead_s = self._paid_s.get(who, 0.0) - self._monotonic()
        return max(0.0, ahead_s + self._cost_s(min(count, self._per_minute)) - _MINUTE_S)

    def take(self, who: bytes, count: int) -> None:
        """Charge for so many."""
        if not self._per_minute:
            return
        paid_s = max(self._paid_s.pop(who, 0.0), self._monotonic())
        self._paid_s[who] = paid_s + self._cost_s(count)
        if len(self._paid_s) > _MOST:
            self._paid_s.popitem(last=False)

    def give_back(self, who: bytes, count: int) -> None:
        """Undo a charge."""
        if who in self._paid_s:
            self._paid_s[who] -= self._cost_s(count)

    def _cost_s(self, count: int) -> float:
        return count * _MINUTE_S / self._per_minute


class VisitorCaps:
    """What a browser's key may do for each of its visitors, on this replica.

    A visitor is known by the pseudonym, however the identity is written (`owner_of`).
    """

    def __init__(
        self,
        requests_per_minute: int = 0,
        events_per_minute: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how many; 0 for any number."""
        self._requests = Allowance(requests_per_minute, monotonic)
        self._events = Allowance(events_per_minute, monotonic)
        self._monotonic = monotonic

    def ask(self, owner: bytes) -> None:
        """Charge for one question of a visitor; raises Overloaded where that is one too many."""
        _charge(self._requests, Counter([owner]))

    @contextmanager
    def telling(self, caller: Caller, owners: Iterable[bytes]) -> Iterator[None]:
        """Charge a browser for events by whose they are; raises Overloaded for all or none.

        Where they cannot be recorded for now, they may be told again for nothing.
        """
        counts = Counter(owners if caller.is_browser else ())
        _charge(self._events, counts)
        began_s = self._monotonic()
        try:
            yield
        except (Unavailable, Overloaded, DeadlineExceeded) as error:
            is_hasty = isinstance(error, DeadlineExceeded) and self._monotonic() - began_s < _OURS_S
            if not is_hasty:
                for owner, count in counts.items():
                    self._events.give_back(owner, count)
            raise


def _charge(allowance: Allowance, counts: Counter[bytes]) -> None:
    late_s = max((allowance.late_s(who, count) for who, count in counts.items()), default=0.0)
    if late_s > 0.0:
        raise Overloaded(
            "this visitor asks or tells more than one may",
            retry_after_s=late_s,
            reason="VISITOR_TOO_FAST",
        )
    for who, count in counts.items():
        allowance.take(who, count)
