"""A decision asked of an edge, and what is read of it."""

from shared.budget import Budget
from shared.call import Call
from tests.unit.aggregator.edge import BANNER, PERSON
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueResponse


def asked(*placements, **facts):
    return RecommendRequest(
        identities=[{"kind": "customer", "value": "c-1"}],
        channel=Channel.WEB,
        placements=[{"placement": name} for name in placements or (BANNER,)],
        **facts,
    )


async def decide(edge, request=None, budget_s=0.1):
    """Decide within exactly `budget_s`: the way back is added to what the caller gives."""
    margin_s = min(0.010, max(0.004, budget_s / 0.9 * 0.1))
    budget = Budget.of(budget_s + margin_s, monotonic=edge.ticking)
    call = Call("/edge", request_id="request", budget=budget)
    return await edge.pipeline.decide(edge.asking.question(call, request or asked()))


def shown(decision):
    return [[choice.offer_no for choice in slate.chosen] for slate in decision.slates]


def outcomes(decision):
    return {record.step: record.outcome for record in decision.records}


def due(offer_no, *, free_agents=0, free_chat_agents=0, **facts):
    return GetDueResponse(
        actions=[{"offer_no": offer_no, "lever": 1.0, **facts}],
        free_agents=free_agents,
        free_chat_agents=free_chat_agents,
    )


def with_person(response):
    response.person_ids.append(PERSON)
    return response
