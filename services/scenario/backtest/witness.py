"""Notes who enters scenarios while they are played, as those people were at that moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.scenario.backtest.player import Audience
from services.scenario.domain.effects import Due
from services.scenario.domain.entries import Entry, entry_of
from services.scenario.domain.errands import Dispatch
from services.scenario.domain.how_often import Met
from services.scenario.domain.journey import Journey
from services.scenario.domain.transition import Transition
from services.scenario.journeys.finding import People
from shared.conditions.person import PersonValues
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


class Witness:
    """`People` for a player and its `Audience` at once, standing before others of either kind.

    Whoever enters was looked at just before: what they were then is what is noted.
    """

    def __init__(
        self,
        people: People,
        audience: Audience,
        whole: Callable[[str], PersonSnapshot] | None = None,
    ) -> None:
        """Stand before them; `whole` tells more of who enters than was asked for to decide it."""
        self._whole = whole
        self._people = people
        self._audience = audience
        self._looked_at = "", PersonSnapshot()
        self.met: list[Met] = []
        """In the order in which it happened; of those who were held out, too."""

    async def snapshot(self, person_id: str) -> PersonSnapshot:
        """Return a person as they are."""
        found = await self._people.snapshot(person_id)
        self._looked_at = person_id, found
        return found

    def values(self, snapshot: PersonSnapshot) -> PersonValues:
        """See `People`."""
        return self._people.values(snapshot)

    def moved(self, before: Journey | None, step: Transition, effects: Sequence[Due]) -> None:
        """Note an entry."""
        entry = entry_of(step)
        if entry is not None:
            self.met.append(self._met(entry))
        self._audience.moved(before, step, effects)

    def reached(self, entry: Entry) -> None:
        """Nothing of a goal is noted."""
        self._audience.reached(entry)

    def ordered(self, dispatch: Dispatch, journey: Journey, due: Due) -> None:
        """Nothing of a message is noted."""
        self._audience.ordered(dispatch, journey, due)

    def done(self, dispatch: Dispatch) -> None:
        """Nothing of a message is noted."""
        self._audience.done(dispatch)

    def _met(self, entry: Entry) -> Met:
        person_id, person = self._looked_at
        if self._whole is not None:
            person_id, person = entry.person_id, self._whole(entry.person_id)
        if person_id != entry.person_id:
            return Met(entry.scenario.name, entry.person_id, entry.met_us)
        traits = {
            "segment": tuple(person.segments),
            "value_tier": _said(person.traits.value_tier),
            "persona": _said(person.persona),
        }
        oldest_id = person.person_ids[0] if person.person_ids else entry.person_id
        cart_micros = person.cart.value_micros
        return Met(entry.scenario.name, oldest_id, entry.met_us, cart_micros, traits)


def _said(word: str) -> tuple[str, ...]:
    return (word,) if word else ()
