"""Which characteristics are common enough to be named: those that many different people have."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Final

from services.ranker.domain.answers import DAY_US

PEOPLE: Final = 20
"""So many different people, and a value tells of none of them."""
_MOST_COUNTED: Final = 20_000
_MOST_COMMON: Final = 50_000
_MOST_WAITING: Final = 200


class Meetings:
    """Counts the people of each characteristic, in memory only and up to `PEOPLE`.

    Which person has a rare value is nowhere written: the count keeps hashes with a key that dies
    with the process. What is rare for so long that commoner things crowd it out is counted from
    the start when it is met again. So a value may be found to be common later than it is, and
    never earlier; a replica that meets a part of the people only counts that part.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, Sequence[str]]] = deque(maxlen=_MOST_WAITING)
        self._people: OrderedDict[str, set[int]] = OrderedDict()
        self._common: dict[str, int] = {}
        """With the business day on which it was told last, the oldest first."""

    def meet(self, person_id: str, texts: Sequence[str]) -> None:
        """Note whom a request was for, to be counted later; under load the latest are counted."""
        if person_id:
            self._waiting.append((person_id, texts))

    def newly_common(self, now_us: int) -> list[str]:
        """Count who was met since, and return what is common and was not told that day."""
        day, found = now_us // DAY_US, list[str]()
        while self._waiting:
            person_id, texts = self._waiting.popleft()
            # Of text, hash() is keyed anew with every process.
            found += [text for text in texts if self._is_news(text, hash(person_id), day)]
        return found

    def _is_news(self, text: str, person: int, day: int) -> bool:
        if self._common.get(text) == day:
            return False
        if self._common.pop(text, None) is not None:
            self._common[text] = day
            return True
        people = self._people.setdefault(text, set())
        people.add(person)
        self._people.move_to_end(text)
        if len(people) < PEOPLE:
            if len(self._people) > _MOST_COUNTED:
                self._people.popitem(last=False)
            return False
        del self._people[text]
        self._common[text] = day
        if len(self._common) > _MOST_COMMON:
            del self._common[next(iter(self._common))]
        return True
