"""What each rule did, as callers are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import pytest

from services.rules.answer_counting import AnswerCounting
from services.rules.config import shipped_definitions
from services.rules.counting import Counting
from services.rules.definitions.files import read_folder
from services.rules.failing import Failing
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.storage.in_memory_results import InMemoryResults
from services.rules.storage.results import PostgresResults
from shared.errors import FailedPrecondition
from tests.grpc.rules.rules_kit import (
    FREE_SHIPPING,
    GUIDE,
    LAPTOP,
    LAPTOP_PROMO,
    MILK_PROMO,
    RUNNING_PROMO,
    SHOES,
    SOLD_OUT,
    Rules,
    ann,
    notices,
)
from tests.grpc.rules.test_definitions import edited
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.ranker.v1.ranker_pb2 import LearningRow, Outcome
from touchpoint.ranker.v1.ranker_service_pb2 import StreamLearningRequest, StreamLearningResponse
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile, RuleMode, RuleResult

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRIAL = """
  - name: no_shoes
    level: SUITABILITY
    code: OUT_OF_STOCK
    mode: SHADOW
    remove_when: offer.brand == "Fleet"
"""
DIVIDES = """
  - name: divides
    code: OUT_OF_STOCK
    remove_when: 7 / (offer.stock + 1) > 7
"""


async def apply(rules: Rules, added: str) -> str:
    """Apply the shipped definitions with more rules."""
    files = read_folder(shipped_definitions())
    for each in files:
        if each.path == "rules.yaml":
            each.text += added
    request = pb.ApplyDefinitionsRequest(files=files)
    answer = await rules.stub.ApplyDefinitions(request, timeout=20)
    assert not [each for each in answer.problems if not each.warning]
    return answer.bundle_hash


async def page(
    rules: Rules, *offer_nos: int, context: DecisionContext | None = None, **more: Any
) -> pb.CommitRequest:
    """Check, and return what the edge would commit: what was kept."""
    context, person = context or rules.context(), ann(**more)
    checked = await rules.check(*offer_nos, person=person, context=context)
    shown = [offer_nos[place] for place in checked.kept if place < len(offer_nos)]
    for act in checked.acts:
        masks = [each.candidates for each in checked.shadow if each.rule == act.rule]
        act.shown_offer_nos.extend(
            offer_no
            for place, offer_no in enumerate(offer_nos)
            if any(mask[0] >> place & 1 for mask in masks)
        )
    (placement,) = context.placements
    chosen = notices(placement.placement, tuple(shown))
    for notice in chosen:
        notice.score = 40.0
    return pb.CommitRequest(
        context=context,
        person_ids=person.person_ids,
        standing_token=person.standing_token,
        placements=[pb.CommitPlacement(placement=placement.placement, chosen=chosen)],
        acts=checked.acts,
        stood=bool(checked.standing_decision_id),
    )


async def decide(
    rules: Rules, *offer_nos: int, bundle_hash: str = "", **more: Any
) -> DecisionContext:
    """Check and commit what was kept, in a context that nothing stands in; returns it."""
    context = rules.context(bundle_hash=bundle_hash or rules.bundles.active_hash)
    context.context_digest = context.decision_id.encode().ljust(16)
    request = await page(rules, *offer_nos, context=context, **more)
    await rules.stub.Commit(request, timeout=5)
    return context


async def results(rules: Rules, names: Sequence[str] = (), **asked: Any) -> dict[str, RuleResult]:
    request = pb.GetRuleResultsRequest(rules=names, **asked)
    answer = await rules.stub.GetRuleResults(request, timeout=5)
    return {each.rule: each for each in answer.results}


async def test_what_a_rule_removed_is_counted_with_the_decision(rules: Rules) -> None:
    await decide(rules, LAPTOP, SOLD_OUT)
    await decide(rules, SOLD_OUT, person_ids=["bob"])
    await decide(rules, LAPTOP)
    found = (await results(rules))["out_of_stock"]
    assert (found.mode, found.shadow.decisions) == (RuleMode.ENFORCED, 0)
    counts = found.enforced
    assert (counts.decisions, counts.candidates, counts.people) == (2, 2, 2)
    assert [(each.placement, each.decisions) for each in counts.placements] == [
        ("web.home.banner", 2)
    ]


async def test_a_rule_that_never_acted_is_told_too(rules: Rules) -> None:
    found = (await results(rules))["owned"]
    assert (found.enforced.decisions, found.enforced.people) == (0, 0)


async def test_a_check_alone_counts_nothing(rules: Rules) -> None:
    await rules.check(LAPTOP, SOLD_OUT, person=ann())
    await rules.check(SOLD_OUT, person=ann(), context=rules.context(preview=True))
    assert (await results(rules))["out_of_stock"].enforced.decisions == 0


async def test_a_commit_that_is_repeated_counts_once(rules: Rules) -> None:
    request = await page(rules, LAPTOP, SOLD_OUT)
    for _ in range(2):
        await rules.stub.Commit(request, timeout=5)
    assert (await results(rules))["out_of_stock"].enforced.decisions == 1


async def test_a_decision_that_stood_is_not_counted_again(rules: Rules) -> None:
    first = await page(rules, LAPTOP, GUIDE, SOLD_OUT)
    await rules.stub.Commit(first, timeout=5)
    again = await page(rules, LAPTOP, SOLD_OUT, context=first.context)
    assert again.stood
    again.placements[0].chosen.pop()
    await rules.stub.Commit(again, timeout=5)
    assert (await results(rules))["out_of_stock"].enforced.decisions == 1


async def test_a_contact_lost_in_a_race_counts_for_the_limit(rules: Rules) -> None:
    pages = [
        await page(rules, offer_no, context=rules.context(context_digest=bytes([offer_no] * 16)))
        for offer_no in (FREE_SHIPPING, LAPTOP_PROMO, RUNNING_PROMO, MILK_PROMO)
    ]
    for request in pages:
        await rules.stub.Commit(request, timeout=5)
    limit = (await results(rules))["contacts.marketing"].enforced
    assert (limit.decisions, limit.candidates) == (1, 1)


async def test_a_rule_in_shadow_keeps_everything_and_is_counted(rules: Rules) -> None:
    await apply(rules, TRIAL)
    checked = await rules.check(LAPTOP, SHOES, SOLD_OUT, person=ann())
    assert list(checked.kept) == [0, 1]
    (told,) = checked.shadow
    assert (told.rule, told.candidates) == ("no_shoes", bytes([0b010]))
    await decide(rules, LAPTOP, SHOES)
    found = (await results(rules))["no_shoes"]
    assert (found.mode, found.enforced.decisions) == (RuleMode.SHADOW, 0)
    assert (found.shadow.decisions, found.shadow.candidates, found.shadow.people) == (1, 1, 1)


async def test_an_error_in_a_rule_removes_the_offer_and_shows_in_the_results(rules: Rules) -> None:
    await apply(rules, DIVIDES)
    checked = await rules.check(LAPTOP, SHOES, GUIDE, person=ann())
    assert list(checked.kept) == [0, 1]
    assert [act.rule for act in checked.acts if act.failed] == ["divides"]
    await decide(rules, LAPTOP, GUIDE)
    found = (await results(rules))["divides"]
    assert (found.enforced.failed, found.enforced.candidates) == (1, 1)


async def failures(rules: Rules) -> list[tuple[str, bool, int]]:
    answer = await rules.stub.GetRuleFailures(pb.GetRuleFailuresRequest(), timeout=5)
    return [(each.rule, each.shadow, each.decisions) for each in answer.failures]


async def test_rules_that_fail_are_told_for_an_hour_with_how_often(rules: Rules) -> None:
    await apply(rules, DIVIDES)
    assert await failures(rules) == []
    for _ in range(2):
        await decide(rules, LAPTOP, GUIDE)
    assert await failures(rules) == [("divides", False, 2)]
    rules.clock.advance(timedelta(minutes=61))
    assert await failures(rules) == []


async def test_health_shows_the_rules_that_fail_until_they_no_longer_do(rules: Rules) -> None:
    store, counting = PostgresResults(rules.database), Counting(InMemoryResults())
    failing = Failing(store, counting, rules.clock)
    await apply(rules, DIVIDES)
    await failing.check()
    await decide(rules, LAPTOP, GUIDE)
    await failures(rules)  # writes what was counted
    with pytest.raises(FailedPrecondition, match=r"in the last hour: divides 1$"):
        await failing.check()
    rules.clock.advance(timedelta(minutes=61))
    await failing.check()


@pytest.mark.parametrize(
    "breaks",
    ["attributes: {needs_consent: marketing}", "channels: [EMAIL]", "ends_time: 2026-12-24"],
)
async def test_applying_what_would_break_a_default_offer_takes_no_effect(
    rules: Rules, breaks: str
) -> None:
    before = rules.bundles.active_hash
    offer = f"{{offer_id: default.broken, kind: CONTENT, title: B, is_default: true, {breaks}}}"
    place = (
        "{placement: web.broken, channel: WEB, kinds: [CONTENT], limit: 1,"
        " default_offers: [default.broken]}"
    )
    files = read_folder(shipped_definitions())
    broken = f"offers:\n  - {offer}\nplacements:\n  - {place}\n"
    files.append(DefinitionFile(path="broken.yaml", text=broken))
    answer = await rules.stub.ApplyDefinitions(pb.ApplyDefinitionsRequest(files=files), timeout=20)
    (problem,) = [each for each in answer.problems if not each.warning]
    assert problem.path == "broken.yaml"
    assert answer.bundle_hash == rules.bundles.active_hash == before


async def test_results_outlive_the_rule_and_the_bundle(rules: Rules) -> None:
    before = await apply(rules, TRIAL)
    await decide(rules, SHOES)
    await apply(rules, "")
    found = (await results(rules))["no_shoes"]
    assert (found.mode, found.shadow.decisions) == (RuleMode.UNSPECIFIED, 1)
    assert before != rules.bundles.active_hash


async def test_only_the_hours_asked_for_are_told(rules: Rules) -> None:
    await decide(rules, SOLD_OUT)
    rules.clock.advance(timedelta(hours=2))
    since = rules.clock.now()
    await decide(rules, SOLD_OUT)
    assert (await results(rules))["out_of_stock"].enforced.decisions == 2
    assert (await results(rules, since_time=since))["out_of_stock"].enforced.decisions == 1
    assert list(await results(rules, names=["owned"])) == ["owned"]


async def test_a_time_that_ends_before_it_begins_is_refused(rules: Rules) -> None:
    now = rules.clock.now()
    request = pb.GetRuleResultsRequest(since_time=now, until_time=now - timedelta(hours=1))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await rules.stub.GetRuleResults(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


class Ranker:
    """A ranker that has a learning log and nothing else."""

    def __init__(self) -> None:
        self.rows: list[LearningRow] = []

    def tell(self, context: DecisionContext, offer_no: int, *outcomes: Outcome.Value) -> None:
        for outcome in outcomes:
            self.rows.append(
                LearningRow(
                    number=len(self.rows) + 1,
                    decision_id=context.decision_id,
                    placement="web.home.banner",
                    offer_no=offer_no,
                    outcome=outcome,
                )
            )

    async def stream_learning(self, request: Any, context: Any) -> AsyncIterator[Any]:
        rows = self.rows[request.number :]
        if rows:
            yield StreamLearningResponse(number=rows[-1].number, rows=rows)


@asynccontextmanager
async def reading(ranker: Ranker, rules: Rules) -> AsyncIterator[AnswerCounting]:
    """Serve the log, and lend what counts it."""
    handler = grpc.unary_stream_rpc_method_handler(
        ranker.stream_learning,
        request_deserializer=StreamLearningRequest.FromString,
        response_serializer=StreamLearningResponse.SerializeToString,
    )
    server = grpc.aio.server()
    name = "touchpoint.ranker.v1.RankerService"
    handlers = {"StreamLearning": handler}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield AnswerCounting(
            PostgresResults(rules.database),
            rules.ledger,
            PostgresDefinitions(rules.database),
            RankerServiceStub(channel),
        )
    await server.stop(None)


async def test_what_became_of_the_page_is_told_with_the_rule_and_without(rules: Rules) -> None:
    bundle = await apply(rules, TRIAL)
    ranker = Ranker()
    ranker.tell(await decide(rules, LAPTOP, SHOES), SHOES, Outcome.SHOWN, Outcome.ACCEPTED)
    ranker.tell(await decide(rules, SHOES, GUIDE), GUIDE, Outcome.SHOWN, Outcome.DECLINED)
    ranker.tell(await decide(rules, LAPTOP), LAPTOP, Outcome.SHOWN)
    async with reading(ranker, rules) as answers:
        await answers.count_new()
        await answers.count_new()
        (found,) = (await results(rules))["no_shoes"].answers
        assert (found.bundle_hash, found.mode) == (bundle, RuleMode.SHADOW)
        assert (found.touched.shown, found.touched.accepted, found.touched.declined) == (2, 1, 1)
        assert (found.untouched.shown, found.untouched.accepted) == (1, 0)
        assert (found.would_be_removed.shown, found.would_be_removed.accepted) == (1, 1)
        assert found.would_be_removed.value_micros == 80_000_000
        ranker.tell(await decide(rules, LAPTOP, SOLD_OUT), LAPTOP, Outcome.SHOWN)
        await answers.count_new()
    told = await results(rules)
    (of_stock,) = told["out_of_stock"].answers
    assert (of_stock.touched.shown, of_stock.untouched.shown) == (1, 3)


async def test_what_nobody_knows_the_acts_of_is_left_out(rules: Rules) -> None:
    ranker = Ranker()
    unknown = rules.context()
    ranker.tell(unknown, LAPTOP, Outcome.SHOWN)
    ranker.tell(DecisionContext(), LAPTOP, Outcome.SHOWN)
    async with reading(ranker, rules) as answers:
        await answers.count_new()
    assert not (await results(rules))["out_of_stock"].answers
    assert await PostgresResults(rules.database).answers_position() == 2


async def test_a_trial_of_minutes_is_told_beside_what_others_were_shown_meanwhile(
    rules: Rules,
) -> None:
    ranker, house = Ranker(), rules.bundles.active_hash
    rules.clock.advance(timedelta(minutes=7))
    ranker.tell(await decide(rules, LAPTOP), LAPTOP, Outcome.SHOWN)
    rules.clock.advance(timedelta(minutes=1))
    files = edited("declined_for: 30d", "declined_for: 31d")
    await rules.definitions.apply(files, share=0.5)
    tried = rules.bundles.trial.bundle_hash
    for bundle_hash in (house, house, tried):
        shown = await decide(rules, LAPTOP, bundle_hash=bundle_hash)
        ranker.tell(shown, LAPTOP, Outcome.SHOWN, Outcome.ACCEPTED)
    rules.clock.advance(timedelta(minutes=5))
    await rules.stub.RollbackDefinitions(pb.RollbackDefinitionsRequest(), timeout=20)
    ranker.tell(await decide(rules, LAPTOP), LAPTOP, Outcome.SHOWN)
    async with reading(ranker, rules) as answers:
        await answers.count_new()
    [trial] = (await rules.stub.GetRuleResults(pb.GetRuleResultsRequest(), timeout=5)).trials
    assert (trial.bundle_hash, trial.beside_hash) == (tried, house)
    assert (trial.in_trial.shown, trial.in_trial.accepted) == (1, 1)
    assert (trial.beside.shown, trial.beside.accepted) == (2, 2)
    assert trial.until_time.ToMicroseconds() - trial.since_time.ToMicroseconds() == 300_000_000
