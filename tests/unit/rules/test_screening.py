"""Rules that do not pass the screen would have removed nothing, whatever changed before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.conditions import RequestFrame
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions, compile_policy
from services.rules.definitions.files import read_folder
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain import screening_plan
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.contacts import UNLIMITED, Approach
from services.rules.domain.person import NOBODY, PersonFacts
from services.rules.domain.screening import Screens
from services.rules.domain.verdict import Verdict, judge
from services.rules.moment import channel_fields
from shared.catalogue import Catalogue
from tests.properties import examples
from tests.unit.rules.expressions import GivenVariables
from tests.unit.rules.shop import DAY_US, NOW_US, shop, shopper
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.conditions_pb2 import Customer
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1 import conditions_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import Bundle, RuleMode

PERSON = shopper()
PERSONS = {
    "nobody": NOBODY,
    "shopper": PERSON,
    "buyer": PersonFacts(purchases=PERSON.purchases),
    "buyer of other things": PersonFacts(
        purchases=replace(PERSON.purchases, family_nos=PERSON.purchases.family_nos + 1000)
    ),
    "decliner": PersonFacts(declines=PERSON.declines),
    "who dislikes": PersonFacts(dislikes=PERSON.dislikes),
    "with a cart": PersonFacts(cart_nos=PERSON.cart_nos),
}
NO_LIMIT = Approach(UNLIMITED, frozenset(), frozenset())
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(PERSONS)),
        st.lists(st.integers(1, 199), min_size=1, max_size=9, unique=True),
        st.integers(-3, 3),
        st.sampled_from((Channel.WEB, Channel.EMAIL, Channel.IVR)),
        st.sampled_from(((), (5, 150))),
        st.sampled_from((None, "told", "untold")),
        st.sampled_from(((), ("none",), ("some",), ("others",))),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module", name="compiled")
def _compiled() -> CompiledBundle:
    return compile_policy(_bundle())


@pytest.fixture(scope="module", name="switched")
def _switched() -> CompiledBundle:
    """The same with rules that are off or in shadow, and variants that switch many of all."""
    bundle = _bundle()
    bundle.bundle_hash = "switched"
    _experiment(bundle)
    return compile_policy(bundle)


def _bundle() -> Bundle:
    """Return what is shipped, and rules that fail for some and read more than the catalogue."""
    bundle = check_definitions(read_folder(shipped_definitions())).bundle
    assert bundle is not None
    conditions = (
        "10 / offer.stock > 100",
        "history.in_cart || history.owned",
        "offer.stock == 3 || customer.age > 100",
        "offer.category.startsWith('Shop > Aisle 1') && customer.age < 18",
        "(history.times_bought > 1 || offer.is_consumable) && customer.age < 18",
        "customer.segments[3] == 'x' && offer.withdrawn",
        "request.channel.matches('WEB|APP') && offer.stock == 3",
        "size(request.channel) > 3 && offer.is_consumable",
        "offer.stock == 5 && request.channel + '!' == 'WEB!'",
        "item.stock == 3 || customer.age > 100",
        "10 / item.stock > 100",
        "item.category.startsWith('Shop > Aisle 2') && item.min_age < 18 && customer.age < 18",
        "item.stock < 0 && history.times_bought == 0 && customer.age < 18",
        "!item.is_consumable && history.times_bought > 1",
        "item.brand == '' && item.price_micros > 0",
        "item.family == 'item-4' || item.id.endsWith('7') && item.days_since_released < 3.0",
        "item.attributes.k == 'a' && item.brand == 'brand 2'",
    )
    for index, condition in enumerate(conditions):
        bundle.rules.add(name=f"own {index}", level=2, code=4, remove_when=condition)
    for number in range(70):
        condition = f"offer.brand == 'brand {number}' && history.owned"
        bundle.rules.add(name=f"brand {number}", level=2, code=4, remove_when=condition)
    for number in range(9):
        condition = f"offer.stock == 2 && customer.age > {number * 3}"
        bundle.rules.add(name=f"age {number}", level=2, code=4, remove_when=condition)
    for kinds in ([OfferKind.SURVEY], [OfferKind.PROMOTION, OfferKind.PRODUCT], []):
        bundle.rules.add(
            name=f"of {len(kinds)} kinds",
            level=2,
            code=4,
            kinds=kinds,
            remove_when="offer.stock == 1",
        )
    return bundle


def _experiment(bundle: Bundle) -> None:
    """Take some rules out of force, and have variants switch these and others."""
    for number, rule in enumerate(bundle.rules):
        rule.mode = (RuleMode.OFF, RuleMode.SHADOW, *[RuleMode.ENFORCED] * 4)[number % 6]
    variants = bundle.experiments.add(experiment="e").variants
    for at, variant in enumerate(("some", "others")):
        switches = variants.add(variant=variant).rules
        for number, rule in enumerate(bundle.rules):
            if number // 6 % 2 == at:
                is_on = rule.mode == RuleMode.ENFORCED
                (switches.off if is_on else switches.on).append(rule.name)


def verdict(
    compiled: CompiledBundle,
    screens: Screens | None,
    columns: CandidateColumns,
    variants: Sequence[str] = (),
) -> Verdict:
    """Judge as Check does, or without a screen by every rule."""
    compiled = compiled.treating([VariantOf(experiment="e", variant=each) for each in variants])
    customer = Customer(
        age=17, profile_answered=True, assurance="ANONYMOUS", frequency=9, complaint_open=True
    )
    request = pb.Request(channel=Channel.Value.Name(columns.moment.channel))  # type: ignore[arg-type]
    variables: dict[str, Any] = {"customer": customer, "request": request}
    frame = RequestFrame(columns, GivenVariables(variables), compiled.compiler.activation)
    rules = compiled.policy.rules
    if screens is not None:
        moment = columns.moment
        screen = screens.of(compiled.policy, moment.channel, moment.now_us)
        rules = screen.passing(columns, rules)
    asked = [compiled.policy.placements["web.home.banner"]]
    return judge(rules, asked, columns, lambda _: frame, NO_LIMIT)


def counted(found: Verdict) -> dict[str, tuple[bool, int]]:
    """Return of how many candidates each rule disposed, or in shadow would have."""
    return {
        name: (act.shadow, act.candidates) for name, act in found.acts.items() if act.candidates
    }


def change(catalogue: Catalogue, offer_no: int, days: int) -> list[int]:
    """Change what stood of an offer: sold out, another time, another kind of people."""
    row = CatalogueRow(
        offer_no=offer_no,
        offer_id=f"new-{offer_no}",
        kind=OfferKind.PROMOTION if days == -2 else OfferKind.PRODUCT,
        family_no=offer_no,
        category="Shop > Aisle 2",
        price_micros=7,
        stock=abs(days) % 3,
        min_age=18 * (days % 2),
        starts_us=NOW_US + DAY_US * days,
        withdrawn=days == 0,
    )
    version = catalogue.version
    batch = CatalogueBatch(previous_version=version, version=version + 1, rows=[row])
    return catalogue.apply(batch)


@examples(60)
@given(steps=STEPS)
def test_the_verdict_is_the_same_with_and_without_a_screen(
    compiled: CompiledBundle, switched: CompiledBundle, steps: list[Any]
) -> None:
    catalogue = shop()
    screens = Screens(catalogue, channel_fields)
    told = all(step[5] != "untold" for step in steps)
    for who, offer_nos, days, channel, excluded, changes, variants in steps:
        if changes:
            changed = change(catalogue, 1 + abs(days) * 40, days)
            if told:
                screens.note(changed)
        moment = Moment(NOW_US + days * DAY_US, channel, excluded)
        columns, same = (
            CandidateColumns(
                *(catalogue, lambda _: {}, np.array(offer_nos), moment, PERSONS[who]),
                np.array(offer_nos) % 18,
            )
            for _ in range(2)
        )
        by = switched if variants else compiled
        found = verdict(by, screens, columns, variants)
        expected = verdict(by, None, same, variants)
        assert found.bits.tolist() == expected.bits.tolist()
        assert found.removals == expected.removals
        assert counted(found) == counted(expected)


@pytest.mark.parametrize("parts", [1, 20, 64])
def test_the_verdict_is_the_same_with_more_parts_than_are_told_apart(
    compiled: CompiledBundle, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screening_plan, "_MOST_PARTS", parts)
    catalogue = shop()
    screens = Screens(catalogue, channel_fields)
    moment = Moment(NOW_US, Channel.WEB)
    for first in range(1, 190, 9):
        offer_nos = np.arange(first, first + 9)
        columns, same = (
            CandidateColumns(catalogue, lambda _: {}, offer_nos, moment, PERSON) for _ in range(2)
        )
        found, expected = verdict(compiled, screens, columns), verdict(compiled, None, same)
        assert found.bits.tolist() == expected.bits.tolist()
        assert found.removals == expected.removals


def test_every_rule_of_a_large_book_is_screened(compiled: CompiledBundle) -> None:
    catalogue = shop()
    moment = Moment(NOW_US, Channel.WEB)
    screen = Screens(catalogue, channel_fields).of(compiled.policy, Channel.WEB, NOW_US)

    def passing(offer_no: int, person: PersonFacts) -> set[str]:
        columns = CandidateColumns(
            catalogue, lambda _: {}, np.array([offer_no]), moment, person, np.zeros(1, np.int64)
        )
        return {rule.name for rule in screen.passing(columns)}

    brands = {f"brand {number}" for number in range(70)}
    assert passing(8, PERSON) & brands == {"brand 8"}
    assert not passing(8, NOBODY) & brands
    ages = {f"age {number}" for number in range(9)}
    assert passing(3, PERSON) >= ages  # it has a stock of 2
    assert passing(8, PERSON).isdisjoint(ages)
    last_ones = {name for name in passing(2, NOBODY) if name.endswith(" kinds")}
    assert last_ones == {"of 2 kinds", "of 0 kinds"}


def test_rules_that_read_the_same_of_the_catalogue_share_a_bit(compiled: CompiledBundle) -> None:
    plan = Screens(shop(), channel_fields).prepare(compiled.policy)
    parts = dict(zip((rule.name for rule in plan.rules), plan.part_of.tolist(), strict=True))
    assert len({parts[f"age {number}"] for number in range(9)}) == 1
    assert len({parts[f"brand {number}"] for number in range(70)}) == 70


def test_a_bundle_is_planned_once_for_all_channels(compiled: CompiledBundle) -> None:
    screens = Screens(shop(), channel_fields)
    plan = screens.prepare(compiled.policy)
    for channel in (Channel.WEB, Channel.EMAIL):
        screens.of(compiled.policy, channel, NOW_US)
    assert screens.prepare(compiled.policy) is plan


def test_most_rules_do_not_pass_for_somebody_without_a_past(compiled: CompiledBundle) -> None:
    catalogue = shop()
    moment = Moment(NOW_US, Channel.WEB)
    columns = CandidateColumns(catalogue, lambda _: {}, np.array([3, 5]), moment)
    screen = Screens(catalogue, channel_fields).of(compiled.policy, Channel.WEB, NOW_US)
    passing = {rule.name for rule in screen.passing(columns)}
    gone = (
        "no_consent_to_messages",
        "withdrawn",
        "out_of_schedule",
        "wrong_channel",
        "declined",
        "disliked",
        "owned",
    )
    assert passing.isdisjoint(gone)
    assert "own 5" not in passing
    assert "own 2" in passing  # the customer's age may make it hold


@pytest.mark.parametrize(("days", "passes"), [(0, True), (1, False), (-1, True)])
def test_a_rule_passes_when_an_offers_time_has_come(
    compiled: CompiledBundle, days: int, passes: bool
) -> None:
    catalogue = shop()
    change(catalogue, 7, 1)
    screens = Screens(catalogue, channel_fields)
    for at in (0, 2, days):
        screen = screens.of(compiled.policy, Channel.WEB, NOW_US + at * DAY_US)
    moment = Moment(NOW_US + days * DAY_US, Channel.WEB)
    rules = screen.passing(CandidateColumns(catalogue, lambda _: {}, np.array([7]), moment))
    assert ("out_of_schedule" in {rule.name for rule in rules}) is passes


def test_only_the_screens_of_late_are_kept(compiled: CompiledBundle) -> None:
    screens = Screens(shop())
    kept = [
        screens.of(replace(compiled.policy, bundle_hash=str(number)), Channel.WEB, NOW_US)
        for number in range(30)
    ]
    assert screens.of(replace(compiled.policy, bundle_hash="29"), Channel.WEB, NOW_US) is kept[29]
    assert screens.of(replace(compiled.policy, bundle_hash="0"), Channel.WEB, NOW_US) is not kept[0]
