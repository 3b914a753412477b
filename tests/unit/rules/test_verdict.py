"""Judging removes by rule and placement, keeps defaults, and takes a failing rule for a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.rules.conditions import ConditionCompiler, RequestFrame
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
    assert verdict.failed_rules == ["divides"]


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
