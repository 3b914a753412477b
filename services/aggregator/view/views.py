"""Gathers the single customer view within a deadline, and again whenever something happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from services.aggregator.asking import Asking
from services.aggregator.contacts import contacts, limit_state, tightest
from services.aggregator.domain.way_back import WayBack
from services.aggregator.following import follow_on
from services.aggregator.peers import Peers
from services.aggregator.pipeline.moments import moment_of
from services.aggregator.pipeline.pipeline import Pipeline
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.trace import degraded
from services.aggregator.pipeline.wording import Wording
from services.aggregator.view import sections
from services.aggregator.view.findings import Findings, Gathering
from services.aggregator.view.newest import newest
from services.aggregator.view.prompting import next_best_actions
from services.aggregator.view.traits import traits
from shared.budget import Budget
from shared.call import Call
from shared.catalogue import Catalogue
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_pb2 import Context, PlacementRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import (
    GetProfileRequest,
    GetProfileResponse,
    WatchProfileRequest,
)
from touchpoint.rules.v1.rules_service_pb2 import GetContactsRequest
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysRequest

PROMPT = "agent.prompt"
IN_STORE = "store.associate"
LONGEST_S = 1.0
"""For each view of a watcher; one that was asked for takes its caller's deadline."""
_RECORD_SHARE = 0.6
"""Of the budget, for the record; contacts and journeys can only be asked for after it."""


class Views:
    """Asks profile beside a preview for the agent's prompt, then rules beside scenario."""

    def __init__(
        self,
        peers: Peers,
        asking: Asking,
        pipeline: Pipeline,
        wording: Wording,
        catalogue: Catalogue,
    ) -> None:
        self._peers = peers
        self._asking = asking
        self._pipeline = pipeline
        self._wording = wording
        self._catalogue = catalogue
        self._way_back = WayBack()

    async def view(
        self, call: Call, request: pb.GetCustomerViewRequest
    ) -> pb.GetCustomerViewResponse:
        """Return the view; parts that did not answer are named in `degraded`."""
        call = call.with_budget(call.budget or Budget.of(LONGEST_S))
        question = self._prompt(call, request)
        gathering = Gathering(call, question.budget)
        findings = await self._gather(gathering, question)
        budget = question.budget
        began_s = budget.monotonic()
        view = self._written(findings, gathering)
        if request.explain and not view.who.ambiguous:
            self._explain(view, findings)
        self._way_back.note(budget, budget.monotonic() - began_s)
        return view

    def _explain(self, view: pb.GetCustomerViewResponse, findings: Findings) -> None:
        """Say why what an agent might ask for is not among the next best actions."""
        question, decision = findings.question, findings.decision
        moment, texts = moment_of(question, decision), question.definitions.rule_texts
        removed = self._wording.removed(
            decision.removed, texts, moment.locale, is_sure=moment.is_sure
        )
        view.removed.extend(removed)

    async def watch(
        self, call: Call, request: pb.WatchCustomerRequest
    ) -> AsyncIterator[pb.WatchCustomerResponse]:
        """Send the view at once and after whatever changes it; a burst of changes sends one."""
        asked = pb.GetCustomerViewRequest(
            identities=request.identities, locale=request.locale, channel=request.channel
        )
        named = self._prompt(call.with_budget(Budget.of(LONGEST_S)), asked).named
        watched = WatchProfileRequest(identities=named.identities, identity_keys=named.keys)
        changes = newest(follow_on(self._peers.profile.WatchProfile, watched, call))
        async for change in changes:
            view = await self.view(call.with_budget(_of_one_view(call)), asked)
            yield pb.WatchCustomerResponse(view=view, cause=change.cause)

    def _prompt(self, call: Call, request: pb.GetCustomerViewRequest) -> Question:
        """Return the question of whoever is with them, as a preview: looking at a person is free.

        Raises FailedPrecondition where the definitions have no such placement.
        """
        placement = IN_STORE if request.channel == Channel.STORE else PROMPT
        self._asking.demand(placement)
        recommend = pb.RecommendRequest(
            identities=request.identities,
            channel=request.channel or Channel.CALL_CENTER,
            placements=[PlacementRequest(placement=placement)],
            context=Context(session_id=request.session_id),
            locale=request.locale,
            explain=True,
            preview=True,
        )
        return self._asking.question(call, recommend, request.confirmed_person_id, self._way_back)

    async def _gather(self, gathering: Gathering, question: Question) -> Findings:
        named = question.named
        record = GetProfileRequest(
            identities=named.identities,
            identity_keys=named.keys,
            confirmed_person_id=named.confirmed_person_id,
        )
        asked = gathering.ask("profile", self._peers.profile.GetProfile, record, _RECORD_SHARE)
        profile, decision = await asyncio.gather(asked, self._pipeline.decide(question))
        if profile is None or not profile.snapshot.person_ids:
            return Findings(profile, None, None, question, decision)
        ids, time_zone = profile.snapshot.person_ids, profile.snapshot.time_zone
        contact = GetContactsRequest(person_ids=ids, time_zone=time_zone)
        contacts_asked = gathering.ask("rules", self._peers.rules.GetContacts, contact)
        journey = ListJourneysRequest(person_ids=ids)
        journeys_asked = gathering.ask("scenario", self._peers.scenario.ListJourneys, journey)
        passed, journeys = await asyncio.gather(contacts_asked, journeys_asked)
        return Findings(profile, passed, journeys, question, decision)

    def _written(self, findings: Findings, gathering: Gathering) -> pb.GetCustomerViewResponse:
        profile = findings.profile
        missing = dict(findings.decision.degraded) | gathering.missing
        view = pb.GetCustomerViewResponse(degraded=degraded(missing))
        if profile is not None:
            view.who.CopyFrom(sections.who(profile))
            if view.who.ambiguous:
                return view
            exchange = findings.question.definitions.exchange
            wording = self._wording.in_language(findings.question.context.locale)
            currency = sections.currency_of(self._catalogue, exchange)
            self._write_record(view, profile, currency, wording)
            self._write_passed(view, findings, wording)
            view.arm = findings.question.context.arm
            view.variants.extend(findings.question.context.variants)
        view.quality = findings.question.quality
        view.sources_left_out.extend(findings.question.left_out)
        view.next_best_actions.extend(
            next_best_actions(findings.question, findings.decision, findings.facts, self._wording)
        )
        return view

    def _write_record(
        self,
        view: pb.GetCustomerViewResponse,
        profile: GetProfileResponse,
        currency: str,
        wording: Wording,
    ) -> None:
        """Write what is known of the person, amounts in a currency.

        Only as their record says it: whoever reads that is in the audit trail, and whoever sees a
        decision is not. So without the record there are the next best actions and nothing else.
        """
        facts = profile.snapshot
        view.consent.extend(sections.consents(profile))
        view.relationships.extend(profile.relationships)
        view.attributes.extend(profile.attributes)
        view.asked.extend(profile.asked)
        view.referrals.extend(profile.referrals)
        if profile.HasField("referred_by"):
            view.referred_by.CopyFrom(profile.referred_by)
        view.value_tier = facts.traits.value_tier
        view.traits.CopyFrom(traits(facts, wording, currency))
        view.segments.extend(facts.segments)
        view.persona.name, view.persona.probability = facts.persona, facts.persona_probability
        view.session.CopyFrom(sections.session(facts, wording, currency))
        if facts.HasField("call"):
            view.call.CopyFrom(sections.call(facts.call, wording))
        view.complaint_open = facts.complaint_open
        if facts.complaint_open and facts.complaint_us:
            view.complaint_time.FromMicroseconds(facts.complaint_us)
        view.recent.extend(sections.recent(facts.recent, wording))

    def _write_passed(
        self, view: pb.GetCustomerViewResponse, findings: Findings, wording: Wording
    ) -> None:
        """Write what passed between the person and us."""
        passed = findings.contacts
        if passed is not None:
            recent = findings.facts.recent
            view.presented.extend(sections.presented(passed.presented, recent, wording))
            view.open_promises.extend(sections.promises(passed.promises, wording))
            if (least := tightest(passed.balances)) is not None:
                view.contacts.CopyFrom(contacts(least))
            for each in passed.balances:
                offer_id = wording.offer_id(each.offer_no)
                view.contacts.limits.append(limit_state(each, offer_id))
        if findings.journeys is not None:
            view.journeys.extend(sections.journeys(findings.journeys.journeys))


def _of_one_view(call: Call) -> Budget:
    """Return what one view of a watcher may take: a second, and what its stream has left."""
    return call.budget.at_most(LONGEST_S) if call.budget else Budget.of(LONGEST_S)
