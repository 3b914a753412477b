"""Scenarios to start from pass `touchpoint check`, whatever was found."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.definitions import check_definitions
from services.scenario.domain.patterns.gathering import AGES
from services.scenario.domain.patterns.log import TOPICS, VISITING
from services.scenario.domain.patterns.skeletons import Skeleton
from services.scenario.domain.patterns.traits import Trait
from services.scenario.domain.patterns.visits import Step
from services.scenario.reading import read_scenario
from tests.properties import examples
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

SHIPPED = Path(__file__).parents[4] / "deploy" / "definitions"
TOLD = "Found in 30 days to 2026-11-23: a → b.\nOf 12 visits 11 left."
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and text.strip() == text and "${" not in text
)
TYPES = st.sampled_from([each for each in VISITING if each != "purchase"])
STEPS = st.builds(Step, TYPES) | st.one_of(
    st.builds(Step, TYPES, category=NAMES),
    st.builds(Step, TYPES, topic=st.sampled_from(TOPICS[1:])),
    st.builds(Step, TYPES, placement=NAMES),
)
OFTEN = st.sampled_from([1, 3])
TRAITS = st.one_of(
    st.builds(Trait, st.just("visits"), at_least=OFTEN),
    st.builds(Trait, st.just("type"), TYPES, OFTEN),
    st.builds(Trait, st.just("category"), NAMES, OFTEN),
    st.builds(Trait, st.just("channel"), st.sampled_from(["WEB", "APP"])),
    st.builds(Trait, st.just("attribute"), NAMES, name=NAMES),
    st.builds(Trait, st.just("attribute"), st.sampled_from(AGES), name=st.just("age")),
)
BY = st.sampled_from([Skeleton(()), Skeleton(("come_back", "free_shipping"))])
OFFERS = """\
placements:
  - placement: web.cart
    channel: WEB
    kinds: [PROMOTION, CONTENT]
    limit: 3
    default_offers: [default.help]
offers:
  - {offer_id: default.help, kind: CONTENT, title: Help, is_default: true}
  - {offer_id: come_back, kind: PROMOTION, title: Come back, is_journey_only: true}
  - {offer_id: free_shipping, kind: PROMOTION, title: Free shipping}
segments:
  - {segment: "keen", when: customer.frequency > 3}
"""


def checked(text):
    """Return the scenario as it is in the bundle of a folder; no problem must be told."""
    files = [DefinitionFile(path="offers.yaml", text=OFFERS)]
    found = check_definitions([*files, DefinitionFile(path="skeleton.yaml", text=text)])
    assert not found.problems, (text, found.problems)
    return read_scenario(found.bundle.scenarios[0])


@examples(30)
@given(BY, st.lists(STEPS, min_size=1, max_size=5))
def test_whatever_sequence_is_found_its_skeleton_passes_the_check(skeleton, steps):
    scenario = checked(skeleton.of_sequence(steps, TOLD))
    assert scenario.starts.types == {steps[0].type}
    assert len(scenario.stages) == len(steps)
    assert scenario.is_shadow


@examples(30)
@given(BY, STEPS)
def test_whatever_checkouts_are_left_from_its_skeleton_passes_the_check(skeleton, step):
    assert checked(skeleton.of_checkout(step, TOLD)).starts.types == {"checkout_started"}


@examples(30)
@given(BY, TRAITS)
def test_whatever_trait_rises_its_skeleton_passes_the_check(skeleton, trait):
    assert checked(skeleton.of_trait(trait, TOLD)).is_shadow


def test_the_skeleton_of_a_segment_names_it():
    text = Skeleton(()).of_trait(Trait("segment", "keen"), TOLD)
    assert checked(text).when.segments == {"keen"}


@pytest.mark.parametrize("offers", [(), ("free_shipping",)])
def test_a_skeleton_passes_beside_the_shipped_definitions(offers):
    files = [
        DefinitionFile(path=path.name, text=path.read_text("utf-8"))
        for path in SHIPPED.glob("*.yaml")
    ]
    steps = [Step("view", "TVs"), Step("page_view", topic="shipping"), Step("checkout_started")]
    text = Skeleton(offers).of_sequence(steps, TOLD)
    found = check_definitions([*files, DefinitionFile(path="new.yaml", text=text)])
    assert not found.problems


def test_a_sequence_is_entered_at_its_first_step_and_acted_on_after_its_last():
    steps = [Step("view", "TVs"), Step("search"), Step("checkout_started")]
    scenario = checked(Skeleton(("come_back",)).of_sequence(steps, TOLD))
    tv = {"event.type": "view", "event.category": "TVs > OLED"}
    assert scenario.starts.hears("view", tv)
    assert not scenario.starts.hears("view", tv | {"event.category": "TVs and more"})
    assert [stage.name for stage in scenario.stages] == ["step_2", "step_3", "propose"]
    first, second, last = scenario.stages
    assert [each.leads.to for each in first.reactions] == [1]
    assert [each.leads.to for each in second.reactions] == [2]
    assert last.offer_ids == ("come_back",)
