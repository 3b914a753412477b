"""What scenarios are played on: definitions, a catalogue, people and their contacts as of then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cli.backtest.parts import ALWAYS, OF_MESSAGES, OF_SESSIONS, OF_WHO_ENTERS
from cli.backtest.past import Past, Persons
from services.profile.definitions import ProfileDefinitions, compile_bundle
from services.profile.domain.event import Event as Folded
from services.profile.domain.identity import Identity
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.intake import Intake
from services.profile.replaying_people import ReplayedPeople
from services.profile.stamping import Stamper
from services.rules.definitions import compile_policy
from services.rules.domain.changes import Contacted
from services.rules.domain.contact_limits import ContactPolicy
from services.rules.replaying_contacts import ReplayedContacts
from services.scenario.backtest.agents import PlayedAgents, PlayedCalling, Shift, Working
from services.scenario.backtest.clock import PlayedClock
from services.scenario.backtest.player import Audience, ItemInView, Player
from services.scenario.backtest.witness import Witness
from services.scenario.definitions import Playbook, playbook
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.errands import Dispatch
from services.scenario.errands.logbook import CALLER, events_of
from services.scenario.messages.permitting import HELD_US, Full, closed_by, full_by
from shared.catalogue import Catalogue
from shared.conditions.person import PersonValues
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import EventKeys
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import ReserveContactRequest

_NO_KEY = bytes(32)
_REGION = "US"


@dataclass(frozen=True, slots=True)
class Definitions:
    """A bundle as each service reads it; raises `CompileError` where one cannot."""

    playbook: Playbook
    profile: ProfileDefinitions
    contacts: ContactPolicy

    @classmethod
    def of(cls, bundle: Bundle) -> Definitions:
        return cls(playbook(bundle), compile_bundle(bundle), compile_policy(bundle).policy.contacts)

    def for_person(self, oldest_person_id: str) -> Playbook:
        """Return what is in force for everybody; see `Books`."""
        return self.playbook

    @property
    def working(self) -> Working:
        """When agents work, where nobody says otherwise."""
        playbook = self.playbook
        return Working(playbook.time_zone, playbook.holidays, playbook.desk.weekdays)


class Stage:
    """People who live through their past again, with scenarios in force that were not then."""

    def __init__(
        self,
        catalogue: Catalogue,
        definitions: Definitions,
        persons: Persons,
        past: Past,
        audience: Audience,
        tiers: Tiers = NO_TIERS,
        *,
        whole: bool = False,
        calls_per_day: int = 0,
        ids: str = "",
        shifts: Sequence[Shift] = (),
    ) -> None:
        """Set it up; `whole` people have all their parts, not only those that scenarios ask for.

        `shifts` say who is there to call; empty: nobody.
        """
        self.catalogue = catalogue
        self.clock = PlayedClock()
        self.past = past
        self.persons = persons
        self.people = ReplayedPeople(
            persons,
            definitions.profile,
            tiers,
            None if whole else ALWAYS,
        )
        self.contacts = ReplayedContacts(definitions.contacts, catalogue)
        self._intake = Intake(Stamper(catalogue), _NO_KEY, _REGION)
        self.witness = Witness(self, audience, self._entering)
        self.player = Player(
            catalogue,
            definitions,
            self.witness,
            self,
            self,
            persons,
            self.clock,
            self.witness,
            calls_per_day,
            ids,
            ItemInView(lambda person: self.people.add_parts(person, OF_SESSIONS)),
            PlayedCalling(
                PlayedAgents(shifts, definitions.working, self.clock),
                self,
                lambda person: self.people.add_parts(person, OF_MESSAGES),
            ),
        )

    async def snapshot(self, person_id: str) -> PersonSnapshot:
        """Return a person as they were; see `People`."""
        return self.people.snapshot(person_id, self.clock.now_us())

    def values(self, snapshot: PersonSnapshot) -> PersonValues:
        """Return what conditions read of a person; see `People`."""
        return self.people.values(snapshot)

    def _entering(self, person_id: str) -> PersonSnapshot:
        """Return somebody who enters, with what is told of those who do."""
        found = self.people.snapshot(person_id, self.clock.now_us())
        self.people.add_parts(found, OF_WHO_ENTERS)
        return found

    async def person(self, person_id: str) -> PersonSnapshot:
        """Return a person as they were; see `Permits`."""
        found = self.people.snapshot(person_id, self.clock.now_us())
        self.people.add_parts(found, OF_MESSAGES)
        return found

    async def reserve(
        self, contact_id: str, person: PersonSnapshot, policy: str, channel: int
    ) -> Full | None:
        """Reserve a contact in the ledger of then; see `Permits`."""
        request = ReserveContactRequest(
            contact_id=contact_id,
            person_ids=person.person_ids,
            policy=policy,
            channel=channel,  # type: ignore[arg-type]
            time_zone=person.time_zone,
        )
        now_us = self.clock.now_us()
        return full_by(self.contacts.reserve(request, now_us, HELD_US), now_us)

    async def closed(
        self, person: PersonSnapshot, policy: str, channels: Collection[int]
    ) -> Mapping[int, str]:
        """Return what the ledger of then closes to a person; see `Gates`."""
        now_us, oldest_id = self.clock.now_us(), person.person_ids[0]
        asked = person.time_zone, policy, channels
        return closed_by(self.contacts.suppressions(oldest_id, *asked, now_us))

    async def release(self, contact_id: str) -> None:
        """Leave it held: what is played is always sent; see `Permits`."""

    async def write(self, dispatch: Dispatch) -> None:
        """Let people's logs and journeys hear what was done for them; see `Logbook`."""
        person_id, now_us = dispatch.person_id, self.clock.now_us()
        oldest_id = self.persons.of(person_id)[0]
        told = list(events_of(dispatch))
        keys = [EventKeys(person_id=person_id)] * len(told)
        named = {person_id: Identity("customer", person_id, _NO_KEY)}
        taken = await self._intake.recorded(told, keys, CALLER, now_us, named)
        for arrival in taken.arrivals:
            event = arrival.event
            self.people.add(oldest_id, event)
            if isinstance(dispatch.job, MessageOrder):
                self._contacted(oldest_id, dispatch, event.time_us, event.offer_no)
            await self.player.concerned(
                self.past.heard(person_id, event, arrival.placement, arrival.event_id)
            )

    async def take(self, person_id: str, event: Event) -> Folded | str:
        """Let a person do something, as profile takes it in; a text says why it does not."""
        named = {person_id: Identity("customer", person_id, _NO_KEY)}
        keys = [EventKeys(person_id=person_id)]
        now_us = self.clock.now_us()
        taken = await self._intake.recorded([event], keys, CALLER, now_us, named)
        for rejected in taken.rejected:
            return rejected.message
        (arrival,) = taken.arrivals
        oldest_id = self.persons.of(person_id)[0]
        self.people.add(oldest_id, arrival.event)
        if event.type == "decline":
            self.contacts.declined(oldest_id, now_us)
        return arrival.event

    def _contacted(self, oldest_id: str, dispatch: Dispatch, time_us: int, offer_no: int) -> None:
        self.contacts.contacted(
            oldest_id,
            Contacted(
                contact_id=dispatch.contact_id,
                event_id=dispatch.contact_id,
                person_id=oldest_id,
                decision_id=dispatch.decision_id,
                channel=dispatch.channel,
                offer_no=offer_no,
                session_id="",
                time_us=time_us,
            ),
        )
