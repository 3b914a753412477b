"""What an agent reads before a call: who it is, who looks after them, what not to repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from services.aggregator.domain.steps import Outcome
from services.aggregator.domain.way_back import WayBack
from services.aggregator.peers import Peers
from services.aggregator.pipeline.trace import degraded
from services.aggregator.pipeline.wording import Wording
from services.aggregator.view import sections
from services.aggregator.view.findings import Gathering
from shared.budget import Budget
from shared.call import Call
from shared.clock import BusinessClock
from touchpoint.aggregator.v1 import aggregator_pb2 as pb
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import GetProfileRequest, GetProfileResponse
from touchpoint.rules.v1.rules_service_pb2 import GetContactsRequest, GetContactsResponse
from touchpoint.scenario.v1.scenario_pb2 import Task

LATELY_US = 30 * 86_400_000_000
MOST_TOLD = 10
DECLINE = "decline"
_LONGEST_S = 0.5
"""The task is theirs already: they can do it without."""


class Briefings:
    """Asks profile and rules about the person of a task that an agent has taken."""

    def __init__(self, peers: Peers, wording: Wording, clock: BusinessClock) -> None:
        self._peers = peers
        self._wording = wording
        self._clock = clock
        self._way_back = WayBack()

    async def of(self, call: Call, task: Task) -> pb.Briefing:
        """Return what there is to read; parts that did not answer are named in `degraded`.

        Profile writes down who reads the record of whom.
        """
        if not task.person_ids:
            return pb.Briefing()
        gathering = Gathering(call, self._budget(call))
        peers, person_ids = self._peers, task.person_ids
        record = GetProfileRequest(person_id=person_ids[0])
        known = gathering.ask("profile", peers.profile.GetProfile, record)
        contacts = GetContactsRequest(person_ids=person_ids)
        shown = gathering.ask("rules", peers.rules.GetContacts, contacts)
        profile, passed = await asyncio.gather(known, shown)
        began_s = gathering.budget.monotonic()
        briefing = self._briefing(profile, passed, task, gathering.missing)
        self._way_back.note(gathering.budget, gathering.budget.monotonic() - began_s)
        return briefing

    def _briefing(
        self,
        profile: GetProfileResponse | None,
        passed: GetContactsResponse | None,
        task: Task,
        missing: Mapping[str, Outcome],
    ) -> pb.Briefing:
        briefing = pb.Briefing(degraded=degraded(missing))
        if profile is None:
            return briefing
        briefing.name = profile.name
        briefing.own_contacts.extend(each for each in profile.relationships if each.current)
        facts = profile.snapshot
        wording = self._wording.in_language(facts.locale)
        presented = passed.presented if passed is not None else ()
        told = sections.presented(presented, facts.recent, wording)
        briefing.not_to_repeat.extend(self._not_again(told, facts, task.offer_ids, wording))
        return briefing

    def _not_again(
        self,
        presented: Sequence[pb.PresentedOffer],
        facts: PersonSnapshot,
        own: Sequence[str],
        wording: Wording,
    ) -> list[pb.PresentedOffer]:
        """Return each offer once: what was declined, and what others than this call presented."""
        since_us = self._clock.now_us() - LATELY_US
        found: dict[str, pb.PresentedOffer] = {}
        for offer in (*_declined(facts, wording), *presented):
            is_late = offer.presented_time.ToMicroseconds() >= since_us
            is_news = offer.offer_id not in own or offer.answer == DECLINE
            if is_late and is_news and offer.title:
                found.setdefault(offer.offer_id, offer)
        latest = sorted(found.values(), key=_time_us, reverse=True)
        return latest[:MOST_TOLD]

    def _budget(self, call: Call) -> Budget:
        """Return what there is to ask in: who took a task must hear of it before their deadline."""
        if call.budget is None:
            return Budget.of(_LONGEST_S)
        margin_s = self._way_back.margin_s(call.budget.remaining_s())
        return call.budget.less(margin_s).at_most(_LONGEST_S)


def _declined(facts: PersonSnapshot, wording: Wording) -> Iterator[pb.PresentedOffer]:
    declined = facts.declined
    for offer_no, time_us in zip(declined.offer_nos, declined.times_us, strict=True):
        offer = pb.PresentedOffer(
            offer_id=wording.offer_id(offer_no), title=wording.title(offer_no), answer=DECLINE
        )
        offer.presented_time.FromMicroseconds(time_us)
        yield offer


def _time_us(offer: pb.PresentedOffer) -> int:
    return offer.presented_time.ToMicroseconds()
