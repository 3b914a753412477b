"""Judging one request: by one bundle, out of what was read for it; live and replayed alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.rules.additions import added_candidates, keep_within
from services.rules.answers import balance, contact_constraints
from services.rules.approaching import ContactTerms, Encounter, occasion_of
from services.rules.attributes import OfferAttributes
from services.rules.conditions import PlacementVariables, RequestFrame
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.catalogue import kind_mask
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.contacts import Approach
from services.rules.domain.definitions import Placement
from services.rules.domain.facts import CheckFacts
from services.rules.domain.person import Numbers
from services.rules.domain.screening import Screens
from services.rules.domain.standing import Order, standing_decision, standing_orders
from services.rules.domain.values import Outcome
from services.rules.domain.verdict import FrameOf, Verdict, judge
from services.rules.moment import MomentVariables
from services.rules.past import person_facts, surveys_done
from services.rules.pinning import offers_kept_for, pins_that_hold
from services.rules.spending import Spending
from services.rules.telling_verdict import told
from shared.catalogue import Catalogue, Fence
from shared.errors import FieldViolation, InvalidArgument
from touchpoint.common.v1.decision_pb2 import Candidates, DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder
from touchpoint.rules.v1 import rules_service_pb2 as pb

_NOBODY: Mapping[int, int] = {}


@dataclass(frozen=True, slots=True)
class Case:
    """One request with what was read for it."""

    compiled: CompiledBundle
    context: DecisionContext
    asked: Sequence[Placement]
    snapshot: PersonSnapshot | None
    """None: profile did not answer."""
    facts: CheckFacts
    orders: Sequence[Order]
    encounter: Encounter
    strange: frozenset[str] = frozenset()
    """Offers that other definitions have and those it is decided by have not."""

    @property
    def approach(self) -> Approach:
        """What is left for marketing, what is closed, and what counts already."""
        found = self.encounter.approach(
            frozenset(order.decision_id for order in self.orders if order.exact)
        )
        held = frozenset(each.name for each in self.asked if each.contact_held)
        return replace(found, placements=found.placements | held) if held else found


class Judge:
    """Judges requests, by the catalogue and what is left of budgets as they are now."""

    def __init__(
        self,
        catalogue: Catalogue,
        attributes: OfferAttributes,
        spending: Spending,
        screens: Screens | None = None,
    ) -> None:
        """Screens spare rules that could remove nothing; they are for times that go forward."""
        self._catalogue = catalogue
        self._attributes = attributes
        self._terms = ContactTerms(catalogue, attributes)
        self._spending = spending
        self._screens = screens

    def case(
        self,
        compiled: CompiledBundle,
        context: DecisionContext,
        snapshot: PersonSnapshot | None,
        facts: CheckFacts,
        strange: frozenset[str] = frozenset(),
    ) -> Case:
        """Return a request made ready; `InvalidArgument` for placements that are not defined."""
        asked = placements_asked(compiled, context)
        orders: Sequence[Order] = ()
        if facts.standing:
            asks = _asks(context)
            orders = standing_orders(asks, facts.standing, compiled.policy.placements)
        encounter = self._encounter(compiled, context, snapshot, facts)
        return Case(compiled, context, asked, snapshot, facts, orders, encounter, strange)

    def answer(self, case: Case, candidates: Candidates) -> pb.CheckResponse:
        """Judge the candidates, and what a standing decision or a promise brings back."""
        counted = case.approach
        offer_nos = list(candidates.offer_nos)
        reads = case.compiled.compiler.reads
        exchange = case.compiled.policy.exchange
        moment = MomentVariables(case.context, case.snapshot, self._catalogue, reads, exchange)
        failed: list[str] = []
        constraints, kept_for = self._demanded(case, moment, failed)
        added = added_candidates(
            offer_nos, case.orders, case.asked, kept_for, case.facts.promised, self._catalogue
        )
        numbers = np.array([*offer_nos, *added.offer_nos], np.int64)
        places = _known_places(self._catalogue, numbers, case)
        known = numbers if places is None else numbers[places]
        sources = _sources(candidates, added)
        known_sources = sources if places is None or sources is None else sources[places]
        verdict = self._judge(case, known, counted, moment, known_sources)
        keep_within(verdict, known, added, kept_for)
        for name in failed:
            verdict.act(name).failed = True
        response = told(numbers, places, verdict)
        response.added.CopyFrom(added)
        response.constraints.extend(constraints)
        _tell(response, case, self._contact_constraints(case, known, counted))
        response.versions.catalogue_version = self._catalogue.version
        response.versions.bundle_hash = case.compiled.policy.bundle_hash
        return response

    def _encounter(
        self,
        compiled: CompiledBundle,
        context: DecisionContext,
        snapshot: PersonSnapshot | None,
        facts: CheckFacts,
    ) -> Encounter:
        policy = compiled.policy.contacts
        time_zone = snapshot.time_zone if snapshot is not None else ""
        occasion = occasion_of(
            policy, context.now_us, time_zone, context.channel, context.session_id
        )
        declined_us: Sequence[int] = [time_us for _, time_us in facts.declines]
        if snapshot is not None:
            declined_us = snapshot.declined.times_us
        return Encounter(policy, self._catalogue, occasion, facts.contacts, declined_us)

    def _contact_constraints(
        self, case: Case, numbers: Numbers, counted: Approach
    ) -> Sequence[SlateConstraint]:
        """Return what is left of the limits as constraints on the slate.

        None where a candidate is not of marketing: constraints know kinds and no policies, and
        Commit holds the limits all the same.
        """
        kinds = frozenset().union(
            *(each.contact_kinds for each in case.asked if not each.one_contact)
        )
        counting = numbers[kind_mask(kinds)[self._catalogue.kind[numbers]]]
        if self._terms.any_named(counting):
            return ()
        return contact_constraints(case.asked, counted)

    def _demanded(
        self, case: Case, moment: MomentVariables, failed: list[str]
    ) -> tuple[Sequence[SlateConstraint], Mapping[int, int]]:
        """Return what the slates must keep to, and the offers that places are kept for.

        Names in `failed` what could not be evaluated.
        """
        compiled, asks = case.compiled, case.context.placements
        constraints = compiled.slate_constraints(tuple([each.name for each in case.asked]))
        pins = compiled.policy.pins
        if not pins and not compiled.keeps_places:
            return constraints, _NOBODY
        settled = {order.placement for order in case.orders if order.exact}
        activate = compiled.compiler.activation
        held = pins_that_hold(pins, asks, settled, moment, activate, failed.append)
        constraints = (*constraints, *held)
        return constraints, offers_kept_for(constraints, asks, settled, self._catalogue)

    def _judge(
        self,
        case: Case,
        numbers: Numbers,
        counted: Approach,
        moment: MomentVariables,
        sources: Numbers | None,
    ) -> Verdict:
        context, policy = case.context, case.compiled.policy
        done = surveys_done(case.snapshot, policy.questions, self._catalogue.offer_no)
        fence = Fence.of(context.within_categories, context.without_categories)
        columns = CandidateColumns(
            self._catalogue,
            self._attributes.of,
            numbers,
            Moment(
                context.now_us,
                context.channel,
                context.excluded_offer_nos,
                fence,
                case.facts.promised,
                policy.exchange,
            ),
            person_facts(case.snapshot, context, case.facts.declines, done),
            sources,
        )
        frame_of = _frames(case, columns, moment)
        rules = policy.rules
        if self._screens is not None and not columns.is_kept_on:
            rules = self._screens.of(policy, context.channel, context.now_us).passing(
                columns, rules
            )
        segments = case.snapshot.segments if case.snapshot is not None else ()
        theirs = {*case.facts.promised, *case.facts.reserved}
        spent = self._spending.spent_for(policy, segments, theirs)
        return judge(rules, case.asked, columns, frame_of, counted, spent)


def _frames(case: Case, columns: CandidateColumns, moment: MomentVariables) -> FrameOf:
    """Return what makes the frame of each placement, once for each."""
    activate = case.compiled.compiler.activation
    made: dict[str, RequestFrame] = {}
    known: dict[int, Outcome] = {}

    def frame_of(placement: str) -> RequestFrame:
        frame = made.get(placement)
        if frame is None:
            variables = PlacementVariables(moment, placement) if placement else moment
            frame = made[placement] = RequestFrame(columns, variables, activate, known)
        return frame

    return frame_of


def placements_asked(compiled: CompiledBundle, context: DecisionContext) -> list[Placement]:
    """Return the definitions of what is to be filled; `InvalidArgument` for unknown names."""
    known = compiled.policy.placements
    try:
        asked = [known[ask.placement] for ask in context.placements]
        if context.contact_held:
            asked = [replace(each, one_contact=True, contact_held=True) for each in asked]
        return asked
    except KeyError:
        raise InvalidArgument(
            [
                FieldViolation(
                    f"context.placements[{index}].placement", f"{ask.placement} is not defined"
                )
                for index, ask in enumerate(context.placements)
                if ask.placement not in known
            ]
        ) from None


def _asks(context: DecisionContext) -> list[tuple[str, int]]:
    return [(ask.placement, ask.limit) for ask in context.placements]


def _tell(response: pb.CheckResponse, case: Case, constraints: Sequence[SlateConstraint]) -> None:
    """Add to the answer what is not about single candidates."""
    response.constraints.extend(constraints)
    response.balances.extend([balance(each) for each in case.encounter.balances()])
    response.person_ids.extend(case.facts.person_ids)
    if case.orders:
        response.standing.extend(
            StandingOrder(placement=order.placement, offer_nos=order.offer_nos, exact=order.exact)
            for order in case.orders
        )
        response.standing_decision_id = standing_decision(_asks(case.context), case.orders)


def _sources(candidates: Candidates, added: Candidates) -> Numbers | None:
    """Return where each candidate came from, those of standing orders last; None: not said."""
    if len(candidates.sources) != len(candidates.offer_nos):
        return None
    return np.array([*candidates.sources, *added.sources], np.int64)


def _known_places(catalogue: Catalogue, numbers: Numbers, case: Case) -> Numbers | None:
    """Return which candidates the catalogue and the definitions know; None: all of them.

    What is the person's own stays so, whatever the definitions have.
    """
    strange = set(catalogue.offer_nos(case.strange)).difference(case.facts.promised)
    if not strange and numbers.max(initial=0) < catalogue.size and catalogue.kind[numbers].all():
        return None
    known = catalogue.known(numbers.astype(np.uint32))
    return np.flatnonzero(known & ~np.isin(numbers, list(strange)))
