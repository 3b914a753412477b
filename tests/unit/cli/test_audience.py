"""An audience as people and machines read it."""

import io

from rich.console import Console

from cli.showing.audience import as_json_report, show_comparison, show_preview
from touchpoint.profile.v1.audience_pb2 import (
    AudienceComparison,
    AudienceMember,
    AudiencePreview,
    PeopleCount,
    TraitLift,
    TraitMeasure,
)

EXACT = AudiencePreview(
    when='customer.value_tier == "top"',
    people=2_469,
    looked_at=2_469,
    exact=True,
    members=PeopleCount(people=247, at_least=247, at_most=247, share=247 / 2_469),
    sample=[
        AudienceMember(
            person_ids=["p1"],
            customer_ids=["1023"],
            monetary_micros=24_879_750_000,
            values={"customer.value_tier": "top", "customer.monetary_micros": "24879750000"},
        ),
        AudienceMember(person_ids=["p2"], values={"customer.value_tier": "top"}),
    ],
)
LIFTS = AudienceComparison(
    when=EXACT.when,
    lifts=[
        TraitLift(
            trait="likes [Garden]",
            measure=TraitMeasure.SHARE,
            inside=0.4,
            outside=0.1,
            lift=4.0,
            at_least=3.5,
            at_most=4.6,
        ),
        TraitLift(
            trait="orders", measure=TraitMeasure.MEAN, inside=9.5, outside=9.0, at_least=0.9,
            at_most=1.2, lift=1.06,
        ),
    ],
)  # fmt: skip


def printed(show, *what):
    console = Console(file=io.StringIO(), width=120)
    show(console, *what)
    return console.file.getvalue()


def test_members_are_counted_and_shown_with_what_the_condition_reads_of_them():
    told = printed(show_preview, "best_customers", EXACT)
    assert "247 people of 2,469 (10.00%) are in best_customers" in told
    assert "customer 1023  24,879.75           top" in told
    assert "visitor p2" in told
    assert "monetary_micros" not in told
    assert "sample of" not in told


def test_a_sample_is_told_with_its_intervals_and_a_change_with_its_impact():
    preview = AudiencePreview(
        when="x",
        people=1_000_000,
        looked_at=20_000,
        members=PeopleCount(people=50_000, at_least=47_800, at_most=52_300, share=0.05),
        entering=PeopleCount(people=1, at_least=1, at_most=1),
        leaving=PeopleCount(people=0),
        failed=PeopleCount(people=7, at_least=7, at_most=7),
    )
    told = printed(show_preview, "", preview)
    assert "about 50,000 people [47,800–52,300] of 1,000,000" in told
    assert "random sample of 20,000" in told
    assert "1 person would enter and 0 people would leave" in told
    assert "For 7 people the condition could not be evaluated" in told


def test_lifts_are_shown_as_shares_and_means():
    told = printed(show_comparison, LIFTS)
    assert "likes [Garden]" in told
    assert "40.0%  10.0%" in told
    assert "9.50" in told
    assert "3.50 – 4.60" in told
    assert "too few" in printed(show_comparison, AudienceComparison())


def test_machines_get_both_with_every_number():
    report = as_json_report(EXACT, LIFTS)
    assert report["preview"]["members"]["people"] == "247"
    assert report["comparison"]["lifts"][0]["lift"] == 4.0
    assert as_json_report(EXACT, AudienceComparison()).keys() == {"preview"}
