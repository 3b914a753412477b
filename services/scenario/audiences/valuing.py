"""What is expected of telling one person of one offer by one way: rules and the ranker say it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from services.scenario.definitions import Playbook
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.domain.audience import Reason, Way
from services.scenario.domain.task_kinds import CALL_BACK, CHAT
from shared.arms import assign_arm, assign_variants
from shared.call import Call
from shared.client import invoke
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import DeadlineExceeded, Overloaded, Unavailable
from shared.ids import new_id
from shared.trials import is_in_trial
from touchpoint.common.v1.decision_pb2 import Candidates, DecisionContext, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, RemovalCode, Source
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest
from touchpoint.rules.v1.rules_service_pb2 import CheckRequest, CheckResponse

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

T = TypeVar("T")

NO_ROOM = Reason("NO_ROOM")
_TIMEOUT_S = 1.0
_PAUSES_S = (0.2, 1.0, 5.0)
"""Before asking again whoever is overloaded or did not answer: all others go first."""
_DIGEST = hashlib.blake2b(b"audience", digest_size=16).digest()
"""Of a moment in which nothing is decided, so that nothing ever stands."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What is expected of it."""

    acceptance_probability: float
    expected_value: float
    """Acceptance probability x value x lever, in the home currency."""


class _Case(NamedTuple):
    """Somebody who would be told, as rules and the ranker are asked about it."""

    context: DecisionContext
    snapshot: bytes
    candidates: Candidates


class Valuer:
    """Asks rules and the ranker as a preview of a decision does: it leaves no trace."""

    def __init__(
        self,
        rules: RulesServiceAsyncStub,
        ranker: RankerServiceAsyncStub,
        bundles: BundleFollower[Playbook],
        clock: BusinessClock,
        free_agents: FreeAgents,
    ) -> None:
        self.model = ""
        """That the ranker went by last."""
        self._free_agents = free_agents
        self._rules = rules
        self._ranker = ranker
        self._bundles = bundles
        self._clock = clock

    async def worth(
        self, call: Call, offer_no: int, person: PersonSnapshot, way: Way, opens_us: int = 0
    ) -> Worth | Reason:
        """Return what is expected of it now, or when quiet hours are over; or why it may not be.

        Raises the kit's errors where that cannot be known.
        """
        told = PersonSnapshot()
        told.CopyFrom(person)
        context = self._context(way, person, opens_us or self._clock.now_us())
        told.arm, told.assurance = context.arm, Assurance.VERIFIED  # it is we who address them
        case = _Case(context, told.SerializeToString(), _only(offer_no))
        asked = CheckRequest(
            context=case.context, snapshot=case.snapshot, candidates=case.candidates
        )
        verdict = await insist(lambda: invoke(self._rules.Check, asked, call, _TIMEOUT_S))
        if 0 not in verdict.kept:
            return _why_not(verdict, offer_no)
        return await self._ranked(call, case, verdict)

    async def _ranked(self, call: Call, case: _Case, verdict: CheckResponse) -> Worth | Reason:
        at = list(verdict.kept).index(0)
        asked = RankRequest(
            context=case.context,
            snapshot=case.snapshot,
            candidates=case.candidates,
            placement_bits=[verdict.placement_bits[at]],
            levers=verdict.levers[at : at + 1],
            constraints=verdict.constraints,
            tried=False,
        )
        answer = await insist(lambda: invoke(self._ranker.Rank, asked, call, _TIMEOUT_S))
        self.model = answer.versions.model
        [placement] = answer.placements
        found = next(iter(placement.chosen), None)
        if found is None:
            return NO_ROOM
        return Worth(found.acceptance_probability, found.score)

    def _context(self, way: Way, person: PersonSnapshot, now_us: int) -> DecisionContext:
        oldest_id, bundles = person.person_ids[0], self._bundles
        in_trial = is_in_trial(bundles.trial, oldest_id)
        playbook = bundles.for_person(oldest_id)
        plan, promised = playbook.plan, playbook.desk.promised
        takers = self._free_agents.takers
        # Who is called is called by an agent, one after the other for as long as the day has room.
        calls = way.channel == Channel.CALL_CENTER
        free = self.calls_per_day(playbook) if calls else takers(promised[CALL_BACK])
        return DecisionContext(
            decision_id=new_id(),
            bundle_hash=bundles.trial.bundle_hash if in_trial else bundles.active_hash,
            now_us=now_us,
            channel=way.channel,  # type: ignore[arg-type]
            placements=[PlacementAsk(placement=way.placement, limit=1)],
            locale=person.locale,
            preview=True,
            arm=assign_arm(plan.arm_plan, oldest_id),
            variants=assign_variants(plan.at(now_us), oldest_id),
            context_digest=_DIGEST,
            seed=_seed(oldest_id),
            free_agents=free,
            free_chat_agents=takers(promised[CHAT]),
        )

    def calls_per_day(self, playbook: Playbook) -> int:
        """Return how many people agents can call in a day."""
        return self._free_agents.calls_per_day(playbook.desk.assumed)


def _only(offer_no: int) -> Candidates:
    """Return the offer as the one candidate, proposed as what a journey proposes."""
    none = [0]
    return Candidates(
        offer_nos=[offer_no],
        sources=[Source.JOURNEY],
        scores=[1.0],
        evidence_nos=none,
        evidence_counts=none,
        evidence_totals=none,
        evidence_kinds=none,  # type: ignore[arg-type]
    )


def _why_not(verdict: CheckResponse, offer_no: int) -> Reason:
    """Return the first reason for which it was removed."""
    removed = verdict.removed
    for no, code, rule in zip(removed.offer_nos, removed.codes, removed.rules, strict=True):
        if no == offer_no:
            return Reason(RemovalCode.Value.Name(code), rule)
    return NO_ROOM


def _seed(person_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(person_id.encode(), digest_size=8).digest(), "big")


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer; raises what the last attempt did."""
    for pause_s in _PAUSES_S:
        try:
            return await ask()
        except (Overloaded, Unavailable, DeadlineExceeded):
            await asyncio.sleep(pause_s)
    return await ask()
