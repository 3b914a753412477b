"""What is kept no longer is deleted in business time, while the service runs."""

from __future__ import annotations

from datetime import timedelta

import grpc

from services.rules.forgetting import Forgetting
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.storage.results import PostgresResults
from services.rules.storage.terms import PostgresTerms
from shared.testing.background import running, until
from tests.grpc.rules.rules_kit import FREE_SHIPPING, Rules
from touchpoint.rules.v1 import rules_service_pb2 as pb


async def test_a_trace_goes_after_a_week_and_its_decision_after_ninety_days(rules: Rules) -> None:
    context = rules.context()
    await rules.commit(FREE_SHIPPING, context=context)
    asked = pb.GetDecisionRequest(decision_id=context.decision_id)

    async def has_no_trace() -> bool:
        return not (await rules.stub.GetDecision(asked, timeout=5)).trace

    async def is_unknown() -> bool:
        try:
            await rules.stub.GetDecision(asked, timeout=5)
        except grpc.aio.AioRpcError as error:
            return error.code() is grpc.StatusCode.NOT_FOUND
        return False

    store = PostgresDefinitions(rules.database)
    results = PostgresResults(rules.database)
    forget = Forgetting(
        rules.ledger, results, PostgresTerms(rules.database), store, rules.bundles, rules.clock
    )
    rules.clock.advance(timedelta(days=7, seconds=1))
    async with running(forget):
        await until(has_no_trace)
    rules.clock.advance(timedelta(days=83))
    async with running(forget):
        await until(is_unknown)
