"""What is due at this moment: scenarios of the session beside the journeys under way."""

from __future__ import annotations

from collections.abc import Sequence

from services.scenario.definitions import Playbook
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.domain.actions import Proposal
from services.scenario.domain.carts import Cart
from services.scenario.domain.proposals import Proposals, Standing
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.task_kinds import CALL_BACK, CHAT
from services.scenario.journeys.finding import is_so, is_to_be_had, session_values
from services.scenario.people import cart_of
from shared.arms import IMPERSONAL
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from shared.exchange import Exchange
from shared.snapshots import snapshot_of
from touchpoint.common.v1.decision_pb2 import CartLine
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.scenario.v1 import scenario_service_pb2 as pb


class DueActions:
    """Answers from memory alone: every decision waits for it."""

    def __init__(
        self,
        catalogue: Catalogue,
        bundles: BundleFollower[Playbook],
        proposals: Proposals,
        free_agents: FreeAgents,
    ) -> None:
        self._catalogue = catalogue
        self._bundles = bundles
        self._proposals = proposals
        self._free_agents = free_agents

    def answer(self, request: pb.GetDueRequest) -> pb.GetDueResponse:
        """Return what is proposed; `Unavailable` when the bundle asked for is not here."""
        context = request.context
        playbook = self._bundles.of(context.bundle_hash).treating(context.variants)
        desk = playbook.desk
        response = pb.GetDueResponse(
            free_agents=self._free_agents.takers(desk.promised[CALL_BACK]),
            free_chat_agents=self._free_agents.takers(desk.promised[CHAT]),
        )
        response.versions.bundle_hash = context.bundle_hash
        response.versions.catalogue_version = self._catalogue.version
        if context.arm in IMPERSONAL or not request.snapshot:
            return response
        snapshot = snapshot_of(request.snapshot)
        cart = self._cart(context.cart, snapshot, playbook.exchange)
        at_home = playbook.at_home(self._catalogue)
        values = session_values(snapshot, cart) if playbook.in_session else {}
        for scenario in playbook.in_session:
            if is_so(scenario, snapshot, cart, at_home, values):
                self._propose(response, playbook, scenario, context.now_us)
        # A journey tells whoever asks what the person did.
        known_ids = () if snapshot.is_guessed else snapshot.person_ids
        for standing in self._proposals.of(known_ids, context.now_us):
            self._continue(response, playbook, standing, context.now_us)
        return response

    def are_held_out(self, person_ids: Sequence[str]) -> bool:
        """Say whether a set of persons, oldest first, gets nothing personal, to compare with."""
        oldest_id = person_ids[0] if person_ids else ""
        return self._bundles.for_person(oldest_id).holds_out(oldest_id)

    def _propose(
        self, response: pb.GetDueResponse, playbook: Playbook, scenario: Scenario, now_us: int
    ) -> None:
        stage = scenario.stages[0]
        proposal: Proposal | None = stage.propose
        assert proposal is not None, "compiled scenarios of the session propose"
        for offer_no in self._catalogue.offer_nos(proposal.offer_ids):
            if is_to_be_had(self._catalogue, playbook, offer_no, now_us):
                response.actions.add(
                    offer_no=offer_no,
                    scenario=scenario.name,
                    stage=stage.name,
                    placements=proposal.placements,
                    lever=proposal.lever,
                )

    def _continue(
        self, response: pb.GetDueResponse, playbook: Playbook, standing: Standing, now_us: int
    ) -> None:
        if standing.scenario not in playbook.scenarios:
            return
        for offer_no in standing.offer_nos:
            if is_to_be_had(self._catalogue, playbook, offer_no, now_us):
                response.actions.add(
                    offer_no=offer_no,
                    journey_id=standing.journey_id,
                    scenario=standing.scenario,
                    stage=standing.stage,
                    placements=standing.placements,
                    lever=standing.lever,
                )

    def _cart(self, sent: Sequence[CartLine], snapshot: PersonSnapshot, exchange: Exchange) -> Cart:
        """Return the cart: what the caller sent outranks what profile knows."""
        if not sent:
            return cart_of(snapshot)
        prices = [line.price_micros or self._price(line, exchange) for line in sent]
        worth = sum(line.quantity * price for line, price in zip(sent, prices, strict=True))
        return Cart(
            tuple(line.offer_no for line in sent),
            tuple(line.quantity for line in sent),
            round(worth),
        )

    def _price(self, line: CartLine, exchange: Exchange) -> int:
        no, catalogue = line.offer_no, self._catalogue
        if not 0 < no < catalogue.size:
            return 0
        return int(exchange.at_home(catalogue.price_micros[no], no, catalogue))
