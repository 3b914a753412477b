"""Reads a request for a decision: who, where, what, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.aggregator.domain.definitions import Definitions
from services.aggregator.domain.digest import CartLine, Moment, context_digest, seed_of
from services.aggregator.domain.placements import Ask, default_deadline_s
from services.aggregator.domain.way_back import WayBack
from services.aggregator.identification import Identification
from services.aggregator.pipeline.question import Named, OnTrial, Question
from shared.budget import Budget
from shared.call import Call
from shared.catalogue import Catalogue, Fence
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import DeadlineExceeded, FailedPrecondition
from shared.exchange import Exchange
from shared.ids import uuid7
from shared.money import MAX_MICROS, to_micros
from shared.reaching import demand_reach
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem, OnBehalf
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1 import decision_pb2
from touchpoint.scenario.v1.scenario_pb2 import DueAction

_USUAL = WayBack()
"""Whom nobody tells how long it takes."""


class Tried(NamedTuple):
    """What is in force for a share of people."""

    trial: decision_pb2.Trial
    definitions: Definitions


def tried_by(bundles: BundleFollower[Definitions]) -> Callable[[], Tried | None]:
    """Return what tells what is in force for a share of people; None: nothing."""

    def tried() -> Tried | None:
        trial = bundles.trial
        return Tried(trial, bundles.of(trial.bundle_hash)) if trial.bundle_hash else None

    return tried


def nothing_tried() -> None:
    """Tell that the same is in force for everybody."""


class Asking:
    """Makes questions of validated requests."""

    def __init__(
        self,
        definitions: Callable[[], Definitions],
        catalogue: Catalogue,
        identification: Identification,
        clock: BusinessClock,
        tried: Callable[[], Tried | None] = nothing_tried,
    ) -> None:
        self._definitions = definitions
        self._tried = tried
        self._catalogue = catalogue
        self._identification = identification
        self._clock = clock

    def question(
        self,
        call: Call,
        request: RecommendRequest,
        confirmed_person_id: str = "",
        way_back: WayBack = _USUAL,
    ) -> Question:
        """Return what is to be decided; raises InvalidArgument for values that mean nothing.

        The caller's deadline, or the placements' default, is its budget, less the way back.
        PermissionDenied where a caller that may not reach persons asks on behalf of one,
        DeadlineExceeded where there is no time left to answer in.
        """
        message = request.on_behalf if request.HasField("on_behalf") else None
        if message is not None:
            demand_reach(call)
        definitions = self._definitions()
        asks = _asks(request, definitions)
        if message is not None:
            named = Named((), (), (), person_id=message.person_id)
        else:
            named = self._identification.named(request.identities, confirmed_person_id)
        context = self._context(request, asks, definitions.exchange)
        context.contact_held = request.on_behalf.contact_held
        context.bundle_hash = definitions.bundle_hash
        context.identity_keys.extend(named.keys)
        fence = Fence.of(context.within_categories, context.without_categories)
        budget, left_out = _budget(call, asks, way_back), request.exclude_ids
        tried, on_trial = self._tried(), None
        if tried is not None:
            on_trial = OnTrial(*tried, _asks(request, tried.definitions))
        question = Question(
            call, budget, definitions, asks, named, context, left_out, fence, on_trial
        )
        if message is not None:
            question.proposed = self._proposed(message)
            question.only_proposed = message.only_offers
        return question

    def demand(self, placement: str) -> None:
        """Raise FailedPrecondition where the definitions lack a placement that we need."""
        if placement not in self._definitions().placements:
            raise FailedPrecondition(
                f"the definitions have no placement {placement!r}", reason="PLACEMENT_MISSING"
            )

    def _proposed(self, message: OnBehalf) -> list[DueAction]:
        """Return what a journey proposes for its message, as far as the catalogue knows it."""
        numbers = self._catalogue.offer_nos(message.offer_ids)
        return [
            DueAction(
                offer_no=offer_no,
                journey_id=message.journey_id,
                scenario=message.scenario,
                stage=message.stage,
            )
            for offer_no in numbers
        ]

    def _context(
        self, request: RecommendRequest, asks: Sequence[Ask], exchange: Exchange
    ) -> decision_pb2.DecisionContext:
        asked, catalogue, now_us = request.context, self._catalogue, self._clock.now_us()
        decision_id = uuid7(now_us // 1_000)
        context = decision_pb2.DecisionContext(
            decision_id=decision_id,
            now_us=now_us,
            channel=request.channel,
            placements=[
                decision_pb2.PlacementAsk(placement=ask.placement.name, limit=ask.limit)
                for ask in asks
            ],
            session_id=asked.session_id,
            item_nos=catalogue.offer_nos(asked.item_ids),
            cart=[self._cart_line(line, exchange) for line in asked.cart],
            query=asked.query,
            within_categories=asked.within_categories,
            without_categories=asked.without_categories,
            excluded_offer_nos=catalogue.offer_nos(request.exclude_ids),
            locale=request.locale,
            preview=request.preview,
            explain=request.explain,
            context_digest=digest_of(request),
            seed=seed_of(decision_id),
        )
        if asked.HasField("attributes"):
            context.attributes.CopyFrom(asked.attributes)
        if request.HasField("recipient"):
            context.recipient.CopyFrom(request.recipient)
        return context

    def _cart_line(self, line: CartItem, exchange: Exchange) -> decision_pb2.CartLine:
        offer_no = self._catalogue.offer_no(line.item_id)
        return decision_pb2.CartLine(
            offer_no=offer_no,
            quantity=line.quantity or 1.0,
            price_micros=self._at_home(line, offer_no, exchange),
        )

    def _at_home(self, line: CartItem, offer_no: int, exchange: Exchange) -> int:
        """Return the price of a line in the home currency; one without is as its item is sold."""
        price_micros, catalogue = _price_micros(line), self._catalogue
        currency, only = line.price.currency, catalogue.only_currency
        if not price_micros or (only and currency in ("", only)):
            return price_micros
        if not currency and offer_no:
            currency = catalogue.currencies.text(int(catalogue.currency_no[offer_no]))
        table = exchange.table(catalogue)
        if not table.base:
            return price_micros
        return min(table.to_base_micros(price_micros, currency), MAX_MICROS)


def digest_of(request: RecommendRequest) -> bytes:
    """Return what must be equal for a standing decision to hold."""
    asked = request.context
    return context_digest(
        Moment(
            item_ids=asked.item_ids,
            cart=[
                CartLine(line.item_id, line.quantity, _price_micros(line)) for line in asked.cart
            ],
            query=asked.query,
            within_categories=asked.within_categories,
            without_categories=asked.without_categories,
            attributes=asked.attributes.SerializeToString(deterministic=True),
            recipient=request.recipient.SerializeToString(deterministic=True),
            exclude_ids=request.exclude_ids,
            locale=request.locale,
        )
    )


def _price_micros(line: CartItem) -> int:
    return to_micros(line.price.amount) if line.HasField("price") else 0


def _asks(request: RecommendRequest, definitions: Definitions) -> list[Ask]:
    """Return what is to be filled; a message has no need of offers that everybody gets."""
    asks = []
    for asked in request.placements:
        placement = definitions.placements[asked.placement]
        if request.HasField("on_behalf"):
            placement = replace(placement, default_offers=())
        asks.append(Ask(placement, asked.limit or placement.limit))
    return asks


def _budget(call: Call, asks: Sequence[Ask], way_back: WayBack) -> Budget:
    """Return the caller's budget, or the placements' default, less the way back.

    Raises DeadlineExceeded where the way back alone takes longer.
    """
    budget = call.budget or Budget.of(default_deadline_s(asks))
    left_s = budget.remaining_s()
    margin_s = way_back.margin_s(left_s)
    if left_s <= margin_s:
        raise DeadlineExceeded(
            f"{left_s * 1e3:.1f} ms are left of the deadline, and the way back alone takes "
            f"{margin_s * 1e3:.0f} ms: no answer could be there in time",
            reason="DEADLINE_TOO_SHORT",
        )
    return budget.less(margin_s)
