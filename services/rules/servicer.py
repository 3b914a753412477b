"""The rpcs of rules: proto in, domain call, proto out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from services.rules.answers import balance, decision, presentations, promise, reserved
from services.rules.applying import Definitions
from services.rules.approaching import ContactTerms, Encounter, occasion_of
from services.rules.attributes import OfferAttributes
from services.rules.check import Checker
from services.rules.commit import Committer
from services.rules.defining import DefinitionRpcs
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.contact_limits import ContactPolicy
from services.rules.domain.counters import Occasion, resolved
from services.rules.domain.drafts import Reservation
from services.rules.domain.facts import LoggedContact
from services.rules.domain.ledger import Ledger
from services.rules.domain.promises import OpenPromise
from services.rules.domain.retention import Keep
from services.rules.domain.stock import is_sold_out
from services.rules.domain.unconfirmed import AnswerStore, StoredAnswer
from services.rules.results import Results
from services.rules.simulating import Simulations
from services.rules.spending import Spending
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.storage.notices import ContactState, contact_notice
from services.rules.suppressing import Suppressions
from services.rules.terms_keeping import KeptTerms
from shared.call import Call
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import NotFound
from shared.person_export import demand_permission
from touchpoint.common.v1.bus_pb2 import ContactNotice, DecisionNotice
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Promise

_PRESENTED = 50
_SLICE = 1000


class RulesServicer(DefinitionRpcs):
    """See `touchpoint.rules.v1.RulesService`."""

    def __init__(
        self,
        checker: Checker,
        committer: Committer,
        ledger: Ledger,
        definitions: Definitions,
        store: PostgresDefinitions,
        bundles: BundleFollower[CompiledBundle],
        clock: BusinessClock,
        catalogue: Catalogue,
        attributes: OfferAttributes,
        results: Results,
        spending: Spending,
        simulations: Simulations,
        kept_terms: KeptTerms,
        answers: AnswerStore,
    ) -> None:
        DefinitionRpcs.__init__(self, definitions, store, simulations)
        self._checker = checker
        self._committer = committer
        self._ledger = ledger
        self._bundles = bundles
        self._clock = clock
        self._catalogue = catalogue
        self._terms = ContactTerms(catalogue, attributes)
        self._suppressions = Suppressions(ledger, bundles, clock, catalogue)
        self._results = results
        self._spending = spending
        self._kept_terms = kept_terms
        self._answers = answers

    async def check(self, call: Call, request: pb.CheckRequest) -> pb.CheckResponse:
        return await self._checker.check(request)

    async def commit(self, call: Call, request: pb.CommitRequest) -> pb.CommitResponse:
        return await self._committer.commit(request)

    async def get_contacts(
        self, call: Call, request: pb.GetContactsRequest
    ) -> pb.GetContactsResponse:
        persons = list(request.person_ids)
        shown = await self._ledger.latest_decisions(persons, _PRESENTED)
        policy, now_us = self._policy_of(persons), self._clock.now_us()
        occasion = occasion_of(policy, now_us, request.time_zone, Channel.UNSPECIFIED)
        encounter = await self._encounter(persons, occasion, policy)
        return pb.GetContactsResponse(
            balances=[balance(each) for each in encounter.balances()],
            presented=presentations(shown, _PRESENTED),
            promises=[self._promise(each) for each in await self._ledger.promises(persons, now_us)],
        )

    async def get_budgets(self, call: Call, request: pb.GetBudgetsRequest) -> pb.GetBudgetsResponse:
        return pb.GetBudgetsResponse(
            accounts=await self._spending.accounts(self._bundles.active.policy)
        )

    async def reserve_contact(
        self, call: Call, request: pb.ReserveContactRequest
    ) -> pb.ReserveContactResponse:
        now_us = self._clock.now_us()
        keys = tuple(each.key for each in request.identity_keys)
        terms = self._terms.of(request.offer_no)
        persons = tuple(request.person_ids) or await self._ledger.persons_of(keys)
        policy = self._policy_of(persons)
        occasion = occasion_of(policy, now_us, request.time_zone, request.channel, decided=False)
        under = request.policy or terms.policy
        gate = (await self._encounter(persons, occasion, policy)).gate(under)
        reservation = Reservation(
            contact_id=request.contact_id,
            person_ids=tuple(request.person_ids),
            identity_keys=keys,
            policy=under,
            channel=request.channel,
            offer_no=request.offer_no,
            now_us=now_us,
            until_us=now_us + (request.held_for.ToMicroseconds() or Keep.RESERVATION_US),
            limits=resolved(policy.limits, self._catalogue.offer_no),
            kind=terms.kind,
            group=terms.group,
            time_zone=request.time_zone or policy.time_zone,
            closed=gate is not None,
            reserved_by=request.reserved_by if request.HasField("reserved_by") else None,
        )
        granted = await self._ledger.reserve(reservation)
        persons = persons or await self._ledger.persons_of(keys)
        left = (await self._encounter(persons, occasion, policy)).balance(reservation.subject)
        return reserved(granted=granted, gate=gate, left=left)

    async def list_suppressions(
        self, call: Call, request: pb.ListSuppressionsRequest
    ) -> pb.ListSuppressionsResponse:
        return await self._suppressions.list(request)

    async def release_contact(
        self, call: Call, request: pb.ReleaseContactRequest
    ) -> pb.ReleaseContactResponse:
        released = await self._ledger.release(
            request.contact_id,
            self._clock.now_us(),
            unless_confirmed=request.unless_confirmed,
            released_by=request.released_by,
        )
        return pb.ReleaseContactResponse(released=released)

    async def get_decision(
        self, call: Call, request: pb.GetDecisionRequest
    ) -> pb.GetDecisionResponse:
        found = await self._ledger.decision(request.decision_id)
        unconfirmed = await self._answers.answer(request.decision_id)
        if found is None and not unconfirmed:
            raise NotFound("there is no such decision")
        return decision(found, unconfirmed)

    async def keep_answers(
        self, call: Call, request: pb.KeepAnswersRequest
    ) -> pb.KeepAnswersResponse:
        await self._answers.add([_answer(each) for each in request.answers])
        return pb.KeepAnswersResponse()

    async def stream_decisions(
        self, call: Call, request: pb.StreamDecisionsRequest
    ) -> AsyncIterator[pb.StreamDecisionsResponse]:
        position = request.position
        while True:
            position, notices = await self._ledger.decisions_after(position, _SLICE)
            if not notices:
                return
            decisions = [DecisionNotice.FromString(notice) for notice in notices]
            yield pb.StreamDecisionsResponse(position=position, decisions=decisions)

    async def stream_contacts(
        self, call: Call, request: pb.StreamContactsRequest
    ) -> AsyncIterator[pb.StreamContactsResponse]:
        position = request.position
        while contacts := await self._ledger.contacts_after(position, _SLICE):
            position = contacts[-1].position
            yield pb.StreamContactsResponse(
                position=position, contacts=[_logged(contact) for contact in contacts]
            )

    async def get_rule_results(
        self, call: Call, request: pb.GetRuleResultsRequest
    ) -> pb.GetRuleResultsResponse:
        return await self._results.get(request)

    async def get_rule_failures(
        self, call: Call, request: pb.GetRuleFailuresRequest
    ) -> pb.GetRuleFailuresResponse:
        return await self._results.failing.get()

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        keys = [each.key for each in request.identity_keys]
        return pb.ErasePersonResponse(rows=await self._ledger.erase(request.person_ids, keys))

    async def export_person(
        self, call: Call, request: pb.ExportPersonRequest
    ) -> AsyncIterator[pb.ExportPersonResponse]:
        demand_permission(call)
        keys = [each.key for each in request.identity_keys]
        async for table, rows in self._ledger.export(request.person_ids, keys):
            yield pb.ExportPersonResponse(table=table, rows=rows)

    def _promise(self, found: OpenPromise) -> Promise:
        terms = self._kept_terms.of(found.offer_no, found.made_us)
        return promise(found, terms, sold_out=is_sold_out(self._catalogue, found.offer_no))

    async def _encounter(
        self, persons: Sequence[str], occasion: Occasion, policy: ContactPolicy
    ) -> Encounter:
        """Return these persons on an occasion, as the ledger knows them."""
        now_us = occasion.now_us
        contacts = await self._ledger.contacts(persons, now_us - policy.longest_window_us, now_us)
        declined_us: Sequence[int] = ()
        if policy.cooling_off is not None:
            since_us = now_us - policy.declines_matter_us
            declined_us = await self._ledger.declined_us(persons, since_us)
        return Encounter(policy, self._catalogue, occasion, contacts, declined_us)

    def _policy_of(self, persons: Sequence[str]) -> ContactPolicy:
        """Return what is in force for a set of persons, oldest first."""
        return self._bundles.for_person(persons[0] if persons else "").policy.contacts


def _answer(told: pb.UnconfirmedAnswer) -> StoredAnswer:
    return StoredAnswer(
        told.decision_id,
        tuple(told.person_ids),
        told.answered_time.ToMicroseconds(),
        told.SerializeToString(),
    )


def _logged(contact: LoggedContact) -> ContactNotice:
    return contact_notice(
        contact.contact_id,
        contact.person_id,
        ContactState(contact.state),
        contact.policy,
        contact.channel,
        contact.offer_no,
        contact.time_us,
    )
