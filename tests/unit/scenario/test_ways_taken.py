"""How often ways were taken, also past stages that could not be entered and left no trace."""

from services.scenario.domain.ways_taken import ways_taken
from tests.unit.scenario.playing import DAY_US
from tests.unit.scenario.writing import scenario, stage

COMPLAINT = scenario(
    stage("see_to_it", call=True, lasts=DAY_US),
    stage("wait", lasts=DAY_US, on=[{"on": ["complaint"], "to": "again"}]),
    stage("over", condition="customer.age > 18", otherwise="wait", next=[{"to": "settled"}]),
    stage("again", condition="customer.age > 18", otherwise="see_to_it", next=[{"to": "settled"}]),
    stage("settled", offer="o", lasts=DAY_US),
)


def test_a_move_that_a_way_makes_is_that_way():
    assert ways_taken(COMPLAINT, [("see_to_it", "wait", 3), ("settled", "", 2)]) == {
        ("see_to_it", "wait", False): 3,
        ("settled", "", False): 2,
    }


def test_whoever_is_where_they_were_went_to_the_stage_after_it_and_past_that():
    assert ways_taken(COMPLAINT, [("wait", "wait", 5), ("wait", "over", 2)]) == {
        ("wait", "over", False): 7,
        ("over", "wait", True): 5,
    }


def test_of_two_ways_past_stages_each_is_found_by_where_it_leads():
    assert ways_taken(COMPLAINT, [("wait", "see_to_it", 4)]) == {
        ("wait", "again", False): 4,
        ("again", "see_to_it", True): 4,
    }


def test_an_offer_that_is_gone_leads_past_its_stage_to_the_end():
    assert ways_taken(COMPLAINT, [("over", "", 1)]) == {
        ("over", "settled", False): 1,
        ("settled", "", True): 1,
    }


def test_whoever_entered_elsewhere_than_in_the_first_stage_went_past_it():
    made = scenario(
        stage("a", offer="o", condition="customer.age > 18"),
        stage("b", offer="o", condition="customer.age > 17"),
        stage("c", offer="o"),
    )
    assert ways_taken(made, [("", "a", 5), ("", "c", 2)]) == {
        ("a", "b", True): 2,
        ("b", "c", True): 2,
    }


def test_what_the_edition_cannot_explain_is_a_way_of_its_own():
    assert ways_taken(COMPLAINT, [("settled", "wait", 1), ("older", "wait", 2)]) == {
        ("settled", "wait", False): 1,
        ("older", "wait", False): 2,
    }
    assert ways_taken(COMPLAINT, [("", "older", 2)]) == {}
