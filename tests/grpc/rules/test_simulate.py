"""Recorded decisions made again by other definitions: what callers are told would change."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from services.rules.storage import MIGRATIONS
from shared.call import CALLER
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.plugin import FreshDatabase
from tests.grpc.rules.ranker_kit import PROBABILITY, WORTH
from tests.grpc.rules.rules_kit import (
    FREE_SHIPPING,
    GUIDE,
    HELP,
    LAPTOP,
    LAPTOP_RED,
    MILK,
    RUNNING_PROMO,
    SHOES,
    WINE,
    Rules,
    ann,
    candidates,
    notices,
    running_rules,
)
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, RemovalCode
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.recording_pb2 import RecordedDecision
from touchpoint.rules.v1.rules_pb2 import DefinitionFile
from touchpoint.rules.v1.simulation_pb2 import (
    ExampleCause,
    GroupedBy,
    Simulation,
    SkipReason,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOME = "web.home.banner"
NO_FLEET = """
rules:
  - name: no_fleet
    level: SUITABILITY
    code: NOT_SUITABLE
    remove_when: offer.brand == "Fleet"
    text: We are out of love with this brand.
"""


def files(*more: str, change: tuple[str, str] = ("", "")) -> list[DefinitionFile]:
    """Return the shipped definitions with one text changed, and texts added."""
    found = read_folder(shipped_definitions())
    assert not change[0] or any(change[0] in file.text for file in found)
    for file in found:
        file.text = file.text.replace(*change)
    added = [DefinitionFile(path=f"more{n}.yaml", text=text) for n, text in enumerate(more)]
    return [*found, *added]


async def page(
    rules: Rules, offer_nos: tuple[int, ...], person: PersonSnapshot, context: DecisionContext
) -> list[list[int]]:
    """Return what each placement shows, decided as the edge decides."""
    checked = await rules.check(*offer_nos, person=person, context=context)
    every = [*offer_nos, *checked.added.offer_nos]
    kept = [every[at] for at in checked.kept]
    request = RankRequest(
        context=context,
        candidates=candidates(*kept),
        placement_bits=checked.placement_bits,
        levers=checked.levers,
        constraints=checked.constraints,
    )
    ranked = await rules.ranker.rank(request, None)
    return [
        [kept[each.candidate] for each in place.chosen] or _DEFAULTS.get(place.placement, [])
        for place in ranked.placements
    ]


_DEFAULTS = {"web.item": [HELP]}
"""Of the shipped ones, those that the catalogue has."""


async def decide(
    rules: Rules,
    *offer_nos: int,
    person: PersonSnapshot | None = None,
    weight: float = 1.0,
    snapshot: bytes | None = None,
    **more: Any,
) -> tuple[DecisionContext, list[list[int]]]:
    """Decide in a context that nothing stands in, commit and record it; returns what it shows."""
    rules.clock.advance(timedelta(minutes=1))
    person = person or ann()
    context = rules.context(**more)
    context.context_digest = context.decision_id.encode().ljust(16)
    shown = await page(rules, offer_nos, person, context)
    recorded = RecordedDecision(
        schema=1,
        context=context,
        snapshot=person.SerializeToString() if snapshot is None else snapshot,
        candidates=candidates(*offer_nos),
        weight=weight,
        model="prior",
    )
    request = pb.CommitRequest(
        context=context,
        person_ids=person.person_ids,
        standing_token=person.standing_token,
        placements=[
            pb.CommitPlacement(placement=ask.placement, chosen=notices(ask.placement, tuple(nos)))
            for ask, nos in zip(context.placements, shown, strict=True)
        ],
        trace=b"trace",
        model="prior",
        recorded=recorded.SerializeToString(),
    )
    await rules.stub.Commit(request, timeout=5)
    return context, shown


async def responses(rules: Rules, **asked: Any) -> list[pb.SimulateDefinitionsResponse]:
    await rules.recorder.write()
    rules.clock.advance(timedelta(minutes=1))
    rules.ranker.asked.clear()
    request = pb.SimulateDefinitionsRequest(**asked)
    stream = rules.stub.SimulateDefinitions(request, timeout=60, metadata=((CALLER, "cli"),))
    return [response async for response in stream]


async def simulate(rules: Rules, *definitions: DefinitionFile, **asked: Any) -> Simulation:
    """Return the report on definitions as files."""
    told = await responses(rules, files=definitions, **asked)
    assert not [each for response in told for each in response.problems if not each.warning]
    assert told[-1].HasField("report")
    return told[-1].report


def shifts(report: Simulation) -> dict[int, tuple[float, float, float, float]]:
    return {
        each.offer_no: (each.before, each.after, each.gained, each.lost) for each in report.offers
    }


async def test_definitions_compared_with_themselves_change_nothing(rules: Rules) -> None:
    await decide(rules, LAPTOP, SHOES, GUIDE)
    await decide(rules, SHOES, MILK, person=ann(person_ids=["bob"]))
    report = await simulate(rules, *files())
    assert (report.recorded, report.replayed, report.decisions) == (2, 2, 2.0)
    assert report.against_hash == report.bundle_hash == rules.bundles.active_hash
    assert report.changed.decisions == report.changed.share == 0.0
    for nothing in (report.offers, report.rules, report.examples, report.skipped):
        assert not nothing
    fidelity = report.fidelity
    assert (fidelity.comparable, fidelity.as_shown, fidelity.same_offers) == (2, 2, 2)
    assert fidelity.still_allowed == 2
    assert not report.unreplayed_sections


async def test_a_tighter_rule_changes_the_decisions_that_showed_what_it_removes(
    rules: Rules,
) -> None:
    showed, _ = await decide(rules, LAPTOP, SHOES, MILK, WINE)
    await decide(rules, LAPTOP, MILK)
    two = [PlacementAsk(placement=HOME, limit=2)]
    await decide(rules, LAPTOP, MILK, SHOES, placements=two)
    report = await simulate(rules, *files(NO_FLEET))
    assert report.changed.decisions == 1.0
    assert report.changed.share == pytest.approx(1 / 3)
    assert report.changed.at_least < 1 / 3 < report.changed.at_most
    assert shifts(report) == {WINE: (0.0, 1.0, 1.0, 0.0), SHOES: (1.0, 0.0, 0.0, 1.0)}
    assert (report.offers_gaining, report.offers_losing) == (1, 1)
    (rule,) = report.rules
    assert (rule.rule, rule.before, rule.after, rule.decisions_after) == ("no_fleet", 0, 2, 2)
    (example,) = report.examples
    assert (example.decision_id, example.channel, example.placement) == (
        showed.decision_id,
        Channel.WEB,
        HOME,
    )
    assert [each.offer_id for each in example.before] == ["item-1", "item-3", "item-4"]
    assert [each.offer_id for each in example.after] == ["item-1", "item-3", "item-6"]
    gone, come = example.reasons
    assert (gone.offer_id, gone.cause) == ("item-4", ExampleCause.NOW_REMOVED)
    assert (gone.rule, gone.code) == ("no_fleet", RemovalCode.NOT_SUITABLE)
    assert gone.text == "We are out of love with this brand."
    assert (come.offer_id, come.cause) == ("item-6", ExampleCause.MOVES_UP)


CHANGES = {
    "a rule": NO_FLEET,
    "a rule of one placement": NO_FLEET.replace(
        "level: SUITABILITY", "level: SUITABILITY\n    placements: [web.item]"
    ),
    "a lever": "rules:\n  - {name: wine, lever: 3.0, lever_when: offer.min_age > 0}\n",
    "a slate constraint": "slate_rules:\n  - {attribute: KIND, value: PRODUCT, at_most: 1}\n",
    "a pin": f"pins:\n  - {{placement: {HOME}, position: 2, offer: offer-{GUIDE}}}\n",
}
EVERYTHING = (LAPTOP, LAPTOP_RED, MILK, SHOES, WINE, FREE_SHIPPING, RUNNING_PROMO, GUIDE, HELP)


def some_page(random: Random) -> dict[str, Any]:
    """Return a page to be asked for, and whom for but for their name."""
    names = random.sample([HOME, "web.item", "web.category"], random.randint(1, 2))
    person = {"age": random.choice([12, 40]), "consents": random.choice([[], ["marketing"]])}
    return {
        "offer_nos": random.sample(EVERYTHING, random.randint(1, len(EVERYTHING))),
        "placements": [PlacementAsk(placement=name, limit=random.randint(1, 3)) for name in names],
        "person": person,
    }


@pytest.mark.parametrize("change", CHANGES)
async def test_what_it_says_is_what_is_shown_once_they_are_applied(
    rules: Rules, change: str
) -> None:
    random = Random(change)
    pages = [some_page(random) for _ in range(12)]

    async def decided(page: dict[str, Any], name: str) -> tuple[str, list[list[str]]]:
        person = ann(person_ids=[name], **page["person"])
        asks = page["placements"]
        context, shown = await decide(rules, *page["offer_nos"], person=person, placements=asks)
        ids = rules.catalogue.offer_ids
        return context.decision_id, [[ids[no] for no in nos] for nos in shown]

    before = [await decided(page, f"before-{at}") for at, page in enumerate(pages)]
    report = await simulate(rules, *files(CHANGES[change]), examples=100)
    assert report.replayed == report.fidelity.as_shown == len(pages)
    await rules.apply(DefinitionFile(path="more.yaml", text=CHANGES[change]))
    after = [await decided(page, f"after-{at}") for at, page in enumerate(pages)]
    told = {each.decision_id: each for each in report.examples}
    changed = 0
    for page, (decision_id, was), (_, is_now) in zip(pages, before, after, strict=True):
        assert (was != is_now) == (decision_id in told)
        if decision_id in told:
            changed += 1
            example = told[decision_id]
            at = [ask.placement for ask in page["placements"]].index(example.placement)
            assert [each.offer_id for each in example.before] == was[at]
            assert [each.offer_id for each in example.after] == is_now[at]
    assert report.changed.decisions == changed > 0


async def test_a_rule_that_is_taken_away_brings_back_what_it_removed(rules: Rules) -> None:
    await rules.apply(DefinitionFile(path="fleet.yaml", text=NO_FLEET))
    await decide(rules, SHOES, WINE)
    report = await simulate(rules, *files())
    assert shifts(report) == {SHOES: (0.0, 1.0, 1.0, 0.0)}
    (reason,) = report.examples[0].reasons
    assert (reason.cause, reason.rule) == (ExampleCause.NO_LONGER_REMOVED, "no_fleet")
    assert reason.text == "We are out of love with this brand."
    assert report.fidelity.as_shown == report.fidelity.comparable == 1


@pytest.mark.parametrize("tries", [True, False])
async def test_both_pages_try_something_out_or_neither(rules: Rules, tries: bool) -> None:
    await decide(rules, LAPTOP, SHOES, MILK)
    rules.ranker.tries = tries
    await simulate(rules, *files(NO_FLEET))
    before, after = rules.ranker.asked
    assert not before.HasField("tried")
    assert (after.HasField("tried"), after.tried) == (True, tries)


async def test_the_ranker_draws_the_same_chances_for_both(rules: Rules) -> None:
    await decide(rules, LAPTOP, SHOES, MILK)
    await simulate(rules, *files(NO_FLEET))
    before, after = rules.ranker.asked
    assert before.candidates == after.candidates
    assert before.context.seed == after.context.seed
    assert list(before.placement_bits) == [1, 1, 1]
    assert list(after.placement_bits) == [1, 0, 1]
    assert before.context.bundle_hash == after.context.bundle_hash == rules.bundles.active_hash


@pytest.mark.parametrize("since", ["", NO_FLEET])
async def test_it_is_asked_once_where_both_let_pass_the_same(rules: Rules, since: str) -> None:
    await decide(rules, LAPTOP, MILK)
    if since:
        await rules.apply(DefinitionFile(path="since.yaml", text=since))
    await simulate(rules, *files(NO_FLEET))
    assert len(rules.ranker.asked) == 1


async def test_a_contact_limit_is_held_to_what_had_passed_by_then(rules: Rules) -> None:
    await decide(rules, FREE_SHIPPING, GUIDE)
    second, _ = await decide(rules, RUNNING_PROMO, GUIDE)
    await decide(rules, RUNNING_PROMO, GUIDE, person=ann(person_ids=["bob"]))
    tight = files(change=("contacts.marketing: 3 per 7d", "contacts.marketing: 1 per 7d"))
    report = await simulate(rules, *tight)
    assert [each.decision_id for each in report.examples] == [second.decision_id]
    assert shifts(report) == {RUNNING_PROMO: (2.0, 1.0, 0.0, 1.0)}
    assert report.fidelity.as_shown == report.fidelity.comparable == 3


async def test_a_pin_that_is_new_shows_what_nobody_proposed(rules: Rules) -> None:
    pin = f"pins:\n  - {{placement: {HOME}, position: 1, offer: offer-{GUIDE}}}\n"
    await decide(rules, LAPTOP, MILK)
    report = await simulate(rules, *files(pin))
    assert shifts(report) == {GUIDE: (0.0, 1.0, 1.0, 0.0)}
    (reason,) = report.examples[0].reasons
    assert reason.cause == ExampleCause.NOW_PROPOSED


async def test_a_placement_that_would_be_empty_shows_its_defaults(rules: Rules) -> None:
    await decide(rules, SHOES, placements=[PlacementAsk(placement="web.item", limit=3)])
    report = await simulate(rules, *files(NO_FLEET))
    assert shifts(report) == {HELP: (0.0, 1.0, 1.0, 0.0), SHOES: (1.0, 0.0, 0.0, 1.0)}


async def test_those_who_see_the_same_as_everybody_see_other_defaults(rules: Rules) -> None:
    asks = [PlacementAsk(placement="web.item", limit=3)]
    await decide(rules, HELP, arm=Arm.STATIC, placements=asks)
    report = await simulate(rules, *files(NO_FLEET))
    assert (report.replayed, report.changed.decisions, report.fidelity.as_shown) == (1, 0, 1)
    fewer = ("default.guides, default.help]", "default.guides]")
    report = await simulate(rules, *files(change=fewer))
    assert shifts(report) == {HELP: (1.0, 0.0, 0.0, 1.0)}
    assert not rules.ranker.asked


async def test_a_page_is_told_by_placement_and_as_one_decision(rules: Rules) -> None:
    asks = [PlacementAsk(placement=name, limit=1) for name in (HOME, "web.item")]
    await decide(rules, LAPTOP, SHOES, GUIDE, placements=asks)
    report = await simulate(rules, *files(NO_FLEET))
    groups = {
        (each.by, each.name): (each.decisions, each.changed.decisions) for each in report.groups
    }
    assert groups[GroupedBy.PLACEMENT, HOME] == (1.0, 0.0)
    assert groups[GroupedBy.PLACEMENT, "web.item"] == (1.0, 1.0)
    assert report.changed.decisions == report.decisions == 1.0
    assert [each.placement for each in report.examples] == ["web.item"]


async def test_it_says_for_whom_decisions_change(rules: Rules) -> None:
    runner = ann(segments=["runners"], identity_kinds=["customer", "visitor"])
    visitor = ann(person_ids=["bob"], identity_kinds=["visitor"])
    await decide(rules, SHOES, LAPTOP, person=runner)
    await decide(rules, MILK, LAPTOP, person=visitor)
    await decide(rules, MILK, LAPTOP, person=PersonSnapshot(as_of_us=1))
    report = await simulate(rules, *files(NO_FLEET))
    groups = {
        (each.by, each.name): (each.decisions, each.changed.decisions) for each in report.groups
    }
    assert groups == {
        (GroupedBy.CHANNEL, "WEB"): (3.0, 1.0),
        (GroupedBy.PLACEMENT, HOME): (3.0, 1.0),
        (GroupedBy.PERSON, "customer"): (1.0, 1.0),
        (GroupedBy.PERSON, "visitor"): (1.0, 0.0),
        (GroupedBy.PERSON, "nobody"): (1.0, 0.0),
        (GroupedBy.SEGMENT, "runners"): (1.0, 1.0),
    }


async def test_a_recorded_decision_counts_for_all_that_it_stands_for(rules: Rules) -> None:
    await decide(rules, SHOES, LAPTOP, weight=5.0)
    await decide(rules, MILK, LAPTOP, weight=15.0)
    report = await simulate(rules, *files(NO_FLEET))
    assert (report.decisions, report.changed.decisions, report.changed.share) == (20.0, 5.0, 0.25)
    before, after = report.acceptances.before, report.acceptances.after
    assert (before, after) == (40 * PROBABILITY, 35 * PROBABILITY)
    assert report.value.before - report.value.after == 5 * PROBABILITY * WORTH


async def test_of_more_than_may_be_made_again_each_counts_for_more(rules: Rules) -> None:
    for _ in range(6):
        await decide(rules, SHOES, LAPTOP)
    report = await simulate(rules, *files(NO_FLEET), at_most=3)
    assert (report.recorded, report.replayed, report.decisions) == (6, 3, 6.0)


async def test_only_decisions_of_the_time_asked_for_are_made_again(rules: Rules) -> None:
    first, _ = await decide(rules, SHOES, LAPTOP)
    since_us = rules.clock.now_us() + 1
    second, _ = await decide(rules, SHOES, LAPTOP)
    asked: dict[str, Any] = {"since_time": Timestamp(), "until_time": Timestamp()}
    asked["since_time"].FromMicroseconds(since_us)
    asked["until_time"].FromMicroseconds(rules.clock.now_us() + 1)
    report = await simulate(rules, *files(NO_FLEET), **asked)
    assert [each.decision_id for each in report.examples] == [second.decision_id]
    assert report.since_time == asked["since_time"]
    assert report.first_time.ToMicroseconds() == second.now_us
    until = asked["since_time"]
    report = await simulate(rules, *files(NO_FLEET), until_time=until)
    assert [each.decision_id for each in report.examples] == [first.decision_id]


async def test_what_cannot_be_made_again_is_told_with_the_reason(rules: Rules) -> None:
    await decide(rules, LAPTOP, snapshot=b"")
    await decide(rules, LAPTOP, snapshot=b"no snapshot")
    await decide(rules, LAPTOP, placements=[PlacementAsk(placement="web.faq", limit=3)])
    await decide(rules, LAPTOP)
    text = next(file.text for file in files() if file.path == "placements.yaml")
    faq = text[text.index("  - placement: web.faq") :]
    faq = faq[: faq.index("  - placement:", 1)]
    without = [
        DefinitionFile(path=file.path, text=file.text.replace("[web.faq, web.item", "[web.item"))
        for file in files(change=(faq, ""))
    ]
    report = await simulate(rules, *without, examples=0)
    assert report.replayed == 1
    assert {each.reason: each.recorded for each in report.skipped} == {
        SkipReason.PROFILE_HAD_NOT_ANSWERED: 1,
        SkipReason.UNREADABLE: 1,
        SkipReason.PLACEMENT_NOT_DEFINED: 1,
    }
    rules.catalogue.kind[LAPTOP] = 0
    report = await simulate(rules, *files())
    assert SkipReason.OFFER_GONE in {each.reason for each in report.skipped}


async def test_without_the_ranker_what_eligibility_alone_changes_is_told(rules: Rules) -> None:
    for _ in range(5):
        await decide(rules, SHOES, LAPTOP, MILK, WINE)
    rules.ranker.answers = False
    report = await simulate(rules, *files(NO_FLEET))
    assert (report.replayed, report.unranked) == (5, 5)
    assert rules.ranker.refused == 3
    assert shifts(report) == {SHOES: (5.0, 0.0, 0.0, 5.0)}
    assert not report.fidelity.comparable
    assert [each.offer_id for each in report.examples[0].after] == ["item-1", "item-3"]
    assert report.examples[0].reasons[0].rule == "no_fleet"


async def test_decisions_of_other_definitions_say_nothing_of_how_true_it_is(rules: Rules) -> None:
    await decide(rules, SHOES, LAPTOP)
    before = rules.bundles.active_hash
    await rules.apply(DefinitionFile(path="fleet.yaml", text=NO_FLEET))
    report = await simulate(rules, *files())
    assert (report.replayed, report.fidelity.comparable) == (1, 0)
    stored = (await responses(rules, bundle_hash=rules.bundles.active_hash, against_hash=before))[
        -1
    ].report
    assert (stored.against_hash, stored.bundle_hash) == (before, rules.bundles.active_hash)
    assert stored.fidelity.as_shown == stored.fidelity.comparable == 1
    assert shifts(stored) == {SHOES: (1.0, 0.0, 0.0, 1.0)}


async def test_what_the_catalogue_has_no_more_of_is_told_to_be_no_longer_as_it_was(
    rules: Rules,
) -> None:
    await decide(rules, SHOES, LAPTOP)
    await decide(rules, MILK)
    rules.catalogue.stock[SHOES] = 0
    report = await simulate(rules, *files())
    fidelity = report.fidelity
    assert (fidelity.comparable, fidelity.still_allowed, fidelity.as_shown) == (2, 1, 1)
    assert report.changed.decisions == 0


async def test_mistakes_are_told_and_nothing_else(rules: Rules) -> None:
    await decide(rules, SHOES)
    wrong = NO_FLEET.replace("offer.brand", "offer.colour")
    told = await responses(rules, files=files(wrong))
    assert len(told) == 1
    assert not told[0].HasField("report")
    assert "colour" in told[0].problems[0].message


async def test_what_is_not_replayed_is_named(rules: Rules) -> None:
    more = "segments:\n  - {segment: all_of_them, title: All, when: 'true'}\n"
    report = await simulate(rules, *files(more, NO_FLEET))
    assert list(report.unreplayed_sections) == ["segments"]


async def test_it_leaves_no_trace(rules: Rules) -> None:
    await decide(rules, FREE_SHIPPING, SHOES)
    asked = pb.GetContactsRequest(person_ids=["ann"])
    before = await rules.stub.GetContacts(asked, timeout=5)
    await simulate(rules, *files(NO_FLEET))
    assert await rules.stub.GetContacts(asked, timeout=5) == before
    assert await rules.recordings.count(0, rules.clock.now_us() + 1) == 1


async def test_progress_comes_before_the_report(rules: Rules) -> None:
    await decide(rules, SHOES)
    told = await responses(rules, files=files(NO_FLEET))
    steps = [each.progress for each in told if each.HasField("progress")]
    assert (steps[0].done, steps[0].total) == (0, 1)
    assert (steps[-1].done, steps[-1].total) == (1, 1)
    assert [each.HasField("report") for each in told][-2:] == [False, True]


async def test_one_that_is_cancelled_makes_way_for_the_next(rules: Rules) -> None:
    for _ in range(5):
        await decide(rules, SHOES)
    await rules.recorder.write()
    rules.clock.advance(timedelta(minutes=1))
    stream = rules.stub.SimulateDefinitions(
        pb.SimulateDefinitionsRequest(files=files(NO_FLEET)), timeout=60
    )
    while not (await stream.read()).HasField("progress"):
        pass
    stream.cancel()
    report = await simulate(rules, *files(NO_FLEET))
    assert report.replayed == 5


async def test_whose_decisions_they_are_is_told_to_those_who_may_export(
    fresh_database: FreshDatabase,
) -> None:
    hooks = Hooks(authenticate=by_name((), {"dpo"}))
    async with running_rules(await fresh_database("rules", MIGRATIONS), hooks) as rules:
        context, _ = await decide(rules, SHOES)
        await rules.recorder.write()
        rules.clock.advance(timedelta(minutes=1))
        told = {}
        for caller in ("dpo", "shop"):
            stream = rules.stub.SimulateDefinitions(
                pb.SimulateDefinitionsRequest(files=files(NO_FLEET)),
                timeout=60,
                metadata=((CALLER, caller),),
            )
            (example,) = [response async for response in stream][-1].report.examples
            told[caller] = [example.decision_id, *example.person_ids]
        assert told == {"dpo": [context.decision_id, "ann"], "shop": [""]}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "bundle_hash"),
        ({"bundle_hash": "123456", "files": [DefinitionFile(path="a.yaml")]}, "bundle_hash"),
        ({"bundle_hash": "123456", "at_most": 20_001}, "at_most"),
        ({"bundle_hash": "123456", "examples": 101}, "examples"),
        ({"bundle_hash": "123456", "offers": 501}, "offers"),
        ({"bundle_hash": "12345"}, "bundle_hash"),
    ],
)
async def test_what_makes_no_sense_is_refused(rules: Rules, asked: Any, field: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await responses(rules, **asked)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in (refused.value.details() or "")


async def test_a_bundle_that_nobody_stored_is_not_found(rules: Rules) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await responses(rules, bundle_hash="ffffffff")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
