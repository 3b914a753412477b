"""A call-back goes on with what else a decision showed, if it was made for whoever is called."""

import pytest

from services.scenario.journeys.shown import RulesDecisions
from touchpoint.rules.v1.rules_service_pb2 import GetDecisionResponse


class Rules:
    """Stands for a stub."""

    GetDecision = None


@pytest.fixture
def made_for(monkeypatch):
    def made(*person_ids, committed=True):
        placements = [{"chosen": [{"offer_no": 7}, {"offer_no": 3}]}]

        async def invoke(rpc, request, call, timeout_s):
            return GetDecisionResponse(
                person_ids=person_ids, placements=placements, committed=committed
            )

        monkeypatch.setattr("services.scenario.journeys.shown.invoke", invoke)
        return RulesDecisions(Rules())

    return made


async def test_what_was_shown_to_a_person_is_told_best_first(made_for):
    assert await made_for("ann", "bob").shown("d", {"bob", "eve"}) == [7, 3]
    assert await made_for().shown("d", {"eve"}) == [7, 3]


async def test_what_was_shown_to_somebody_else_is_not_told(made_for):
    assert await made_for("ann").shown("d", {"eve"}) == ()


async def test_what_rules_did_not_confirm_is_not_gone_on_with(made_for):
    assert await made_for("ann", committed=False).shown("d", {"ann"}) == ()
    assert await made_for(committed=False).shown("d", {"eve"}) == ()
