"""What comes to a journey: events, and what was found out before it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.scenario.domain.best_channel import Weighed
from services.scenario.domain.carts import NO_CART, Cart
from services.scenario.domain.criteria import Values
from services.scenario.domain.moments import MONDAY_TO_FRIDAY, USUAL_HOURS, WorkingHours, is_worked
from services.scenario.domain.scenario import Scenario
from shared.languages import nearest


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a person, as far as journeys care."""

    person_id: str
    type: str
    time_us: int
    offer_no: int = 0
    values: Values = field(default_factory=dict)
    """What conditions read of it: `event.type`."""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out before a due journey is looked at."""

    is_defined: bool
    """The scenario is in force for the person: defined, and on in their arm and variants."""
    offers: Mapping[str, int]
    """Number of each offer of the scenario that can be had now."""
    ends: Mapping[str, int]
    """When those end that end, by id."""
    situation_holds: bool | None = None
    """What must be so to enter is; None: not asked, or it could not be evaluated."""
    cart: Cart = NO_CART
    """Of the person at this moment; where profile was not asked, the journey's own."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """Of the items in that cart and in the journey's own, by number."""
    currency: str = ""
    person: Values | None = None
    """What conditions read of the person; None: profile was not asked."""
    time_zone: str = ""
    """Of the person, else of the deployment; empty: UTC."""
    locale: str = ""
    """Of the person; empty: not known."""
    today: str = ""
    """The day where the deployment is, `2026-11-23`: what a limit per day counts by."""
    home_zone: str = ""
    """Of the deployment; empty: UTC."""
    holidays: frozenset[str] = frozenset()
    """Days on which nobody works, as `2026-12-25`."""
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    """Days of the week on which agents work, Monday is 0."""
    working_hours: WorkingHours = USUAL_HOURS
    """Of such a day, in which they do."""
    stock: int = -1
    """How many are left of the item that it began with; -1: not tracked, or no item."""
    occasions: int = 0
    """How often it came as far as its first stage lately, not counting now."""
    calls_per_day: int = 0
    """Tasks that agents can do in a day; 0: any number."""
    may_call: bool = True
    """Whether there is room for one more of them today."""
    calls_may_be_personal: bool = True
    """Whether whoever answers a call is told what is known of the person."""
    weighed: Mapping[str, Weighed] = field(default_factory=dict)
    """Of stages that call or write, by name: whether their person is rather called, with why."""
    shown: tuple[str, ...] = ()
    """What else the decision showed whose offer began it: what a call-back goes on with."""
    newer: Scenario | None = None
    """The edition that takes this journey over."""
    held_out: bool = False
    """The scenario would be in force, were the person not held out to compare with."""
    found: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """What sources have for the person, the best first, by source; of those that were asked."""
    to_be_had: frozenset[int] = frozenset()
    """Of the item that it began with and of what it proposes now, what can be had."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Ids of what it proposed, by number."""

    def is_worked(self, moment_us: int) -> bool:
        """Say whether agents work at a moment."""
        return is_worked(
            moment_us, self.working_hours, self.home_zone, self.holidays, self.weekdays
        )

    titles_by_language: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Titles of what lies in those carts, of what has some in other languages."""

    def titles_in(self, language: str) -> Mapping[int, str]:
        """Return the titles of what lies in the carts: in a language where they have one."""
        found = {
            offer_no: titles[nearest(language, titles)]
            for offer_no, titles in self.titles_by_language.items()
            if nearest(language, titles)
        }
        return {**self.titles, **found}
