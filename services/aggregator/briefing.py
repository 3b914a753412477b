"""What an agent reads before a call: who it is, who looks after them, what not to repeat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from services.aggregator.domain.steps import WayBack
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
from touchpoint.profile.v1.profile_service_pb2 import GetProfileRequest
from touchpoint.rules.v1.rules_service_pb2 import GetContactsRequest
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

    async def of(self, call: Call, task: Task) -> pb.Briefing:
        """Return what there is to read; parts that did not answer are named in `degraded`.

        Profile writes down who reads the record of whom.
        """
        if not task.person_ids:
            return pb.Briefing()
        gathering = Gathering(call, _budget(call))
        peers, person_ids = self._peers, task.person_ids
        record = GetProfileRequest(person_id=person_ids[0])
        known = gathering.ask("profile", peers.profile.GetProfile, record)
        contacts = GetContactsRequest(person_ids=person_ids)
        shown = gathering.ask("rules", peers.rules.GetContacts, contacts)
        profile, passed = await asyncio.gather(known, shown)
        briefing = pb.Briefing(degraded=degraded(gathering.missing))
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


def _budget(call: Call) -> Budget:
    """Return what there is to ask in: who took a task must hear of it before their deadline."""
    if call.budget is None:
        return Budget.of(_LONGEST_S)
    margin_s = WayBack().margin_s(call.budget.remaining_s())
    return call.budget.less(margin_s).at_most(_LONGEST_S)
