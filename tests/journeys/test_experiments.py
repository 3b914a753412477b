"""Those in a variant are treated by it in every service and on every channel, others never."""

import uuid
from contextlib import asynccontextmanager
from typing import NamedTuple

from shared.arms import assign_arm, assign_variants
from shared.experiments import experiment_plan
from tests.journeys.channels import TIMEOUT_S, only, removed, shown, until
from tests.journeys.modes import APART_AND_TOGETHER
from tests.journeys.shop import FREE_SHIPPING, LAMP
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.common.v1.vocabulary_pb2 import Arm, RemovalCode, Source
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

pytestmark = APART_AND_TOGETHER

_MOST_ASKED = 100
NUDGE, BEGUN = "try.help", "reads_about_it"
TREATED = f"""\
offers:
  - {{offer_id: {NUDGE}, kind: SERVICE, title: May we help?, is_journey_only: true}}
rules:
  - name: no_free_shipping
    level: APPLICABILITY
    code: OUT_OF_STOCK
    mode: OFF
    remove_when: offer.id == "{FREE_SHIPPING}"
scenarios:
  - scenario: nudge
    mode: OFF
    when: {{cart_above: "1"}}
    stages:
      - stage: help
        propose: {{offer: {NUDGE}, placements: [web.home.banner, agent.prompt], lever: 100}}
  - scenario: {BEGUN}
    starts_on: [article_view]
    quiet_for: 30m
    stages:
      - stage: call
        task: {{kind: call, reason: Reads about it., script: May I help?, skills: [sales]}}
        lasts: 3d
experiments:
  - experiment: everywhere
    hypothesis: Every service treats people in a variant by it.
    share: 100%
    goal: look_to_book
    variants:
      - variant: control
      - variant: treated
        rules: {{on: [no_free_shipping]}}
        scenarios: {{on: [nudge], off: [{BEGUN}]}}
        ranker: {{levers: {{{LAMP}: 1000}}}}
"""


class Seen(NamedTuple):
    """How somebody was treated in one decision."""

    oldest_id: str
    arm: int
    variant: str
    by_rules: bool
    by_scenario: bool
    by_ranker: bool


async def definitions(channels):
    """Return the files in force with the experiment, a holdout and a static arm."""
    found = await channels.stubs["rules"].GetBundle(rules_pb.GetBundleRequest(), timeout=TIMEOUT_S)
    files = list(found.bundle.files)
    assert any("holdout: 0%" in file.text for file in files)
    for file in files:
        file.text = file.text.replace("holdout: 0%", "holdout: 20%\n  static: 20%")
    return [*files, DefinitionFile(path="experiment.yaml", text=TREATED)]


@asynccontextmanager
async def experimenting(channels):
    """Have the experiment in force, and end it in any case; yields how people are shared out."""
    rules = channels.stubs["rules"]
    request = rules_pb.ApplyDefinitionsRequest(files=await definitions(channels))
    answer = await rules.ApplyDefinitions(request, timeout=TIMEOUT_S)
    assert not [problem for problem in answer.problems if not problem.warning]
    bundle = await rules.GetBundle(rules_pb.GetBundleRequest(), timeout=TIMEOUT_S)
    try:
        yield experiment_plan(bundle.bundle)
    finally:
        ending = rules_pb.RollbackDefinitionsRequest(ending=["everywhere"])
        await rules.RollbackDefinitions(ending, timeout=TIMEOUT_S)


async def seen(channels, person, ask):
    answer = await ask(person, explain=True, context={"session_id": str(uuid.uuid4())})
    request = edge_pb.ExplainDecisionRequest(decision_id=answer.decision_id)
    trace = (await channels.edge.ExplainDecision(request, timeout=TIMEOUT_S)).trace
    assert (trace.arm, list(trace.variants)) == (answer.arm, list(answer.variants))
    sources = {
        each.offer_id: each.reasons[0].code
        for placement in answer.placements
        for each in placement.recommendations
    }
    return Seen(
        trace.person_ids[0],
        answer.arm,
        "".join(each.variant for each in answer.variants),
        removed(answer).get(FREE_SHIPPING) == RemovalCode.OUT_OF_STOCK,
        sources.get(NUDGE) == Source.JOURNEY,
        next(each for each in shown(answer) if each != NUDGE) == LAMP,
    )


def expected(plan, oldest_id):
    """Return how a person is to be treated wherever they come."""
    variant = "".join(each.variant for each in assign_variants(plan, oldest_id))
    is_treated = variant == "treated"
    return Seen(oldest_id, assign_arm(plan.arm_plan, oldest_id), variant, *[is_treated] * 3)


STATIC, HELD_OUT, CONTROL, IN_IT = (
    (Arm.STATIC, ""),
    (Arm.HOLDOUT, ""),
    (Arm.PERSONALISED, "control"),
    (Arm.PERSONALISED, "treated"),
)


async def one_of_each(channels, plan, somebody, *kinds):
    """Return somebody known by these kinds of identities for each arm and variant."""
    found = {}
    for _ in range(_MOST_ASKED):
        person = only(somebody("tried"), *kinds)
        await channels.track(person, "login" if len(kinds) > 1 else "view")
        await channels.track(person, "add_to_cart", item_id="tin-1")
        who = expected(plan, (await channels.view(person)).who.person_id)
        found.setdefault((who.arm, who.variant), person)
        if len(found) == len((STATIC, HELD_OUT, CONTROL, IN_IT)):
            break
    return found


async def treated_as(channels, person, ask, wanted):
    """Wait until somebody is treated just as it is wanted: by each replica sooner or later."""

    async def is_so():
        return await seen(channels, person, ask) == wanted

    await until(is_so)


async def test_a_variant_is_one_treatment_in_every_service_and_on_every_channel(channels, somebody):
    async with experimenting(channels) as plan:
        people = await one_of_each(channels, plan, somebody, "customer", "phone")
        for kind in (HELD_OUT, CONTROL, IN_IT):
            person = people[kind]
            wanted = expected(plan, (await channels.view(person)).who.person_id)
            assert wanted[1:] == (*kind, *[kind == IN_IT] * 3)
            view = await channels.view(person)
            assert (view.arm, "".join(each.variant for each in view.variants)) == kind
            await treated_as(channels, person, channels.recommend, wanted)
            await treated_as(channels, only(person, "phone"), channels.agent, wanted)
    was_treated = people[IN_IT]
    usual = (await channels.view(was_treated)).who.person_id
    nothing = Seen(usual, Arm.PERSONALISED, "", False, False, False)
    await treated_as(channels, was_treated, channels.recommend, nothing)


async def test_a_visitor_keeps_the_variant_as_a_customer(channels, somebody):
    async with experimenting(channels) as plan:
        people = await one_of_each(channels, plan, somebody, "visitor")
        for kind in (CONTROL, IN_IT):
            visitor = people[kind]
            wanted = expected(plan, (await channels.view(visitor)).who.person_id)
            await treated_as(channels, visitor, channels.recommend, wanted)
            customer = {"customer": f"new-{uuid.uuid4()}"}
            await channels.track(customer | visitor, "login")
            await treated_as(channels, customer, channels.recommend, wanted)
            assert wanted.variant == kind[1]


async def test_of_two_who_turn_out_to_be_one_the_older_decides_and_the_notices_show_it(
    channels, somebody
):
    async with experimenting(channels) as plan:
        people = await one_of_each(channels, plan, somebody, "visitor")
        pair = [people[CONTROL], people[IN_IT]]
        ids = [(await channels.view(person)).who.person_id for person in pair]
        for person, person_id in zip(pair, ids, strict=True):
            await treated_as(channels, person, channels.recommend, expected(plan, person_id))
        customer = {"customer": f"both-{uuid.uuid4()}"}
        for person in pair:
            await channels.track(customer | person, "login")
        oldest_id = min(ids)
        for person in pair:
            await treated_as(channels, person, channels.recommend, expected(plan, oldest_id))

        async def are_told():
            """Say whether the journal tells of all three: each by themselves, then both as one."""
            request = ranker_pb.ListDecisionsRequest(person_ids=ids)
            answer = await channels.stubs["ranker"].ListDecisions(request, timeout=TIMEOUT_S)
            told = {
                (frozenset(notice.person_ids).intersection(ids), each.variant)
                for notice in answer.decisions
                for each in notice.variants
            }
            alone = {(frozenset(ids[:1]), "control"), (frozenset(ids[1:]), "treated")}
            return alone | {(frozenset(ids), expected(plan, oldest_id).variant)} <= told

        await until(are_told)


async def test_an_event_begins_no_journey_that_the_variant_has_off(channels, somebody):
    async with experimenting(channels) as plan:
        people = await one_of_each(channels, plan, somebody, "customer", "phone")
        for kind in (CONTROL, IN_IT):
            wanted = expected(plan, (await channels.view(people[kind])).who.person_id)
            await treated_as(channels, people[kind], channels.recommend, wanted)
            await channels.track(people[kind], "article_view", page="about/it")

        async def on_it(kind):
            view = await channels.view(people[kind])
            return BEGUN in {journey.scenario for journey in view.journeys}

        await until(lambda: on_it(CONTROL))
        assert not await on_it(IN_IT)


async def test_the_static_arm_gets_the_default_offers_whatever_people_did(channels, somebody):
    async with experimenting(channels) as plan:
        people = await one_of_each(channels, plan, somebody, "customer", "phone")
        person = people[STATIC]
        await channels.track(person, "view", item_id=LAMP)
        request = rules_pb.GetBundleRequest()
        bundle = (await channels.stubs["rules"].GetBundle(request, timeout=TIMEOUT_S)).bundle
        defaults = {each.placement: list(each.default_offers) for each in bundle.placements}

        async def are_default_offers():
            for placement, who, ask in (
                ("web.home.banner", person, channels.recommend),
                ("agent.prompt", only(person, "phone"), channels.agent),
            ):
                answer = await ask(who, explain=True)
                if (answer.arm, shown(answer)) != (Arm.STATIC, defaults[placement]):
                    return False
                assert not answer.variants
            return True

        await until(are_default_offers)
