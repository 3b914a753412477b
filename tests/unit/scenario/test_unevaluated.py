"""A condition that fails where nothing stands still for it is counted, kept and said."""

from collections import Counter

import pytest
from structlog.testing import capture_logs

from services.scenario.domain.carts import NO_CART
from services.scenario.domain.counts import Counts, Failed
from services.scenario.domain.facts import Happened
from services.scenario.domain.taking import take_events
from services.scenario.reading import read_scenario
from services.scenario.reports.scenario_messages import Parts, report_of
from services.scenario.reports.unevaluated import UnevaluatedKept
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.unevaluated import UNEVALUATED, Unevaluated
from shared.clock import from_us
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import ADA, NOON_US, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1 import rules_pb2 as pb
from touchpoint.rules.v1.scenarios_pb2 import Reaction, ScenarioExit

FAILS = "1000 / event.stock > 3"


@pytest.fixture(autouse=True)
def _nothing_counted_before():
    UNEVALUATED.take()


async def hears(made, *types):
    """Let events without a stock come to a scenario; returns what became of its journeys."""
    store = InMemoryJourneys()
    for number, kind in enumerate(types):
        event = Happened(ADA, kind, NOON_US + number, 3, {"event.type": kind, "event.stock": 0})
        async with store.transaction() as transaction:
            starting = for_all({"view": [made]})
            await take_events(transaction, [event], starting, NOON_US, lambda _: "journey-1")
    return list(store.journeys.values())


async def test_an_event_that_begins_nothing_because_its_where_fails_is_counted_once():
    made = scenario(stage("a", offer="o"), where=FAILS, count=pb.Scenario().count)
    made_often = pb.Scenario(scenario="often", starts_on=["view"], where=FAILS)
    made_often.count.at_least = 2
    made_often.stages.add(stage="a")
    assert not await hears(made, "view")
    assert not await hears(read_scenario(made_often), "view")
    assert UNEVALUATED.take() == {("s", "where"): 1, ("often", "where"): 1}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"goals": ["purchase"], "goal_where": FAILS}, "goal_where"),
        ({"exits": [ScenarioExit(on=["purchase"], where=FAILS)]}, "exits[0].where"),
    ],
)
async def test_what_would_have_ended_a_journey_is_counted(changes, place):
    (journey,) = await hears(scenario(stage("a", offer="o"), **changes), "view", "purchase")
    assert not journey.is_over
    assert UNEVALUATED.take() == {("s", place): 1}


def test_a_reaction_is_counted_by_its_stage_and_place():
    heard = stage("wait", lasts=1_000_000)
    heard.on.extend(
        [Reaction(on=["search"], to="wait"), Reaction(on=["view"], where=FAILS, to="wait")]
    )
    hears_of = scenario(heard).stages[0].reactions[1].hears
    assert not hears_of.hears("view", {"event.stock": 0})
    assert hears_of.hears("view", {"event.stock": 3})
    assert UNEVALUATED.take() == {("s", "stages.wait.on[1].where"): 1}


@pytest.mark.parametrize(("starts_on", "counted"), [([], 1), (["view"], 0)])
def test_a_condition_counts_where_nothing_is_kept_that_could_be_parked(starts_on, counted):
    made = pb.Scenario(scenario="s", starts_on=starts_on, condition="10 / customer.frequency > 3")
    made.stages.add(stage="a").propose.offer = "o"
    values = {"customer.frequency": 0}
    assert read_scenario(made).when.holds(hesitating=False, cart=NO_CART, values=values) is None
    assert UNEVALUATED.take()["s", "condition"] == counted


class Kept:
    def __init__(self):
        self.times = Counter()
        self.answers = True

    async def add_unevaluated(self, times, now_us):
        if not self.answers:
            raise Unavailable("the database does not answer")
        self.times.update(times)


async def test_what_was_counted_is_kept_and_said_at_most_once_a_minute():
    counted, store, machine = Unevaluated(), Kept(), [0.0]
    kept = UnevaluatedKept(counted, store, FakeClock(from_us(NOON_US)), lambda: machine[0])
    with capture_logs() as said:
        for at_s in (0.0, 5.0, 59.0, 60.0, 65.0):
            machine[0] = at_s
            store.answers = at_s != 5.0
            counted.note("s", "where")
            await kept.keep()
    assert store.times == {("s", "where"): 5}
    assert [each["times"] for each in said] == [{"s where": 1}, {"s where": 3}]
    assert counted.take() == {}


def test_a_report_tells_it_where_it_stands():
    counts = Counts(failed=(Failed("s", "where", 3), Failed("t", "where", 9)))
    report = report_of(Parts.of("s", None, counts), is_defined=False)
    assert [(each.place, each.times) for each in report.failed_conditions] == [("where", 3)]
