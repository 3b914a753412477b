"""The likeliest persona of somebody, from the first clicks on."""

import pytest

from services.profile.domain.event import DAY_US
from services.profile.domain.personas.evidence import Evidence
from services.profile.domain.personas.likelihood import NO_PERSONAS, Personas
from services.profile.domain.personas.persona import Persona
from services.profile.domain.state import State, describe, merge
from tests.unit.profile.happenings import NOON_US, happened, state_of

RUNNER = Persona("runner", 0.2, categories={"Running": 0.7, "Books": 0.1})
READER = Persona("reader", 0.3, categories={"Books": 0.8, "Running": 0.05})
YOUNG_FASHION = Persona(
    "young_fashion",
    0.1,
    categories={"Fashion": 0.7},
    brands={"Rivelle": 0.5},
    channels={"APP": 0.9},
    value_tiers={"top": 0.6},
    attributes={"age": {"20-29": 0.9}, "gender": {"female": 0.8}},
)
ALL = Personas([RUNNER, READER, YOUNG_FASHION])
DAYS = 24 * 60
"""In minutes."""


def evidence(state, tier="low"):
    return Evidence(state, NOON_US, lambda: tier)


def looked_at(*categories, **what):
    return state_of(
        *(happened("view", n, category=category, **what) for n, category in enumerate(categories))
    )


def described(state, **attributes):
    describe(state, attributes, 1)
    return state


def test_of_somebody_nothing_is_known_of_no_persona_is_said():
    assert ALL.likeliest(evidence(State())) is None


def test_without_personas_nobody_is_of_any():
    assert NO_PERSONAS.likeliest(evidence(looked_at("Running"))) is None


def test_three_clicks_say_the_persona_of_a_visitor():
    found = ALL.likeliest(evidence(looked_at("Running > Shoes", "Running > Shoes", "Running")))
    assert found.persona == "runner"
    assert found.probability > 0.6


def test_each_later_click_may_change_it():
    seen = ["Running > Shoes", "Running > Watches", "Books > Crime", "Books > Travel"]
    seen += ["Books > Poetry", "Books > Classics"]
    likely = [ALL.probabilities(evidence(looked_at(*seen[:n]))) for n in range(1, len(seen) + 1)]
    readers = [each[1] for each in likely]
    assert ALL.likeliest(evidence(looked_at(*seen[:2]))).persona == "runner"
    assert ALL.likeliest(evidence(looked_at(*seen))).persona == "reader"
    assert readers[1:] == sorted(readers[1:])


def test_the_same_look_again_and_again_says_little_more():
    once, often = (
        ALL.probabilities(evidence(looked_at(*["Running > Shoes"] * times)))[0] for times in (1, 50)
    )
    elsewhere = ALL.probabilities(evidence(looked_at(*(f"Running > {n}" for n in range(5)))))[0]
    assert once < often < elsewhere


def test_what_nobody_named_is_no_evidence_for_any_of_them():
    assert ALL.likeliest(evidence(looked_at("Garden", "Garden > Seeds", "Tools"))) is None


def test_probabilities_are_those_of_bayes_rule():
    """One look counts 1 / (1 + 1/2) of an observation; cells are Books, Running, elsewhere."""
    personas = Personas([RUNNER, READER], assigned_from=0.0)
    even = [1 / 12, 1 / 12, 10 / 12]
    own = [
        [0.98 * p + 0.02 * q for p, q in zip(shares, even, strict=True)]
        for shares in ([0.1, 0.7, 0.2], [0.8, 0.05, 0.15])
    ]
    rest = [
        0.2 * runner + 0.3 * reader + 0.5 * other
        for runner, reader, other in zip(*own, even, strict=True)
    ]
    masses = [
        prior * cells[1] ** (2 / 3)
        for prior, cells in zip((0.2, 0.3, 0.5), (*own, rest), strict=True)
    ]
    found = personas.probabilities(evidence(looked_at("Running")))
    assert found.tolist() == pytest.approx([mass / sum(masses) for mass in masses])


def test_attributes_channels_brands_and_tiers_count_as_well():
    plain = looked_at("Fashion > Bags", channel=1)
    found = [ALL.probabilities(evidence(plain))[2]]
    found.append(ALL.probabilities(evidence(described(plain, gender="female")))[2])
    found.append(ALL.probabilities(evidence(described(plain, gender="female", age="24")))[2])
    found.append(ALL.probabilities(evidence(plain, tier="top"))[2])
    same = described(looked_at("Fashion > Bags", channel=2), gender="female", age="24")
    found.append(ALL.probabilities(evidence(same, tier="top"))[2])
    same = looked_at("Fashion > Bags", channel=2, brand="Rivelle")
    found.append(ALL.probabilities(evidence(described(same, gender="female", age="24"), "top"))[2])
    assert found == sorted(found)
    other = described(looked_at("Fashion > Bags"), gender="male", age="61")
    assert ALL.probabilities(evidence(other))[2] < found[0]


def test_an_attribute_that_nobody_told_leaves_all_as_it_is():
    state = looked_at("Running")
    before = ALL.probabilities(evidence(state)).tolist()
    assert ALL.probabilities(evidence(described(state, city="Boston"))).tolist() == before


def test_below_the_threshold_nobody_is_assigned():
    state = looked_at("Running > Shoes", "Books > Crime")
    assert Personas([RUNNER, READER], assigned_from=0.95).likeliest(evidence(state)) is None
    assert Personas([RUNNER, READER], assigned_from=0.1).likeliest(evidence(state)) is not None


def test_silence_changes_nobodys_persona_but_coming_back_for_something_else_does():
    then = [happened("view", -200 * DAYS + n, category=f"Running > {n}") for n in range(4)]
    mailed = happened("contact_sent", -1)
    back = [happened("view", n, category=f"Books > {n}") for n in range(3)]
    active = ALL.probabilities(Evidence(state_of(*then), NOON_US - 200 * DAY_US, lambda: "low"))
    silent = ALL.probabilities(evidence(state_of(*then, mailed)))
    assert silent.tolist() == pytest.approx(active.tolist())
    assert ALL.likeliest(evidence(state_of(*then, mailed, *back))).persona == "reader"


def test_a_merged_set_has_the_persona_of_all_its_events():
    one = [happened("view", 1, category="Running > Shoes")]
    other = [happened("view", 2, category="Books > Crime"), happened("view", 3, category="Books")]
    together = ALL.probabilities(evidence(state_of(*one, *other)))
    merged = ALL.probabilities(evidence(merge([state_of(*one), state_of(*other)])))
    assert merged.tolist() == pytest.approx(together.tolist())


def test_one_persona_alone_is_not_everybody():
    alone = Personas([RUNNER])
    assert alone.likeliest(evidence(looked_at("Books > Crime", "Books > Travel"))) is None
    assert alone.likeliest(evidence(looked_at("Running", "Running > Shoes"))).persona == "runner"


def test_a_deeper_path_of_another_persona_does_not_take_from_a_wider_one():
    """A wider path covers what others name within it, so both compete there."""
    trail = Persona("trail", 0.2, categories={"Running > Trail": 0.8})
    personas = Personas([RUNNER, trail], assigned_from=0.0)
    assert personas.likeliest(evidence(looked_at("Running > Trail > Shoes"))).persona == "trail"
    assert personas.likeliest(evidence(looked_at("Running > Road"))).persona == "runner"
