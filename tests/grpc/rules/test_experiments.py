"""Those in a variant are decided by its rules, and nobody loses a variant that they are in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

import grpc
import pytest

from services.ranker.storage.kept_experiments import kept_experiments
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from services.rules.domain.changes import Identified
from services.rules.storage.experiments import PostgresExperiments
from shared.arms import assign_variants
from shared.experiments import experiment_plan
from tests.grpc.rules import test_simulate as simulating
from tests.grpc.rules.rules_kit import GUIDE, LAPTOP, SHOES, Rules, ann, key
from tests.grpc.rules.test_results import page, results
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.decision_pb2 import DecisionContext, VariantOf
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.experiments_pb2 import ExperimentRun
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONTROL = VariantOf(experiment="brands", variant="control")
OTHERS = VariantOf(experiment="brands", variant="others")
EXPERIMENT = """
rules:
  - name: no_fleet
    level: APPLICABILITY
    code: OUT_OF_STOCK
    remove_when: offer.brand == "Fleet"
  - name: no_novus
    level: APPLICABILITY
    code: OUT_OF_STOCK
    mode: OFF
    remove_when: offer.brand == "Novus"
  - name: dear
    level: SUITABILITY
    code: NOT_SUITABLE
    mode: SHADOW
    kinds: [CONTENT]
    remove_when: offer.price_micros == 0
slate_rules:
  - {name: one_of_a_brand, attribute: BRAND, at_most: 1, mode: OFF}
experiments:
  - experiment: brands
    hypothesis: Others are liked better.
    share: 60%
    goal: acceptance
    variants:
      - {variant: control, share: 40%}
      - variant: others
        share: 40%
        rules: {off: [no_fleet], on: [no_novus, dear]}
        slate_rules: {on: [one_of_a_brand]}
"""


def files(text: str = EXPERIMENT) -> list[DefinitionFile]:
    return [*read_folder(shipped_definitions()), DefinitionFile(path="tried.yaml", text=text)]


async def apply(
    rules: Rules, text: str = EXPERIMENT, **more: object
) -> pb.ApplyDefinitionsResponse:
    request = pb.ApplyDefinitionsRequest(files=files(text), **more)  # type: ignore[arg-type]
    answer = await rules.stub.ApplyDefinitions(request, timeout=20)
    assert not [each for each in answer.problems if not each.warning]
    return answer


async def removed_for(rules: Rules, *variants: VariantOf) -> tuple[dict[int, str], list[str]]:
    """Return which rules removed what for somebody in variants, and which would have."""
    context = rules.context(variants=variants)
    checked = await rules.check(LAPTOP, SHOES, GUIDE, person=ann(), context=context)
    removed = dict(zip(checked.removed.offer_nos, checked.removed.rules, strict=True))
    return removed, [each.rule for each in checked.shadow]


async def decide(rules: Rules, *variants: VariantOf, **more: object) -> DecisionContext:
    context = rules.context(variants=variants, **more)
    context.context_digest = context.decision_id.encode().ljust(16)
    await rules.stub.Commit(await page(rules, LAPTOP, SHOES, GUIDE, context=context), timeout=5)
    return context


async def test_a_variant_has_rules_off_and_on_and_nobody_else(rules: Rules) -> None:
    await apply(rules)
    usual = ({SHOES: "no_fleet"}, ["dear"])
    assert await removed_for(rules) == usual
    assert await removed_for(rules, CONTROL) == usual
    theirs = ({LAPTOP: "no_novus", GUIDE: "dear"}, ["no_fleet"])
    assert await removed_for(rules, OTHERS) == theirs
    gone = VariantOf(experiment="gone", variant="others")
    assert await removed_for(rules, gone, CONTROL) == usual


async def test_a_variant_has_its_own_slate_rules(rules: Rules) -> None:
    await apply(rules)

    async def limited(*variants: VariantOf) -> bool:
        checked = await rules.check(SHOES, person=ann(), context=rules.context(variants=variants))
        return "one_of_a_brand" in {each.rule for each in checked.constraints}

    assert [await limited(), await limited(CONTROL), await limited(OTHERS)] == [False, False, True]


async def test_what_a_rule_did_and_would_have_done_is_counted_for_each_variant(
    rules: Rules,
) -> None:
    await apply(rules)
    for variants in ([CONTROL], [OTHERS], [OTHERS], []):
        await decide(rules, *variants)
    found = await results(rules)
    counted = {
        name: (found[name].enforced.decisions, found[name].shadow.decisions)
        for name in ("no_fleet", "no_novus", "dear")
    }
    assert counted == {"no_fleet": (2, 2), "no_novus": (2, 0), "dear": (2, 2)}


async def test_the_notice_of_a_decision_says_by_which_variants_it_was_made(rules: Rules) -> None:
    await apply(rules)
    context = await decide(rules, OTHERS)
    rows = await rules.database.fetch("SELECT data FROM outbox ORDER BY id")
    notices = [DecisionNotice.FromString(row["data"]) for row in rows]
    [notice] = [each for each in notices if each.decision_id == context.decision_id]
    assert list(notice.variants) == [OTHERS]


async def test_while_profile_does_not_answer_the_variant_is_found_by_pseudonym(
    rules: Rules,
) -> None:
    await apply(rules)
    bundle = (await rules.stub.GetBundle(pb.GetBundleRequest(), timeout=5)).bundle
    plan = experiment_plan(bundle)
    people = {
        "".join(each.variant for each in assign_variants(plan, name)): name
        for name in map(str, range(200))
    }
    usual, theirs = {SHOES: "no_fleet"}, {LAPTOP: "no_novus", GUIDE: "dear"}
    for variant, expected in (("", usual), ("control", usual), ("others", theirs)):
        name = people[variant]
        caller = key(f"{name}'s")
        await rules.ledger.note([Identified(caller.key, name, (name,), 1, False)])
        context = rules.context(identity_keys=[caller])
        checked = await rules.check(LAPTOP, SHOES, GUIDE, context=context)
        assert list(checked.person_ids) == [name]
        removed = dict(zip(checked.removed.offer_nos, checked.removed.rules, strict=True))
        assert {no: rule for no, rule in removed.items() if rule in expected.values()} == expected


async def refused(rules: Rules, text: str, **more: object) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await apply(rules, text, **more)
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    return str(raised.value.details())


WITHOUT = EXPERIMENT[: EXPERIMENT.index("experiments:")]
RENAMED = EXPERIMENT.replace("variant: others", "variant: b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WITHOUT, "these definitions do not have it. End it first, by its ends_time, or say"),
        (RENAMED, "the variant others is gone"),
        (EXPERIMENT.replace("60%", "50%"), "the share goes from 0.6 down to 0.5"),
        (EXPERIMENT.replace("hypothesis", "salt: again\n    hypothesis"), "another salt"),
        (
            EXPERIMENT.replace("{variant: control, share: 40%}", "{variant: control, share: 50%}"),
            "the variant others is another part of the people",
        ),
        (
            EXPERIMENT.replace("goal:", "starts_time: 2100-01-01\n    goal:"),
            "it would start later",
        ),
    ],
)
async def test_people_keep_their_variants(rules: Rules, text: str, said: str) -> None:
    before = (await apply(rules)).bundle_hash
    await decide(rules, OTHERS)
    for share in (1.0, 0.5):
        told = await refused(rules, text, share=share)
        assert told.startswith("brands: ")
        assert said in told
    active = await rules.stub.GetBundle(pb.GetBundleRequest(), timeout=5)
    assert active.bundle.bundle_hash == before


@pytest.mark.parametrize("text", [WITHOUT, RENAMED, EXPERIMENT.replace("60%", "50%")])
async def test_what_nobody_is_in_may_change_as_it_likes(rules: Rules, text: str) -> None:
    await apply(rules)
    await decide(rules)
    await apply(rules, text)


async def test_a_preview_puts_nobody_in_an_experiment(rules: Rules) -> None:
    await apply(rules)
    await removed_for(rules, OTHERS)
    await apply(rules, WITHOUT)


async def test_more_people_and_more_variants_move_nobody(rules: Rules) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    grown = EXPERIMENT.replace("60%", "80%") + "      - {variant: third, share: 20%}\n"
    answer = await apply(rules, grown)
    [change] = [each for each in answer.changes if each.section == "experiments"]
    assert {each.field for each in change.fields} == {"share", "variant third"}


async def test_an_experiment_is_ended_by_its_date_and_may_go_then(rules: Rules) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    now = rules.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    await apply(rules, EXPERIMENT.replace("goal:", f"ends_time: {now}\n    goal:"))
    rules.clock.advance(timedelta(seconds=1))
    await apply(rules, WITHOUT)
    again = await refused(rules, RENAMED)
    assert "give another experiment another name" in again
    await apply(rules, RENAMED.replace("experiment: brands", "experiment: brands_again"))


async def test_an_experiment_ends_at_once_where_that_is_said(rules: Rules) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    assert "--end brands" in await refused(rules, WITHOUT, ending=["other"])
    await apply(rules, WITHOUT, ending=["brands"])


async def test_it_is_told_since_when_people_were_in_an_experiment_also_when_it_was_taken_out(
    rules: Rules,
) -> None:
    await apply(rules)
    first_us = rules.clock.now_us()
    await decide(rules, OTHERS)
    rules.clock.advance(timedelta(days=3))
    hypothesis = EXPERIMENT.replace("liked better", "liked best")
    await apply(rules, hypothesis)
    await decide(rules, CONTROL)
    await apply(rules, WITHOUT, ending=["brands"])
    [found] = (await kept_experiments(rules.stub)).experiments
    assert found.experiment.hypothesis == "Others are liked best."
    assert found.first_time.ToMicroseconds() == first_us


def told(found: Sequence[ExperimentRun], start_us: int) -> list[tuple[int, int | None]]:
    """Return on which day each run began, and on which it ended."""
    day_us = 86_400_000_000
    return [
        (
            (each.began_time.ToMicroseconds() - start_us) // day_us,
            (each.ended_time.ToMicroseconds() - start_us) // day_us
            if each.HasField("ended_time")
            else None,
        )
        for each in found
    ]


async def test_it_is_told_when_an_experiment_ran_and_since_when_the_arms_have_their_shares(
    rules: Rules,
) -> None:
    start_us = rules.clock.now_us()
    for days, applying in (
        (1, apply(rules)),
        (2, decide(rules, OTHERS)),
        (3, apply(rules, WITHOUT, ending=["brands"])),
        (4, apply(rules)),
    ):
        rules.clock.advance(timedelta(microseconds=start_us - rules.clock.now_us(), days=days))
        await applying
    rules.clock.advance(timedelta(days=1))
    another = pb.ApplyDefinitionsRequest(files=changed("1%"))
    await rules.stub.ApplyDefinitions(another, timeout=20)

    answer = await kept_experiments(rules.stub)
    [found] = answer.experiments
    assert told(found.runs, start_us) == [(1, 3), (4, None)]
    assert [each.ended_by_definitions for each in found.runs] == [True, False]
    assert told(answer.arm_runs, start_us) == [(0, 5), (5, None)]
    assert answer.arm_runs[-1].sharings[0].holdout_share == 0.01
    [*_, last] = found.runs[-1].sharings
    assert answer.bundle_hashes[last.bundles[-1]] == rules.bundles.active_hash
    assert last.experiment == check(EXPERIMENT).experiments[0]
    assert await kept_experiments(rules.stub) == answer, "the second time from what was kept"
    kept = await rules.database.fetchval("SELECT count(*) FROM bundles WHERE sharing IS NOT NULL")
    assert kept == len(answer.bundle_hashes)


async def test_nobody_loses_a_variant_by_going_back(rules: Rules) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    request = pb.RollbackDefinitionsRequest()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await rules.stub.RollbackDefinitions(request, timeout=20)
    assert "--end brands" in str(raised.value.details())
    request.ending.append("brands")
    await rules.stub.RollbackDefinitions(request, timeout=20)


def changed(holdout: str) -> list[DefinitionFile]:
    found = files()
    for each in found:
        each.text = re.sub(r"(?m)^( +holdout:).*$", rf"\1 {holdout}", each.text)
    return found


async def test_arms_do_not_take_people_out_of_an_experiment(rules: Rules) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    more = pb.ApplyDefinitionsRequest(files=changed("20%"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await rules.stub.ApplyDefinitions(more, timeout=20)
    assert "brands: only the personalised take part" in str(raised.value.details())
    assert "holdout and static go from" in str(raised.value.details())
    await rules.stub.ApplyDefinitions(pb.ApplyDefinitionsRequest(files=changed("1%")), timeout=20)
    more.ending.append("brands")
    await rules.stub.ApplyDefinitions(more, timeout=20)


async def test_a_trial_with_people_in_its_own_experiment_does_not_shrink(rules: Rules) -> None:
    await apply(rules, WITHOUT)
    await apply(rules, share=0.5)
    await apply(rules, share=0.4)
    await decide(rules, OTHERS, bundle_hash=rules.bundles.trial.bundle_hash)
    assert "a smaller share puts people back" in await refused(rules, EXPERIMENT, share=0.1)
    await apply(rules, share=0.6)
    await apply(rules, share=0.1, ending=["brands"])


WIDER = EXPERIMENT.replace("60%", "80%")


async def test_the_widest_definition_is_kept_and_going_back_is_possible_by_ending(
    rules: Rules,
) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    await apply(rules, WIDER, share=0.5)
    noted = PostgresExperiments(rules.database)
    [narrow], [wide] = (check(each).experiments for each in (EXPERIMENT, WIDER))
    for each in (wide, narrow):
        await noted.note({"brands": each.SerializeToString()}, rules.clock.now_us())
        [kept] = await noted.all()
        assert kept.share == pytest.approx(0.8)
    request = pb.RollbackDefinitionsRequest()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await rules.stub.RollbackDefinitions(request, timeout=20)
    assert "the share goes from 0.8 down to 0.6" in str(raised.value.details())
    request.ending.append("brands")
    await rules.stub.RollbackDefinitions(request, timeout=20)
    await apply(rules, EXPERIMENT.replace("liked better", "liked best"))


def check(text: str) -> Bundle:
    found = check_definitions(files(text)).bundle
    assert found is not None
    return found


async def test_an_experiment_that_ended_may_be_taken_up_again_at_a_later_time(
    rules: Rules,
) -> None:
    await apply(rules)
    await decide(rules, OTHERS)
    await apply(rules, WITHOUT, ending=["brands"])
    await apply(rules, EXPERIMENT.replace("goal:", "starts_time: 2100-01-01\n    goal:"))


async def test_a_simulation_has_everybody_in_the_variants_of_each_side(rules: Rules) -> None:
    """Whoever would be in the variant is decided by its rules, and nobody else is."""
    await apply(rules, WITHOUT)
    people = {}
    for name in map(str, range(12)):
        arm = Arm.HOLDOUT if name == "0" else Arm.PERSONALISED
        person = ann(person_ids=[name])
        context, _ = await simulating.decide(rules, LAPTOP, SHOES, GUIDE, person=person, arm=arm)
        people[context.decision_id] = name
    report = await simulating.simulate(rules, *files(), examples=100)
    new = check_definitions(files()).bundle
    assert new is not None
    plan = experiment_plan(new)
    expected = {
        name
        for name in people.values()
        if name != "0" and [each.variant for each in assign_variants(plan, name)] == ["others"]
    }
    assert {people[each.decision_id] for each in report.examples} == expected
    assert 0 < len(expected) < 11
    assert report.fidelity.as_shown == len(people)
    assert not report.unreplayed_sections
    told = [[each.variant for each in asked.context.variants] for asked in rules.ranker.asked]
    assert told.count(["others"]) == len(expected)
