"""Definitions as their authors see them: checked, applied when all have compiled, taken back."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest

from services.rules.applying import Definitions
from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.storage.experiments import PostgresExperiments
from shared.bus import InMemoryBus
from shared.errors import Unavailable
from tests.grpc.rules.rules_kit import LAPTOP, Rules, ann, codes
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile


def edited(old: str, new: str) -> list[DefinitionFile]:
    """Return the shipped files with one text changed."""
    files = read_folder(shipped_definitions())
    assert any(old in file.text for file in files)
    for file in files:
        file.text = file.text.replace(old, new)
    return files


async def apply(rules: Rules, files: list[DefinitionFile]) -> pb.ApplyDefinitionsResponse:
    return await rules.stub.ApplyDefinitions(pb.ApplyDefinitionsRequest(files=files), timeout=20)


async def active(rules: Rules, service: str = "ranker", replica: str = "r1") -> str:
    request = pb.GetActiveBundleRequest(service=service, replica=replica)
    return (await rules.stub.GetActiveBundle(request, timeout=5)).bundle_hash


async def test_the_shipped_definitions_are_active_from_the_first_start(rules: Rules) -> None:
    request = pb.GetBundleRequest(bundle_hash=await active(rules))
    bundle = (await rules.stub.GetBundle(request, timeout=5)).bundle
    assert bundle.parameters["declined_for"] == "30d"
    assert len(bundle.placements) == 16
    assert {file.path for file in bundle.files} >= {"rules.yaml", "placements.yaml"}


async def test_the_active_bundle_is_answered_to_whoever_names_none(rules: Rules) -> None:
    bundle = (await rules.stub.GetBundle(pb.GetBundleRequest(), timeout=5)).bundle
    assert bundle.bundle_hash == await active(rules)


async def test_applied_definitions_decide_at_once_and_can_be_taken_back(rules: Rules) -> None:
    before = await active(rules)
    files = edited(
        "remove_when: offer.withdrawn", "remove_when: offer.withdrawn || offer.brand == 'Novus'"
    )
    applied = await apply(rules, files)
    assert not applied.problems
    assert applied.previous_hash == before
    assert codes(await rules.check(LAPTOP, person=ann())) == {LAPTOP: "OUT_OF_SCHEDULE"}
    back = await rules.stub.RollbackDefinitions(pb.RollbackDefinitionsRequest(), timeout=20)
    assert (back.bundle_hash, back.previous_hash) == (before, applied.bundle_hash)
    assert not codes(await rules.check(LAPTOP, person=ann()))


async def test_the_same_definitions_have_the_same_name_whatever_the_comments(
    rules: Rules,
) -> None:
    before = await active(rules)
    applied = await apply(rules, edited("rules:\n", "rules: # a remark\n"))
    assert applied.bundle_hash == before


async def test_a_mistake_takes_no_effect_and_is_told_with_its_place(rules: Rules) -> None:
    before = await active(rules)
    applied = await apply(rules, edited("offer.stock == 0", "offer.stok == 0"))
    [problem] = applied.problems
    assert problem.path == "rules.yaml"
    assert "stok" in problem.message
    assert applied.bundle_hash == before
    assert await active(rules) == before


async def test_a_replica_that_cannot_compile_stops_it_and_is_named(rules: Rules) -> None:
    before = await active(rules, "ranker", "r1")
    applying = asyncio.create_task(apply(rules, edited("declined_for: 30d", "declined_for: 31d")))
    preparing = ""
    while not preparing:
        request = pb.GetActiveBundleRequest(service="ranker", replica="r1")
        preparing = (await rules.stub.GetActiveBundle(request, timeout=5)).preparing_hash
    failed = pb.AcknowledgeBundleRequest(
        bundle_hash=preparing, service="ranker", replica="r1", failure="no prior for SURVEY"
    )
    await rules.stub.AcknowledgeBundle(failed, timeout=5)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await applying
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "ranker" in refused.value.details()
    assert "no prior for SURVEY" in refused.value.details()
    assert await active(rules) == before


class AwayBus(InMemoryBus):
    """A bus that cannot be reached."""

    async def notify(self, subject: str, data: bytes = b"") -> None:
        raise Unavailable("away", reason="BUS_UNAVAILABLE")


async def test_definitions_are_applied_also_while_the_bus_is_away(rules: Rules) -> None:
    store = PostgresDefinitions(rules.database)
    experiments = PostgresExperiments(rules.database)
    definitions = Definitions(store, AwayBus(), rules.bundles, rules.clock, experiments)
    files = edited("declined_for: 30d", "declined_for: 33d")
    checked, pointer = await definitions.apply(files)
    assert checked.bundle is not None
    assert pointer.active == checked.bundle.bundle_hash == rules.bundles.active_hash
    assert not pointer.preparing


async def test_every_live_replica_is_waited_for(rules: Rules) -> None:
    await active(rules, "ranker", "r1")
    applying = asyncio.create_task(apply(rules, edited("declined_for: 30d", "declined_for: 31d")))
    preparing = ""
    while not preparing:
        request = pb.GetActiveBundleRequest(service="ranker", replica="r1")
        preparing = (await rules.stub.GetActiveBundle(request, timeout=5)).preparing_hash
    assert not applying.done()
    compiled = pb.AcknowledgeBundleRequest(bundle_hash=preparing, service="ranker", replica="r1")
    await rules.stub.AcknowledgeBundle(compiled, timeout=5)
    assert (await applying).bundle_hash == preparing


async def test_checking_stores_nothing(rules: Rules) -> None:
    files = edited("declined_for: 30d", "declined_for: 32d")
    checked = await rules.stub.CheckDefinitions(pb.CheckDefinitionsRequest(files=files), timeout=20)
    assert checked.bundle_hash
    request = pb.GetBundleRequest(bundle_hash=checked.bundle_hash)
    with pytest.raises(grpc.aio.AioRpcError) as missing:
        await rules.stub.GetBundle(request, timeout=5)
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


async def test_the_form_of_definitions_is_answered_as_json_schema(rules: Rules) -> None:
    request = pb.GetDefinitionsSchemaRequest()
    answer = await rules.stub.GetDefinitionsSchema(request, timeout=5)
    schema = json.loads(answer.json_schema)
    assert {"parameters", "rules", "placements"} <= schema["properties"].keys()


async def test_the_condition_of_a_segment_is_tried_by_the_parameters_of_a_bundle(
    rules: Rules,
) -> None:
    async def refusal(when: str, bundle_hash: str = "") -> str:
        request = pb.TrySegmentRequest(
            when=when, bundle_hash=bundle_hash or rules.bundles.active_hash
        )
        return (await rules.stub.TrySegment(request, timeout=20)).refusal

    assert await refusal("customer.frequency >= params.lapsing.min_orders") == ""
    assert await refusal("customer.categories.exists(c, c == 'A')") == ""
    slow = await refusal("customer.attributes.exists(k, k.matches('[^x]{38}x'))")
    assert slow.startswith("takes ")
    for when, bundle_hash, code in (
        ("customer.frequncy >= 1", "", grpc.StatusCode.INVALID_ARGUMENT),
        ("customer.frequency >= 1", "nowhere", grpc.StatusCode.NOT_FOUND),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await refusal(when, bundle_hash)
        assert error.value.code() is code
