"""Pins and slate rules hold whoever fills the page, and the answer says where they decided."""

import pytest

from services.aggregator.domain.slates import Choice
from services.aggregator.domain.vocabulary import SlateCause, Source
from services.aggregator.pipeline.answer import answer
from services.aggregator.pipeline.trace import trace
from services.aggregator.pipeline.wording import Wording
from shared.budget import Budget
from shared.call import Call
from shared.errors import Unavailable
from tests.unit.aggregator.deciding import asked, decide, shown
from tests.unit.aggregator.edge import HERO, PAN, PC_1, PC_2, PERSON, TV, everything_kept
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace, Reason
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint


def pinned(offer_id, **more):
    return SlateConstraint(placement=HERO, attribute="OFFER", value=offer_id, rule="star", **more)


def keeping(edge, *constraints):
    def check(request):
        response = everything_kept(request)
        response.constraints.extend(constraints)
        return response

    edge.peers.rules.Check.answer = check


def named(edge, offer_no):
    return edge.catalogue.offer_ids[offer_no]


async def test_without_the_ranker_a_pin_is_at_its_place_and_the_answer_says_why(edge):
    edge.peers.ranker.Rank.error = Unavailable("dead")
    keeping(edge, pinned(named(edge, PC_2), pin={"position": 1}))
    decision = await decide(edge, asked(HERO))
    assert shown(decision) == [[PC_2, PC_1]]
    assert [each.cause for each in decision.slates[0].chosen] == [(SlateCause.PIN, "star"), None]
    call = Call("/edge", request_id="request", budget=Budget.of(0.1))
    question = edge.asking.question(call, asked(HERO, explain=True))
    told = answer(question, decision, Wording(edge.catalogue)).placements[0].recommendations
    assert [each.placing.text for each in told] == ["This place is kept for it (star).", ""]
    [placement] = trace(question, decision, [PERSON], Wording(edge.catalogue)).placements
    assert placement.recommendations[0].placing == told[0].placing


async def test_without_the_ranker_a_share_has_its_probability(edge):
    edge.peers.ranker.Rank.error = Unavailable("dead")
    keeping(edge, pinned(named(edge, PC_2), share={"share": 0.25, "position": 1}))
    seen = {}
    for _ in range(200):
        decision = await decide(edge, asked(HERO))
        for each in decision.slates[0].chosen:
            seen[each.offer_no] = each.selection_probability
    assert seen == {PC_1: 1.0, PC_2: 0.25, TV: 0.75}


async def test_the_trace_and_the_answer_tell_the_same_reasons_written_once(edge, monkeypatch):
    written = []

    def reason(self, choice, candidates, moment):
        written.append(choice.offer_no)
        return Reason(code=choice.source, text=f"Reason {len(written)}")

    monkeypatch.setattr(Wording, "reason", reason)
    call = Call("/edge", request_id="request", budget=Budget.of(1.0))
    question = edge.asking.question(call, asked(HERO))
    decision = await edge.pipeline.decide(question)
    told = answer(question, decision, Wording(edge.catalogue)).placements[0].recommendations
    assert len(told) == len(written) > 1
    kept = DecisionTrace.FromString(edge.peers.rules.Commit.request.trace)
    assert [each.reasons for each in told] == [
        each.reasons for each in kept.placements[0].recommendations
    ]


@pytest.mark.parametrize("cause", list(SlateCause)[1:])
@pytest.mark.parametrize("locale", ["en", "de"])
def test_every_cause_has_its_words(edge, cause, locale):
    choice = Choice(PAN, Source.POPULAR, cause=(cause, "the rule"))
    placing = Wording(edge.catalogue).placing(choice, locale)
    assert placing.code == cause
    assert "the rule" in placing.text
