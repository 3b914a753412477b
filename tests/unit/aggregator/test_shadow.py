"""What rules in shadow would have removed, as rules and callers are told."""

from dataclasses import replace

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.slates import Choice, PlacementSlate
from services.aggregator.pipeline.columns import Packed
from services.aggregator.pipeline.decision import Decision, Person
from services.aggregator.pipeline.shadow import acts_on, as_removals
from touchpoint.common.v1.decision_pb2 import Removals, RuleAct, ShadowRemovals
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode, RuleLevel, Source

NUMBERS = [50 + place for place in range(12)]


def choice(offer_no):
    return Choice(
        offer_no=offer_no,
        source=Source.POPULAR,
        acceptance_probability=0.5,
        selection_probability=1.0,
        score=1.0,
    )


def shadow(rule, *places, **more):
    bits = sum(1 << place for place in places)
    return ShadowRemovals(rule=rule, candidates=bits.to_bytes(2, "little"), **more)


def decision(**more):
    zeros = [0] * len(NUMBERS)
    candidates = Candidates(list(NUMBERS), zeros, zeros, zeros, zeros, zeros, zeros)
    slate = PlacementSlate([choice(51), choice(58)], [choice(61)])
    made = Decision("d", [slate], Person(), Packed.of(candidates), Removals(), [], {})
    return replace(made, **more)


def test_of_a_rule_in_shadow_rules_is_told_what_of_the_page_it_would_have_removed():
    acts = [RuleAct(rule="trial", shadow=True), RuleAct(rule="owned")]
    told = acts_on(decision(acts=acts, shadow=[shadow("trial", 0, 1, 11), shadow("trial", 8)]))
    assert [list(each.shown_offer_nos) for each in told] == [[51, 58, 61], []]


def test_without_rules_in_shadow_acts_are_handed_on_as_they_are():
    acts = [RuleAct(rule="owned", candidates=3)]
    assert acts_on(decision(acts=acts)) is acts


def test_bits_become_removals_with_rule_level_code_and_placement():
    applicability, owned = RuleLevel.APPLICABILITY, RemovalCode.OWNED
    found = as_removals(
        [shadow("trial", 0, 9, level=applicability, code=owned, placement="web.cart")], NUMBERS
    )
    assert list(found.offer_nos) == [50, 59]
    assert list(found.rules) == ["trial", "trial"]
    assert list(found.levels) == [applicability] * 2
    assert list(found.codes) == [owned] * 2
    assert list(found.placements) == ["web.cart"] * 2
