"""Definitions with mistakes of every kind are refused whole, with all of them at once."""

from __future__ import annotations

import pytest

from services.rules.config import shipped_definitions
from services.rules.definitions.files import read_folder
from tests.grpc.rules.rules_kit import Rules
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile, Problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

BAD = """\
rules:
  - {name: of_another_type, code: NOT_DUE, remove_when: offer.stock == "none"}
  - {name: of_no_field, code: NOT_DUE, remove_when: offer.stok == 0}
  - {name: of_no_kind, code: NOT_DUE, knds: [SURVEY], remove_when: offer.stock == 0}
slate_rules:
  - {attribute: BRAND, value: A, excludes: {attribute: BRAND, value: B}}
  - {attribute: BRAND, value: B, excludes: {attribute: BRAND, value: A}}
  - {attribute: BRAND, at_most: 0}
  - {attribute: BRAND, at_most: -1}
pins:
  - {placement: web.checkout, position: 1, offer: default.help}
  - {placement: web.checkout, position: 1, offer: default.delivery}
contact_limits:
  - {policy: marketing, limit: 0 per 7d}
  - {policy: marketing, limit: 3 per -7d}
  - {policy: marketing, limit: 3 per 0d}
placements:
  - placement: web.new
    channel: WEB
    kinds: [CONTENT]
    limit: 1
    default_offers: [default.mail, default.adults, default.gone]
offers:
  - {offer_id: default.mail, kind: CONTENT, title: M, is_default: true, channels: [EMAIL]}
  - {offer_id: default.adults, kind: CONTENT, title: A, is_default: true,
     attributes: {min_age: "18"}}
"""
TOLD = [
    (2, 69, "no matching overload"),
    (3, 58, "undefined field 'stok'"),
    (4, 39, "unknown key knds; did you mean kinds?"),
    (7, 44, "goes round in a circle"),
    (8, 33, "at_most must be a whole number from 1"),
    (9, 33, "at_most must be a whole number from 1"),
    (12, 5, "place 1 of web.checkout is pinned already"),
    (14, 32, "allows none at all"),
    (15, 32, "is no duration"),
    (16, 32, "within no time"),
    (22, 21, "there is no offer default.gone"),
    (22, 21, "default.mail is not for WEB"),
    (26, 18, "may not have min_age"),
]


async def apply(rules: Rules) -> list[Problem]:
    files = [*read_folder(shipped_definitions()), DefinitionFile(path="bad.yaml", text=BAD)]
    answer = await rules.stub.ApplyDefinitions(pb.ApplyDefinitionsRequest(files=files), timeout=20)
    return [problem for problem in answer.problems if not problem.warning]


async def in_force(rules: Rules) -> pb.GetActiveBundleResponse:
    request = pb.GetActiveBundleRequest(service="scenario", replica="one that follows")
    return await rules.stub.GetActiveBundle(request, timeout=5)


async def test_every_mistake_is_told_at_once_and_nothing_takes_effect(rules: Rules) -> None:
    before = await in_force(rules)
    versions = await rules.stub.ListVersions(pb.ListVersionsRequest(), timeout=5)
    told = await apply(rules)
    assert {each.path for each in told} == {"bad.yaml"}
    places = [(each.line, each.column) for each in told]
    assert places == [(line, column) for line, column, _ in TOLD]
    for line, column, message in TOLD:
        found = [each.message for each in told if (each.line, each.column) == (line, column)]
        assert any(message in each for each in found), (message, found)
    assert await in_force(rules) == before
    assert await rules.stub.ListVersions(pb.ListVersionsRequest(), timeout=5) == versions
