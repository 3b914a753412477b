"""Judging removes by rule and placement, keeps defaults, and takes a failing rule for a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.rules.conditions import ConditionCompiler, RequestFrame
from services.rules.domain.acts import Act
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.contacts import CONTACT_LIMIT, UNLIMITED, Approach, Gate
from services.rules.domain.definitions import Placement, Rule
from services.rules.domain.verdict import Verdict, judge
from shared.catalogue import Catalogue
from tests.unit.rules.expressions import GivenVariables
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.conditions_pb2 import Customer
from touchpoint.rules.v1 import conditions_pb2 as pb

PRODUCT, PROMOTION, CONTENT = 1, 2, 3
COMPILER = ConditionCompiler({})
NO_LIMIT = Approach(UNLIMITED, frozenset(), frozenset())
SPENT = (Gate(CONTACT_LIMIT, "contacts.marketing", 7, "marketing"),)
ALL = frozenset({PRODUCT, PROMOTION, CONTENT})


def catalogue() -> Catalogue:
    rows = [
        CatalogueRow(offer_no=1, offer_id="a", kind=PRODUCT, family_no=1, stock=0, brand="x"),
        CatalogueRow(offer_no=2, offer_id="b", kind=PRODUCT, family_no=2, stock=5),
        CatalogueRow(offer_no=3, offer_id="c", kind=PROMOTION, stock=-1),
        CatalogueRow(offer_no=4, offer_id="d", kind=CONTENT, stock=0, is_default=True),
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def placement(name: str, kinds: frozenset[int] = ALL, **more: Any) -> Placement:
    given: dict[str, Any] = {
        "channel": 1,
        "kinds": kinds,
        "contact_kinds": frozenset({PROMOTION}),
        "counts_at_decision": False,
        "one_contact": False,
        "default_offers": frozenset(),
    }
    return Placement(name, **{**given, **more})


def rule(name: str, condition: str, **more: Any) -> Rule:
    given: dict[str, Any] = {
        "level": 2,
        "code": 4,
        "kinds": frozenset(),
        "placements": frozenset(),
        "remove_when": COMPILER.compile(condition),
        "lever": 0.0,
        "lever_when": None,
    }
    return Rule(name, **{**given, **more})


def judged(
    *rules: Rule,
    asked: tuple[Placement, ...] = (placement("one"), placement("two")),
    counted: Approach = NO_LIMIT,
) -> Verdict:
    columns = CandidateColumns(catalogue(), lambda _: {}, np.array([1, 2, 3, 4]), Moment(1, 1))

    def frame_of(name: str) -> RequestFrame:
        request = pb.Request(channel="WEB", placement=name)
        variables: dict[str, Any] = {"customer": Customer(), "request": request}
        return RequestFrame(columns, GivenVariables(variables), COMPILER.activation)

    return judge(rules, asked, columns, frame_of, counted)


def removals(verdict: Verdict) -> list[tuple[int, str, str]]:
    found = verdict.removals
    return list(zip(found.offer_nos, found.rules, found.placements, strict=True))


def test_without_rules_everything_may_fill_every_placement_that_shows_its_kind() -> None:
    only_products = placement("two", frozenset({PRODUCT}))
    verdict = judged(asked=(placement("one"), only_products))
    assert verdict.bits.tolist() == [0b11, 0b11, 0b01, 0b01]
    assert verdict.levers is None


def test_a_default_offer_is_let_through_to_the_placement_that_names_it() -> None:
    named = placement("two", frozenset({PRODUCT}), default_offers=frozenset({"d"}))
    verdict = judged(rule("sold_out", "offer.stock == 0"), asked=(placement("one"), named))
    assert verdict.bits.tolist() == [0, 0b11, 0b01, 0b11]


def test_the_first_rule_that_removes_is_the_reason() -> None:
    verdict = judged(rule("sold_out", "offer.stock == 0"), rule("brand", "offer.brand == 'x'"))
    assert removals(verdict) == [(1, "sold_out", "")]


def test_a_rule_for_one_placement_removes_from_that_one() -> None:
    verdict = judged(rule("not_there", "offer.stock == 0", placements=frozenset({"two"})))
    assert verdict.bits.tolist()[0] == 0b01
    assert removals(verdict) == [(1, "not_there", "two")]


def test_a_condition_on_the_placement_is_asked_for_each() -> None:
    verdict = judged(rule("by_name", "request.placement == 'two' && offer.kind == 'PRODUCT'"))
    assert verdict.bits.tolist() == [0b01, 0b01, 0b11, 0b11]
    assert set(removals(verdict)) == {(1, "by_name", "two"), (2, "by_name", "two")}


def test_a_rule_for_one_kind_leaves_the_others_alone() -> None:
    verdict = judged(rule("all_of_it", "true", kinds=frozenset({PROMOTION})))
    assert verdict.bits.tolist() == [0b11, 0b11, 0, 0b11]


def test_a_rule_that_fails_for_a_candidate_removes_it_and_is_named() -> None:
    verdict = judged(rule("divides", "10 / offer.stock > 100"))
    assert removals(verdict) == [(1, "divides", "")]
    assert verdict.acts["divides"].failed


def test_a_rule_that_fails_for_everybody_removes_all_but_defaults() -> None:
    verdict = judged(rule("broken", "customer.segments[3] == 'x'"))
    assert verdict.bits.tolist() == [0, 0, 0, 0b11]


def test_a_lever_multiplies_what_its_condition_holds_for() -> None:
    lever = rule("push", "true", remove_when=None, lever=2.0)
    lever = Rule(**{**_fields(lever), "lever_when": COMPILER.compile("offer.stock > 0")})
    verdict = judged(lever, lever)
    assert verdict.levers is not None
    assert verdict.levers.tolist() == [1.0, 4.0, 1.0, 1.0]


def test_a_lever_that_fails_is_not_applied() -> None:
    lever = rule("push", "true", remove_when=None, lever=2.0)
    lever = Rule(**{**_fields(lever), "lever_when": COMPILER.compile("10 / offer.stock == 2")})
    verdict = judged(lever)
    assert verdict.levers is not None
    assert verdict.levers.tolist() == [1.0, 2.0, 1.0, 1.0]


def test_no_contact_is_left_but_for_offers_that_count_already() -> None:
    spent = Approach(0, gates=SPENT)
    assert judged(counted=spent).bits.tolist() == [0b11, 0b11, 0, 0b11]
    counted = Approach(0, frozenset({3}), gates=SPENT)
    assert judged(counted=counted).bits.tolist() == [0b11, 0b11, 0b11, 0b11]


def test_a_message_that_counts_already_may_be_sent_again() -> None:
    mail = placement("mail", contact_kinds=ALL, one_contact=True)
    spent = Approach(0, frozenset({1}), gates=SPENT)
    assert judged(asked=(mail,), counted=spent).bits.tolist() == [0, 0, 0, 1]
    again = Approach(0, placements=frozenset({"mail"}), gates=SPENT)
    assert judged(asked=(mail,), counted=again).bits.tolist() == [1, 1, 1, 1]


def _fields(rule_: Rule) -> dict[str, Any]:
    return {name: getattr(rule_, name) for name in Rule.__slots__}


def acts(verdict: Verdict) -> dict[str, Act]:
    return dict(verdict.acts)


def test_a_rule_in_shadow_removes_nothing_and_is_noted_as_if_it_did() -> None:
    sold_out = rule("sold_out", "offer.stock == 0", is_shadow=True)
    brand = rule("brand", "offer.brand == 'x'")
    verdict = judged(sold_out, brand)
    assert removals(verdict) == [(1, "brand", "")]
    assert acts(verdict) == {
        "sold_out": Act(shadow=True, candidates=1, placement_bits=0b11),
        "brand": Act(candidates=1, placement_bits=0b11),
    }
    (told,) = verdict.shadow
    assert (told.rule.name, told.placement, told.hits.tolist()) == (
        "sold_out",
        "",
        [True, False, False, False],
    )


def test_what_was_removed_before_its_turn_is_not_the_doing_of_a_rule_in_shadow() -> None:
    verdict = judged(
        rule("brand", "offer.brand == 'x'"), rule("late", "offer.brand == 'x'", is_shadow=True)
    )
    assert "late" not in verdict.acts
    assert not verdict.shadow


def test_a_rule_in_shadow_for_one_placement_is_noted_for_that_one() -> None:
    trial = rule("trial", "offer.stock == 0", placements=frozenset({"two"}), is_shadow=True)
    only_products = placement("two", frozenset({PRODUCT}))
    verdict = judged(trial, asked=(placement("one"), only_products))
    (told,) = verdict.shadow
    assert (told.placement, told.hits.tolist()) == ("two", [True, False, False, False])
    assert verdict.acts["trial"] == Act(shadow=True, candidates=1, placement_bits=0b10)
    assert verdict.bits.tolist() == [0b11, 0b11, 0b01, 0b01]


def test_a_failing_rule_in_shadow_removes_nothing_and_is_seen_to_fail() -> None:
    verdict = judged(rule("divides", "1 / offer.stock > 0", is_shadow=True))
    assert verdict.bits.all()
    assert verdict.acts["divides"].failed
    assert verdict.acts["divides"].shadow


def test_a_lever_in_shadow_multiplies_nothing_and_counts_what_it_would_have() -> None:
    lever = rule("lever", "false", lever=3.0, lever_when=COMPILER.compile("offer.stock == 0"))
    shadow = replace(lever, name="trial", is_shadow=True, lever=5.0)
    verdict = judged(lever, shadow)
    assert verdict.levers is not None
    assert verdict.levers.tolist() == [3.0, 1.0, 1.0, 3.0]
    assert verdict.acts["lever"] == Act(candidates=2, placement_bits=0b11)
    assert verdict.acts["trial"] == Act(shadow=True, candidates=2, placement_bits=0b11)


def test_the_contact_limit_counts_what_it_took() -> None:
    verdict = judged(counted=Approach(0, gates=SPENT))
    assert verdict.acts == {"contacts.marketing": Act(candidates=2, placement_bits=0b11)}


@pytest.mark.parametrize(
    ("condition", "fails_for"),
    [
        ("1 / offer.stock > 7", 1),
        ("1 % offer.stock == 7", 1),
        ("offer.attributes['colour'] == 'red'", 2),
        ("int(offer.brand) > 3", 1),
        ("timestamp(offer.brand) < now", 1),
        ("duration(offer.brand) > duration('1s')", 1),
        ("offer.stock * 9223372036854775807 < 0", 2),
    ],
)
def test_whatever_goes_wrong_in_a_rule_removes_the_offer_and_is_noted(
    condition: str, fails_for: int
) -> None:
    verdict = judged(rule("wrong", condition))
    assert verdict.acts["wrong"].failed
    assert (fails_for, "wrong", "") in removals(verdict)
