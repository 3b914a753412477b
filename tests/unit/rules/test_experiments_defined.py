"""Experiments are checked as a whole: shares, names, and that no two pull at the same thing."""

from __future__ import annotations

import pytest

from services.rules.definitions import changes_between, check_definitions, compile_policy
from services.rules.definitions.assortment import Sold
from shared.experiments import shares_of
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile

HEAD = """\
placements:
  - {placement: banner, channel: WEB, kinds: [PRODUCT, PROMOTION], limit: 3, default_offers: [help]}
offers:
  - {offer_id: help, kind: CONTENT, title: Help, is_default: true}
  - {offer_id: summer, kind: PROMOTION, title: Summer}
rules:
  - {name: taste, level: APPLICABILITY, code: OWNED, remove_when: offer.stock > 3}
  - {name: trial, level: APPLICABILITY, code: OWNED, mode: SHADOW, remove_when: offer.stock > 2}
  - {name: asleep, level: APPLICABILITY, code: OWNED, mode: OFF, remove_when: offer.stock > 1}
  - {name: consent, code: NO_CONSENT, remove_when: offer.min_age > 4}
  - {name: lever, lever: 2, lever_when: offer.stock > 5}
scenarios:
  - scenario: nudge
    when: {hesitating: true}
    stages: [{stage: one, propose: {offer: summer, placements: [banner]}}]
  - scenario: push
    mode: OFF
    when: {hesitating: true}
    stages: [{stage: one, propose: {offer: summer, placements: [banner]}}]
slate_rules:
  - {name: one_a_brand, attribute: BRAND, at_most: 1}
  - {name: few_a_brand, attribute: BRAND, at_most: 2, mode: OFF}
  - {name: mixed, placement: banner, attribute: KIND, at_least: 2, first: 3, mode: OFF}
  - {name: no_promotion, placement: banner, attribute: KIND, value: PROMOTION, at_most: 1}
experiments:
"""
CONTROL = "{variant: control}"


def experiment(*variants: str, name: str = "one", more: str = "goal: look_to_book") -> str:
    listed = "".join(f"      - {each}\n" for each in (CONTROL, *variants))
    head = f"  - {{experiment: {name}, hypothesis: It helps., share: 50%, {more}, variants: [\n"
    return head + listed.replace("- ", "").replace("}\n", "},\n") + "    ]}\n"


def checked(*experiments: str):
    file = DefinitionFile(path="all.yaml", text=HEAD + "".join(experiments))
    known = {"item-1": Sold(OfferKind.PRODUCT)}
    return check_definitions([file], lambda offer_id: known.get(offer_id, Sold()))


def messages(*experiments: str) -> list[str]:
    found = checked(*experiments)
    assert not found.problems or found.bundle is None
    return [each.message for each in found.problems]


WHOLE = experiment(
    "{variant: b, share: 30%, rules: {off: [taste, lever], on: [trial, asleep]},"
    " scenarios: {off: [nudge], on: [push]}, slate_rules: {off: [one_a_brand], on: [few_a_brand]},"
    " ranker: {exploration: 0.5, priors_only: true, levers: {summer: 2, item-1: 0.5}}}",
    more="goal: look_to_book, guards: [opt_outs, complaints], minimal_effect: 5%, salt: again,"
    " starts_time: 2026-12-01, ends_time: 2027-01-01T12:00:00Z",
).replace("variant: control", "variant: control, share: 60%")


def test_all_that_can_be_said_is_kept() -> None:
    found = checked(WHOLE)
    assert not found.problems
    assert found.bundle is not None
    [one] = found.bundle.experiments
    assert (one.experiment, one.hypothesis, one.share, one.salt) == (
        "one",
        "It helps.",
        0.5,
        "again",
    )
    assert (one.goal, list(one.guards), one.minimal_effect) == (
        "look_to_book",
        ["opt_outs", "complaints"],
        0.05,
    )
    control, b = one.variants
    assert (control.share, b.share) == (0.6, 0.3)
    assert list(b.rules.off) == ["taste", "lever"]
    assert list(b.rules.on) == ["trial", "asleep"]
    assert (list(b.scenarios.off), list(b.scenarios.on)) == (["nudge"], ["push"])
    assert (b.ranker.exploration, b.ranker.priors_only) == (0.5, True)
    assert dict(b.ranker.levers) == {"summer": 2.0, "item-1": 0.5}
    span = shares_of(one)
    assert span.ends_us - span.starts_us == (31 * 24 + 12) * 3_600_000_000


def test_variants_that_say_no_share_share_alike() -> None:
    found = checked(
        experiment("{variant: b, rules: {off: [taste]}}", "{variant: c, rules: {on: [trial]}}")
    )
    assert found.bundle is not None
    assert [each.share for each in found.bundle.experiments[0].variants] == [1 / 3] * 3


B = "{variant: b, rules: {off: [taste]}}"
WRONG = [
    (experiment(B).replace("50%", "150%"), "150%", "share is wrong: '150%' is"),
    (experiment(B).replace("50%", "0%"), "0%,", "share is wrong: '0%' is nobody"),
    (
        experiment(B.replace("b,", "b, share: 70%,")).replace("control", "control, share: 40%"),
        "[\n",
        "the shares of the variants are more than everybody: 40% + 70% = 110%",
    ),
    (experiment(B.replace("b,", "b, share: 70%,")), CONTROL, "share is missing: all variants"),
    (experiment(), "[\n", "an experiment has 2 to 10 variants, of which the first is"),
    (experiment(B, "{variant: c}", B.replace("taste", "lever")), "", "variant b is defined twice"),
    (experiment(B, more="goal: luck"), "luck", "goal must be one of contribution,"),
    (
        experiment(B, more="goal: clicks, guards: [clicks]"),
        "[clicks]",
        "clicks is the goal: a guard is another measure",
    ),
    (
        experiment(B, more="goal: clicks, starts_time: 2026-12-02, ends_time: 2026-12-01"),
        "2026-12-01",
        "ends before it starts",
    ),
    (
        experiment(B.replace("taste", "tast")),
        "[tast]",
        "there is no rule tast; did you mean taste?",
    ),
    (experiment(B.replace("taste", "consent")), "[consent]", "no experiment takes it away"),
    (experiment(B.replace("taste", "trial")), "[trial]", "not in force for anybody (mode: SHADOW)"),
    (experiment(B.replace("off", "on")), "[taste]", "the rule taste is in force for everybody"),
    (
        experiment("{variant: b, rules: {off: [lever], on: [trial], off: [taste]}}"),
        "off: [taste]",
        "off is given twice",
    ),
    (
        experiment("{variant: b, scenarios: {on: [nudges]}}"),
        "[nudges]",
        "on: there is no scenario nudges; did you mean nudge?",
    ),
    (
        experiment("{variant: b, slate_rules: {off: [few_a_brand]}}"),
        "[few_a_brand]",
        "off: the slate rule few_a_brand is not in force for anybody (mode: OFF)",
    ),
    (
        experiment("{variant: b, ranker: {levers: {winter: 2}}}"),
        "{winter: 2}",
        "levers: there is no offer winter in these definitions or in the catalogue",
    ),
    (experiment("{variant: b, ranker: {exploration: 5}}"), "5}", "'5' is no share"),
    (
        experiment("{variant: b, ranker: {levers: {summer: 0}}}"),
        "0}",
        "a number from 0.001 to 1000",
    ),
    (experiment("{variant: b, rules: {on: [trial], of: [taste]}}"), "of:", "did you mean off?"),
    (experiment(B, name="holdout"), "holdout", "holdout is what is personal against what is not"),
    (experiment(B) + experiment("{variant: c}", name="one"), "", "one is defined twice"),
]


@pytest.mark.parametrize(("text", "at", "message"), WRONG)
def test_a_mistake_is_told_at_its_place(text: str, at: str, message: str) -> None:
    told = [each for each in checked(text).problems if not each.warning]
    assert [message in each.message for each in told] == [True]
    if at:
        whole = HEAD + text
        place = whole.index(at, len(HEAD))
        line, column = whole.count("\n", 0, place) + 1, place - whole.rfind("\n", 0, place)
        assert (told[0].line, told[0].column) == (line, column)


@pytest.mark.parametrize(
    ("one", "other", "thing"),
    [
        (B, B.replace("b,", "c,"), "rule taste"),
        (
            "{variant: b, scenarios: {off: [nudge]}}",
            "{variant: b, scenarios: {off: [nudge]}}",
            "nudge",
        ),
        (
            "{variant: b, ranker: {priors_only: true}}",
            "{variant: b, ranker: {exploration: 0}}",
            "ranker exploration",
        ),
        (
            "{variant: b, ranker: {levers: {summer: 2}}}",
            "{variant: b, ranker: {levers: {summer: 3}}}",
            "lever of summer",
        ),
    ],
)
def test_two_at_one_time_may_not_change_the_same_thing(one: str, other: str, thing: str) -> None:
    [said] = messages(experiment(one), experiment(other, name="two"))
    assert said.startswith("one changes the ")
    assert f"{thing} at the same time, and some people are in both" in said


def test_what_is_switched_off_is_not_switched_on_beside() -> None:
    [one, other] = messages(experiment("{variant: b, rules: {off: [taste], on: [taste]}}"))
    assert one == "the rule taste is switched both off and on"
    assert other.startswith("on: the rule taste is in force for everybody")


def test_slate_rules_that_only_a_variant_has_must_go_together_there() -> None:
    wrong = (
        "  - {name: odd, placement: banner, attribute: KIND, at_least: 3, first: 3, mode: OFF}\n"
    )
    text = HEAD.replace("experiments:\n", wrong + "experiments:\n")
    asking = experiment("{variant: b, slate_rules: {on: [odd]}}")
    file = DefinitionFile(path="all.yaml", text=text + asking)
    alone = DefinitionFile(path="all.yaml", text=text.replace("experiments:\n", ""))
    assert not check_definitions([alone]).problems
    [problem] = check_definitions([file]).problems
    assert problem.message.endswith("(for those in b of one)")


def test_one_after_the_other_may_change_the_same_thing() -> None:
    first = experiment(B, more="goal: clicks, ends_time: 2026-12-01")
    second = experiment(B, name="two", more="goal: clicks, starts_time: 2026-12-01")
    assert not messages(first, second)


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (["{variant: b}"], "b changes nothing: people are treated as in control"),
        (["{variant: b, ranker: {levers: {summer: 1}}}"], "b changes nothing"),
        ([B, B.replace("b,", "c,")], "c treats people as b does: nothing can come of it"),
    ],
)
def test_a_variant_that_changes_nothing_is_warned_of(variants: list[str], said: str) -> None:
    found = checked(experiment(*variants))
    assert found.bundle is not None
    [problem] = found.problems
    assert problem.warning
    assert said in problem.message


def test_all_mistakes_of_an_experiment_are_told_at_once() -> None:
    text = experiment(
        "{variant: b, share: 80%, rules: {off: [consent, nothing]}, ranker: {exploration: 9}}",
        "{variant: b, share: 80%, scenarios: {off: [push]}}",
        more="goal: fun, guards: [joy]",
    )
    assert len(messages(text)) == 9


def test_what_changes_is_told_in_words() -> None:
    before, after = checked(WHOLE).bundle, checked(WHOLE.replace("50%", "60%")).bundle
    assert before is not None
    assert after is not None
    [added] = [each for each in changes_between(Bundle(), before) if each.section == "experiments"]
    told = {each.field: each.after for each in added.fields}
    assert told["variant b"] == (
        "30%; rules off: taste, lever; rules on: trial, asleep; scenarios off: nudge; scenarios on:"
        " push; slate_rules off: one_a_brand; slate_rules on: few_a_brand; exploration 50%; priors"
        " only; levers: item-1 0.5, summer 2"
    )
    [changed] = changes_between(before, after)
    assert (changed.section, changed.name) == ("experiments", "one")
    assert [(each.field, each.before, each.after) for each in changed.fields] == [
        ("share", "50%", "60%")
    ]


def test_those_in_a_variant_are_decided_by_its_rules() -> None:
    bundle = checked(WHOLE).bundle
    assert bundle is not None
    compiled = compile_policy(bundle)
    control, b = shares_of(bundle.experiments[0]).variants

    def modes(found) -> dict[str, tuple[bool, bool]]:
        return {
            rule.name: (bool(rule.remove_when or rule.lever_when), rule.is_shadow)
            for rule in found.policy.rules
        }

    everybodys = {
        "taste": (True, False),
        "trial": (True, True),
        "asleep": (False, False),
        "consent": (True, False),
        "lever": (True, False),
    }
    assert modes(compiled) == modes(compiled.treating([control])) == everybodys
    treated = compiled.treating([b])
    assert modes(treated) == everybodys | {
        "taste": (True, True),
        "trial": (True, False),
        "asleep": (True, False),
        "lever": (True, True),
    }
    assert compiled.treating([b]) is treated
    assert [each.name for each in treated.policy.rules] == list(compiled.rule_places)
    names = [each.rule for each in treated.slate_constraints(("banner",))]
    assert names == ["few_a_brand", "no_promotion"]
    usual = [each.rule for each in compiled.slate_constraints(("banner",))]
    assert usual == ["one_a_brand", "no_promotion"]


def test_so_many_combinations_of_variants_as_there_are_take_no_more_memory() -> None:
    switching = [
        experiment(
            *(f"{{variant: v{at}_{no}, rules: {{off: [r{at}]}}}}" for no in range(9)), name=f"e{at}"
        )
        for at in range(4)
    ]
    rules = "".join(
        f"  - {{name: r{at}, level: APPLICABILITY, code: OWNED,"
        f" remove_when: offer.stock == {at}}}\n"
        for at in range(4)
    )
    text = HEAD.replace("scenarios:\n", rules + "scenarios:\n") + "".join(switching)
    bundle = check_definitions([DefinitionFile(path="all.yaml", text=text)]).bundle
    assert bundle is not None
    compiled = compile_policy(bundle)
    spans = [shares_of(each).variants for each in bundle.experiments]
    for at in range(10**3):
        chosen = [span[at // 10**place % 10] for place, span in enumerate(spans)]
        found = compiled.treating(chosen)
        assert [rule.is_shadow for rule in found.policy.rules[-4:]] == [
            at // 10**place % 10 > 0 for place in range(4)
        ]
    assert len(compiled.treatments) <= 256
