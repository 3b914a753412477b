"""A page on its way into the ledger: what it shows, what a race takes out, what is written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from services.rules.answers import write_removals
from services.rules.approaching import ContactTerms
from services.rules.counting import Counting
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.acts import Act
from services.rules.domain.budgets import OfferTerms, held_to
from services.rules.domain.counters import resolved
from services.rules.domain.drafts import DecisionDraft, StandingOrder, WantedContact
from services.rules.domain.promises import WantedPromise
from services.rules.domain.replacement import (
    Offers,
    Slot,
    replace_refused,
    replace_spent,
    wanted_contacts,
)
from services.rules.domain.standing import StandingKey
from services.rules.domain.verdict import (
    APPLICABILITY,
    BUDGET_RULE,
    BUDGET_SPENT,
    CONTACT_LIMIT,
    ELIGIBILITY,
    OUT_OF_SCHEDULE,
    Removals,
)
from services.rules.judging import placements_asked
from services.rules.recorder import Recorder, with_slates
from services.rules.telling_acts import acts_of, note_acts
from shared.catalogue import Catalogue
from shared.slate import Refilling
from touchpoint.common.v1.bus_pb2 import ChosenNotice, DecisionNotice
from touchpoint.rules.v1 import rules_service_pb2 as pb

_MAKESHIFT_US = 60 * 1_000_000
"""A degraded or makeshift decision sticks no longer: enough for a request that is repeated."""
_USUAL = OfferTerms()
_OVER = "promise"
"""What is told of an offer that was the person's own, and ended in between."""


class Page:
    """One page, of one commit."""

    def __init__(
        self,
        request: pb.CommitRequest,
        compiled: CompiledBundle,
        house: CompiledBundle,
        catalogue: Catalogue,
        terms: ContactTerms,
    ) -> None:
        """Take the bundle that it was decided by and that which is in force for everybody."""
        self._request = request
        self._compiled = compiled
        self._house = house
        self._catalogue = catalogue
        placements = {each.name: each for each in placements_asked(compiled, request.context)}
        self._slots: list[Slot] = []
        self._notices: dict[str, dict[int, ChosenNotice]] = {}
        """What came with each offer, by placement."""
        for each in request.placements:
            chosen, following = list(each.chosen), list(each.next)
            known = self._notices.setdefault(each.placement, {})
            known.update((notice.offer_no, notice) for notice in (*following, *chosen))
            self._slots.append(
                Slot(
                    placements[each.placement],
                    [notice.offer_no for notice in chosen],
                    [notice.offer_no for notice in following],
                )
            )
        self._limits = resolved(compiled.policy.contacts.limits, catalogue.offer_no)
        self._offers = Offers(catalogue.kind, catalogue.is_default, terms.of, self._limits)
        names = tuple(each.placement for each in request.placements)
        constraints = compiled.treating(request.context.variants).slate_constraints(names)
        self._refilling = Refilling(catalogue, constraints, request.context.placements)
        self._removals = Removals()
        self.answer = pb.CommitResponse()

    def refuse(self, refused: Mapping[WantedContact, str]) -> None:
        """Take out what was a contact too many; with each the limit that was full."""
        gone = replace_refused(self._slots, list(refused), self._offers, self._refilling.refill)
        rules = {(each.placement, each.offer_no): rule for each, rule in refused.items()}
        messages = {
            (each.placement, each.policy): rule
            for each, rule in refused.items()
            if not each.offer_no
        }
        for placement, offer_nos in gone.items():
            for offer_no in offer_nos:
                policy = self._offers.terms_of(offer_no).policy
                rule = rules.get((placement, offer_no)) or messages[placement, policy]
                self._removals.add([offer_no], CONTACT_LIMIT, rule, ELIGIBILITY, placement)

    def count(self, counting: Counting) -> None:
        """Count what rules did, once for each decision."""
        request = self._request
        if request.stood:
            return
        acts = acts_of(request.acts)
        placements = [ask.placement for ask in request.context.placements]
        refused = self.answer.refused
        for rule, placement in zip(refused.rules, refused.placements, strict=True):
            act = acts.setdefault(rule, Act())
            act.candidates += 1
            act.placement_bits |= 1 << placements.index(placement)
        counting.count(request.context.now_us, request.person_ids, placements, acts.items())

    def record(self, recorder: Recorder) -> None:
        """Hand on what the decision was decided by, with what it shows, if it is to be recorded."""
        request = self._request
        if request.recorded and not request.stood:
            shown = [(slot.placement.name, slot.chosen) for slot in self._slots]
            recorder.record(request.context.decision_id, with_slates(request.recorded, shown))

    def refuse_spent(self, refused: Sequence[WantedPromise], *, is_last: bool = False) -> None:
        """Take out what there was no budget for any more, or what had just ended."""
        now_us = self._request.context.now_us
        over = {each.offer_no: each.expires_us <= now_us for each in refused}
        refill = self._refilling.refill
        gone = replace_spent(self._slots, over, self._offers, refill, only_free=is_last)
        for placement, offer_nos in gone.items():
            for offer_no in offer_nos:
                is_over = over[offer_no]
                code, rule = (OUT_OF_SCHEDULE, _OVER) if is_over else (BUDGET_SPENT, BUDGET_RULE)
                self._removals.add([offer_no], code, rule, APPLICABILITY, placement)

    def draft(self) -> DecisionDraft:
        """Return the page as it stands; `answer` is what is shown if it is written."""
        request, context = self._request, self._request.context
        self.answer = self._answer()
        persons = tuple(request.person_ids)
        return DecisionDraft(
            decision_id=context.decision_id,
            person_ids=persons,
            identity_key=context.identity_keys[0].key if context.identity_keys else b"",
            now_us=context.now_us,
            channel=context.channel,
            session_id=context.session_id,
            wanted=wanted_contacts(self._slots, self._offers) if persons else (),
            limits=self._limits,
            asked=_digest(request),
            answer=self.answer.SerializeToString(),
            notice=self._notice().SerializeToString(),
            trace=request.trace,
            key=StandingKey(context.context_digest, request.standing_token, context.bundle_hash),
            sticky_us=self._sticky_us(),
            orders=self._orders(),
            time_zone=request.time_zone or self._compiled.policy.contacts.time_zone,
            promises=self._promises(),
        )

    def _promises(self) -> tuple[WantedPromise, ...]:
        """Return what the page promises: every promotion on it, once."""
        at_decision: dict[int, bool] = {}
        for slot in self._slots:
            for offer_no in slot.chosen:
                if self._offers.is_promise(offer_no):
                    at_once = slot.placement.counts_at_decision
                    at_decision[offer_no] = at_decision.get(offer_no, False) or at_once
        return tuple([self._promise(each, at_decision[each]) for each in sorted(at_decision)])

    def _promise(self, offer_no: int, at_decision: bool) -> WantedPromise:
        offer_id, house = self._catalogue.offer_ids[offer_no], self._house.policy
        terms = self._compiled.policy.terms.get(offer_id, _USUAL)
        expires_us = self._expires_us(offer_no, terms)
        budget = terms.budget
        if house is not self._compiled.policy:
            budget = held_to(terms, house.terms.get(offer_id))
        if budget is None:
            return WantedPromise(offer_no, at_decision, expires_us)
        accounts = budget.open_to(self._request.segments)
        return WantedPromise(offer_no, at_decision, expires_us, budget.each, accounts)

    def _expires_us(self, offer_no: int, terms: OfferTerms) -> int:
        """Return until when a new promise would hold; 0: none is to be had any more."""
        now_us, ends_us = self._request.context.now_us, int(self._catalogue.ends_us[offer_no])
        if self._catalogue.withdrawn[offer_no] or 0 < ends_us <= now_us:
            return 0
        if terms.promise_us:
            return now_us + terms.promise_us
        return ends_us or now_us + self._compiled.policy.promised_for_us

    def _answer(self) -> pb.CommitResponse:
        answer = pb.CommitResponse()
        for slot in self._slots:
            name, notices = slot.placement.name, self._notices[slot.placement.name]
            shown = answer.placements.add(placement=name).chosen
            shown.extend([notices[offer_no] for offer_no in slot.chosen])
            for position, notice in enumerate(shown):
                notice.placement, notice.position = name, position
                notice.replaced = notice.offer_no in slot.replaced
        write_removals(self._removals, answer.refused)
        return answer

    def _notice(self) -> DecisionNotice:
        context = self._request.context
        notice = DecisionNotice(
            decision_id=context.decision_id,
            person_ids=self._request.person_ids,
            time_us=context.now_us,
            channel=context.channel,
            bundle_hash=context.bundle_hash,
            model=self._request.model,
            arm=context.arm,
            degraded=self._request.degraded,
            variants=context.variants,
        )
        for placement in self.answer.placements:
            notice.chosen.extend(placement.chosen)
        if not self._request.stood:
            note_acts(self._request.acts, self._compiled.rule_places, notice)
        return notice

    def _sticky_us(self) -> int:
        usual_us, request = self._compiled.policy.sticky_us, self._request
        is_makeshift = request.degraded or request.makeshift
        return min(usual_us, _MAKESHIFT_US) if is_makeshift else usual_us

    def _orders(self) -> tuple[StandingOrder, ...]:
        """Return what sticks: what is shown, then the next best.

        Nothing where profile did not answer: it could never be found again, and would take the
        place of what stands.
        """
        if not self._request.standing_token:
            return ()
        asked = {ask.placement: ask.limit for ask in self._request.context.placements}
        orders = []
        for slot in self._slots:
            name, notices = slot.placement.name, self._notices[slot.placement.name]
            offer_nos = tuple(dict.fromkeys((*slot.chosen, *slot.next)))
            sources = tuple([notices[offer_no].source for offer_no in offer_nos])
            orders.append(StandingOrder(name, asked[name], offer_nos, sources))
        return tuple(orders)


def _digest(request: pb.CommitRequest) -> bytes:
    """Return 16 bytes that are equal when the same page is asked for the same persons."""
    content = hashlib.blake2b(digest_size=16)
    for placement in request.placements:
        content.update(placement.SerializeToString(deterministic=True))
    content.update("\0".join(request.person_ids).encode())
    return content.digest()
