"""Finds out what decides about a due journey: catalogue, definitions, and the person as they are.

Profile is asked outside of any transaction, with a deadline of its own; when it does not answer,
the journey is left alone for a while and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from services.scenario.definitions import Playbook
from services.scenario.domain.capacity import Assumed
from services.scenario.domain.carts import Cart
from services.scenario.domain.conditions import values_of
from services.scenario.domain.criteria import AtHome, Values
from services.scenario.domain.effects import DECISION
from services.scenario.domain.facts import Facts
from services.scenario.domain.journey import Journey
from services.scenario.domain.moments import local_day
from services.scenario.domain.passage import may_come_to, needs_person, needs_situation
from services.scenario.domain.ports import Claim
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.stages import Stage
from services.scenario.journeys.calling import Calling
from services.scenario.journeys.choosing import Choosing
from services.scenario.journeys.shown import Decisions
from services.scenario.people import cart_of
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.conditions.person import PersonValues
from shared.replacing import replace
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_MOST_SHOWN = 5


class Books(Protocol):
    """What is in force, for whom."""

    def for_person(self, oldest_person_id: str) -> Playbook:
        """Return the bundle that counts for a person, by the oldest id of their set."""
        ...


class People(Protocol):
    """Who somebody is."""

    async def snapshot(self, person_id: str) -> PersonSnapshot:
        """Return a person as they are; of nobody known it holds no ids. Raises the kit's errors."""
        ...

    def values(self, snapshot: PersonSnapshot) -> PersonValues:
        """Return what conditions read of the person that was asked for last."""
        ...


class Finder:
    """What is so at this moment, as this replica knows it."""

    def __init__(
        self,
        catalogue: Catalogue,
        bundles: Books,
        people: People,
        clock: BusinessClock,
        chooser: Choosing,
        decisions: Decisions | None = None,
        calls_per_day: Callable[[Assumed], int] = lambda _: 0,
        calling: Calling | None = None,
    ) -> None:
        """Take what it asks; without `calling` nobody is called in place of a message."""
        self._catalogue = catalogue
        self._bundles = bundles
        self._people = people
        self._clock = clock
        self._chooser = chooser
        self._decisions = decisions
        self._calls_per_day = calls_per_day
        self._calling = calling or Calling()

    def at_once(self, claim: Claim) -> Facts | None:
        """Return what decides about a journey, None when profile has to be asked for it."""
        journey = claim.journey
        if needs_person(journey, self._clock.now_us()):
            return None
        found = self.at_hand(journey, claim.oldest_id or journey.person_id)
        moves = found.newer is not None and found.newer.definition != journey.scenario.definition
        return None if moves else found

    async def about(self, claim: Claim) -> Facts:
        """Return what decides about a journey; raises the kit's errors."""
        found = self.at_once(claim)
        if found is not None:
            return found
        journey = claim.journey
        oldest_id = claim.oldest_id or journey.person_id
        found = self.at_hand(journey, oldest_id)
        snapshot = await self._people.snapshot(journey.person_id)
        cart = cart_of(snapshot)
        values = self._people.values(snapshot)
        holds: bool | None = None
        if needs_situation(journey):
            # Nobody known: erased, or told apart from whoever began it.
            read = values_of(
                replace(journey, cart=cart), replace(found, person=values), self._clock.now_us()
            )
            at_home = self._playbook(oldest_id).at_home(self._catalogue)
            holds = bool(snapshot.person_ids) and is_so(
                journey.scenario, snapshot, cart, at_home, read
            )
        return replace(
            found,
            situation_holds=holds,
            cart=cart,
            titles={**found.titles, **self._titles(cart)},
            titles_by_language={**found.titles_by_language, **self._translated(cart)},
            person=values,
            time_zone=snapshot.time_zone or found.time_zone,
            locale=snapshot.locale,
            found={} if found.held_out else await self._found(journey, found, snapshot, oldest_id),
            weighed=await self._calling.weighed(
                self._may_enter(journey, found), snapshot, found, self._clock.now_us()
            ),
            shown=await self._shown(journey, oldest_id, {journey.person_id, *snapshot.person_ids}),
        )

    def _may_enter(self, journey: Journey, at_hand: Facts) -> Iterable[Stage]:
        """Return the stages that may be entered now, and all of a newer edition after them."""
        own = journey.scenario.may_enter(may_come_to(journey, self._clock.now_us()))
        return [*own, *(at_hand.newer.stages if at_hand.newer is not None else ())]

    async def _shown(
        self, journey: Journey, oldest_id: str, person_ids: Collection[str]
    ) -> tuple[str, ...]:
        """Return what else stood beside the offer that began it, where they ask for an agent."""
        decision_id = str(journey.began.get(DECISION, ""))
        if not decision_id or self._decisions is None:
            return ()
        now_us = self._clock.now_us()
        stages = journey.scenario.may_enter(may_come_to(journey, now_us))
        if not any(each.task is not None and each.task.was_asked_for for each in stages):
            return ()
        catalogue, playbook = self._catalogue, self._playbook(oldest_id)
        return tuple(
            catalogue.offer_ids[offer_no]
            for offer_no in await self._decisions.shown(decision_id, person_ids)
            if offer_no != journey.item_no and is_to_be_had(catalogue, playbook, offer_no, now_us)
        )[:_MOST_SHOWN]

    async def _found(
        self, journey: Journey, at_hand: Facts, snapshot: PersonSnapshot, oldest_id: str
    ) -> dict[int, tuple[int, ...]]:
        """Return what the sources have that stages propose by which may be entered now."""
        if at_hand.newer is None and not journey.scenario.finds:
            return {}
        wanted = {
            stage.propose.source: stage.propose.placements
            for stage in self._may_enter(journey, at_hand)
            if stage.propose is not None and stage.propose.source
        }
        if not wanted:
            return {}
        places = [place for named in wanted.values() for place in named]
        return await self._chooser.choose(
            set(wanted), places or self._playbook(oldest_id).item_places, journey.item_no, snapshot
        )

    def at_hand(self, journey: Journey, oldest_id: str) -> Facts:
        """Return what is so by the definitions in force for a set of persons, asking nobody."""
        catalogue, scenario, now_us = self._catalogue, journey.scenario, self._clock.now_us()
        playbook = self._playbook(oldest_id)
        defined = playbook.scenarios.get(scenario.name)
        newer = defined if defined is not None and defined.takes_over else None
        offers: dict[str, int] = {}
        ends: dict[str, int] = {}
        known = (scenario, newer) if newer is not None else (scenario,)
        for offer_id in {
            each for edition in known for stage in edition.stages for each in stage.offer_ids
        }:
            offer_no = catalogue.offer_no(offer_id)
            if is_to_be_had(catalogue, playbook, offer_no, now_us):
                offers[offer_id] = offer_no
                if catalogue.ends_us[offer_no]:
                    ends[offer_id] = int(catalogue.ends_us[offer_no])
        return Facts(
            is_defined=defined is not None,
            offers=offers,
            ends=ends,
            cart=journey.cart,
            titles=self._titles(journey.cart),
            titles_by_language=self._translated(journey.cart),
            currency=catalogue.only_currency or playbook.exchange.table(catalogue).base,
            time_zone=playbook.time_zone,
            today=local_day(now_us, playbook.time_zone),
            home_zone=playbook.time_zone,
            holidays=playbook.holidays,
            weekdays=playbook.desk.weekdays,
            working_hours=playbook.desk.hours,
            stock=stock_of(catalogue, journey.item_no),
            newer=newer,
            calls_may_be_personal=playbook.calls_may_be_personal,
            calls_per_day=self._calls_per_day(playbook.desk.assumed),
            held_out=scenario.name in playbook.held_out,
            to_be_had=frozenset(
                each
                for each in (journey.item_no, *journey.offer_nos)
                if is_to_be_had(catalogue, playbook, each, now_us)
            ),
            names={
                each: catalogue.offer_ids[each]
                for each in journey.answers_to
                if is_to_be_had(catalogue, playbook, each, now_us)
            },
        )

    def _playbook(self, oldest_id: str) -> Playbook:
        now_us = self._clock.now_us()
        return self._bundles.for_person(oldest_id).for_person(oldest_id, now_us)

    def _titles(self, cart: Cart) -> dict[int, str]:
        catalogue = self._catalogue
        return {no: catalogue.titles[no] for no in cart.offer_nos if 0 < no < catalogue.size}

    def _translated(self, cart: Cart) -> dict[int, Mapping[str, str]]:
        known = self._catalogue.titles_by_language
        return {no: known[no] for no in cart.offer_nos if no in known}


def session_values(snapshot: PersonSnapshot, cart: Cart) -> PersonValues:
    """Return what conditions of a scenario of the session read; the caller's cart outranks."""
    values = PersonValues(snapshot)
    values["customer.cart_value_micros"] = cart.value_micros
    values["customer.cart_lines"] = len(cart.offer_nos)
    return values


def is_so(
    scenario: Scenario, snapshot: PersonSnapshot, cart: Cart, at_home: AtHome, values: Values
) -> bool | None:
    """Say whether what must be so to enter a scenario is; None: that cannot be evaluated."""
    hesitating = scenario.when.hesitating and bool(values["session.hesitating"])
    return scenario.when.holds(hesitating=hesitating, cart=cart, at_home=at_home, values=values)


def stock_of(catalogue: Catalogue, item_no: int) -> int:
    """Return how many are left of an item; -1: not tracked, or there is no such item."""
    return int(catalogue.stock[item_no]) if 0 < item_no < catalogue.size else -1


def is_to_be_had(catalogue: Catalogue, playbook: Playbook, offer_no: int, now_us: int) -> bool:
    """Say whether an offer can be proposed now: known, not withdrawn, in season, still defined."""
    if not 0 < offer_no < catalogue.size or not catalogue.kind[offer_no]:
        return False
    if catalogue.withdrawn[offer_no] or catalogue.starts_us[offer_no] > now_us:
        return False
    if 0 < catalogue.ends_us[offer_no] <= now_us:
        return False
    is_defined = bool(catalogue.is_defined[offer_no])
    return not is_defined or catalogue.offer_ids[offer_no] in playbook.offer_ids
