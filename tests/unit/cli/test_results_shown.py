"""What `touchpoint report results` prints, and the page that it writes."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from rich.console import Console

from cli.showing.results import words
from cli.showing.results.page import page
from cli.showing.results.terminal import results_shown
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind
from touchpoint.ranker.v1.results_pb2 import (
    ChannelsValue,
    MeasureDifference,
    MeasureResult,
    MeasureUnit,
    MeasureValue,
    OfferResult,
    ResultConclusion,
    Results,
    SplitBase,
)
from touchpoint.rules.v1.rules_pb2 import (
    AnswerCounts,
    RuleAnswers,
    RuleCounts,
    RuleMode,
    RuleResult,
)

DAY_US = 86_400_000_000
BEGIN_US = 1_790_000_000_000_000
UNITS = {
    "contribution": MeasureUnit.MONEY,
    "revenue_per_visit": MeasureUnit.MONEY,
    "look_to_book": MeasureUnit.SHARE,
    "acceptance": MeasureUnit.SHARE,
    "stickiness": MeasureUnit.SECONDS,
    "opt_outs": MeasureUnit.NUMBER,
    "complaints": MeasureUnit.NUMBER,
    "declines": MeasureUnit.SHARE,
}
RULES = [
    RuleResult(rule="owned", enforced=RuleCounts(decisions=9, candidates=20)),
    RuleResult(
        rule="no_films",
        shadow=RuleCounts(decisions=4, candidates=5),
        answers=[
            RuleAnswers(
                mode=RuleMode.SHADOW,
                would_be_removed=AnswerCounts(shown=20, accepted=4, value_micros=50_000_000),
            )
        ],
    ),
]


def measure(name, conclusion):
    differs = MeasureDifference(
        arm=Arm.PERSONALISED,
        against=Arm.HOLDOUT,
        difference=0.5,
        low=0.1,
        high=0.9,
        conclusion=conclusion,
        total=500,
        total_low=100,
        total_high=900,
        lift=0.25,
        lift_low=0.05,
        lift_high=0.45,
    )
    return MeasureResult(
        name=name,
        title=name.replace("_", " ").title(),
        definition=f"What {name} says.",
        unit=UNITS[name],
        values=[
            MeasureValue(arm=Arm.HOLDOUT, people=200, part=400, whole=200, value=2.0, error=0.1),
            MeasureValue(arm=Arm.PERSONALISED, people=1000, part=2500, whole=1000, value=2.5),
        ],
        differences=[differs],
        query=f"SELECT '{name}' < 1",
        channels=[
            ChannelsValue(seen=Channel.WEB, bought=Channel.STORE, part=30, whole=120, value=0.25),
            ChannelsValue(seen=Channel.WEB, part=6, whole=120, value=0.05, people=9),
            ChannelsValue(seen=Channel.EMAIL, part=0, whole=0),
            ChannelsValue(seen=Channel.APP, part=0, whole=80),
        ],
        seen=f"Where {name} was seen.",
        bought=f"Where {name} was bought.",
        split_base=SplitBase.SEEN,
        channels_query=f"SELECT '{name}' AS split",
    )


def made(conclusion=ResultConclusion.BETTER, title="Desk <b>Lamp</b> & Co", offers=12):
    found = Results(currency="USD", decisions=5000, events=9000, sql="-- tables\n")
    found.since_time.FromMicroseconds(BEGIN_US)
    found.until_time.FromMicroseconds(BEGIN_US + 28 * DAY_US)
    found.arms.add(arm=Arm.HOLDOUT, people=200, share=0.1)
    found.arms.add(arm=Arm.PERSONALISED, people=1000, share=0.9)
    found.measures.extend(measure(name, conclusion) for name in UNITS)
    for at in range(offers):
        found.offers.append(
            OfferResult(
                offer_id=f"o{at}",
                title=f"{title} {at}",
                kind=OfferKind.PRODUCT,
                shown=100,
                accepted=at,
                worth_per_1000=10.0 * at,
                low=5.0 * at - 1,
                high=15.0 * at + 1,
            )
        )
    found.kinds.add(
        kind=OfferKind.PROMOTION,
        shown=50,
        clicks=10,
        accepted=5,
        acceptance=0.1,
        low=0.04,
        high=0.2,
    )
    found.channels.add(
        seen=Channel.WEB, bought=Channel.STORE, purchases=3, revenue=90, contribution=40
    )
    segment = found.segments.add(segment="best_customers", people=30)
    segment.values.extend(each.values[0] for each in found.measures)
    for at in range(5):
        for arm in (Arm.HOLDOUT, Arm.PERSONALISED):
            point = found.points.add(arm=arm, revenue=10.0 * at, contribution=4.0 * at)
            point.time.FromMicroseconds(BEGIN_US + at * DAY_US)
    found.caveats.add(code="NO_STATIC", text="Nobody is in the static arm.")
    return found


def printed(found, rules=RULES):
    console = Console(file=io.StringIO(), width=500, highlight=False)
    console.print(results_shown(found, rules))
    return console.file.getvalue()


def test_the_page_in_the_terminal_says_the_difference_its_interval_and_what_it_means():
    text = printed(made())
    assert "brought 500.00 USD in this period (95% interval 100.00 to 900.00 USD)" in text
    line, _ = [line for line in text.splitlines() if line.startswith("Look To Book")]
    assert "+50.0 pts (+10.0 to +90.0 pts)" in line
    assert line.rstrip().endswith("better")
    assert "- Nobody is in the static arm." in text


def test_what_may_be_chance_is_called_not_significant_and_no_money_is_claimed():
    found = made(ResultConclusion.NOT_SIGNIFICANT)
    for text in (words.paragraph(found), printed(found), page(found, RULES)):
        assert "not significant" in text
        assert "brought 500" not in text


def test_too_few_people_conclude_nothing():
    found = made(ResultConclusion.TOO_FEW)
    assert "too few people to conclude anything" in words.paragraph(found)
    assert "brought 500" not in page(found, RULES)


def test_best_and_worst_have_no_offer_in_common_and_rarely_shown_ones_are_neither():
    found = made()
    found.offers[11].shown = words.FEWEST_SHOWN - 1
    best, worst = words.best_and_worst(found)
    assert [each.offer_id for each in best] == ["o10", "o9", "o8", "o7", "o6"]
    assert [each.offer_id for each in worst] == ["o0", "o1", "o2", "o3", "o4"]
    few_best, few_worst = words.best_and_worst(made(offers=3))
    assert ([o.offer_id for o in few_best], [o.offer_id for o in few_worst]) == (["o2"], ["o0"])


def test_a_rule_in_shadow_costs_at_most_what_it_would_have_removed_and_others_are_not_known():
    enforced, shadow = words.rule_costs(RULES, "USD")
    assert enforced[-1] == "not known: only a trial can tell"
    assert shadow[-1].startswith("at most 50.00 USD: 4 of 20 shown")


def test_the_page_to_send_is_whole_and_needs_nothing_else():
    text = page(made(), RULES)
    assert text.startswith("<!doctype html>")
    for outside in ("http:", "https:", "<script", "url(", "@import", "<img", "<link"):
        assert outside not in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_each_measure_is_told_by_where_it_was_seen_and_bought_and_nothing_where_nothing_was():
    [head] = [line for line in printed(made()).splitlines() if line.startswith("seen to bought")]
    assert "web to nowhere" in head
    assert "web to store" in head
    _, line = [line for line in printed(made()).splitlines() if line.startswith("Look To Book")]
    assert sorted(line.split()[-4:]) == ["-", "0.0%", "25.0%", "5.0%"]


def test_the_page_has_every_pair_of_channels_of_every_measure_and_says_what_they_mean():
    text = page(made(), RULES)
    assert "Seen (rows): Where look_to_book was seen. Bought (columns): Where look_to_book" in text
    assert "<td>web</td><td>25.0%</td><td>5.0%</td><td>30.0%</td>" in text  # 36 of 120
    assert "<td>email</td><td>–</td><td>–</td><td>–</td>" in text
    assert "<td>app</td><td>0.0%</td><td>0.0%</td><td>0.0%</td>" in text  # of 80, none
    assert "SELECT &#x27;look_to_book&#x27; AS split;" in text


def test_acceptance_of_each_kind_is_told_with_what_it_means_and_its_interval():
    [line] = [line for line in printed(made()).splitlines() if line.startswith("promotion")]
    cells = ["50", "10.0%", "4.0% to 20.0%", "20.0%", "0.0%", "redeemed before it ends"]
    assert re.split(r"  +", line.strip())[1:] == cells
    row = "".join(f"<td>{cell}</td>" for cell in ["promotion", *cells])
    assert row in page(made(), RULES)


def test_what_people_wrote_is_text_and_no_markup():
    text = page(made(), RULES)
    assert "<b>Lamp" not in text
    assert "Desk &lt;b&gt;Lamp&lt;/b&gt; &amp; Co" in text
    assert "SELECT &#x27;contribution&#x27; &lt; 1;" in text


@pytest.mark.parametrize("conclusion", ResultConclusion.Value.values())
def test_every_chart_is_a_drawing_with_its_meaning_in_words(conclusion):
    charts = re.findall(r"<svg.*?</svg>", page(made(conclusion), RULES), re.DOTALL)
    assert len(charts) == 3
    for chart in charts:
        drawn = ElementTree.fromstring(chart)
        assert drawn.get("aria-label")
        numbers = [float(n) for each in drawn.iter() for n in (each.get("x1"), each.get("cx")) if n]
        assert all(0 <= number <= 900 for number in numbers)


def test_where_nothing_was_decided_both_pages_say_just_that():
    found = Results()
    assert "Nothing was decided" in printed(found, [])
    assert "Nothing was decided" in page(found, [])
