"""Stages that propose what is found as they are entered; tasks that repeat what was proposed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scenario.domain.carts import Cart
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.journey import Phase
from services.scenario.domain.passage import begin, happened, look, needs_person
from services.scenario.domain.ports import Claim
from services.scenario.journeys.choosing import Chooser
from services.scenario.journeys.finding import Finder
from services.scenario.people import ProfilePeople
from shared.errors import Unavailable
from tests.unit.scenario.playing import ADA, CART, DAY_US, HOUR_US, NOON_US
from tests.unit.scenario.shop import OneBundle, bundle, catalogue, snapshot
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotResponse
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse

SHOES, SOCKS = 3, 4
FACTS = Facts(is_defined=True, offers={"mild": 5}, ends={}, situation_holds=True, person={})
INSTEAD = {"propose": {"source": "INSTEAD_OF", "most": 2}}


def begun(*stages, item_no=SHOES, **found):
    step = begin(scenario(*stages), Happened(ADA, "view", NOON_US, item_no, {}), "j", NOON_US)
    return look(step.journey, replace(FACTS, **found), NOON_US)


def test_it_proposes_the_best_that_a_source_has_and_an_answer_to_it_is_an_answer():
    step = begun(
        stage("a", **INSTEAD), found={Source.INSTEAD_OF: (11, 12, 13), Source.SIMILAR: (9,)}
    )
    assert step.journey.offer_nos == (11, 12)
    no = Happened(ADA, "decline", NOON_US + 1, 12, {})
    assert happened(step.journey, no, NOON_US + 1).journey.answer == "declined"


def test_with_nothing_found_the_stage_is_passed_over_and_nothing_is_parked():
    stages = stage("a", **INSTEAD), stage("b", offer="mild")
    assert begun(*stages).journey.current.name == "b"
    assert begun(stages[0]).journey.phase is Phase.ENDED


@pytest.mark.parametrize(("had", "name"), [({SHOES}, "a"), (set(), "b")])
def test_the_item_that_it_began_with_is_proposed_where_it_can_be_had(had, name):
    stages = stage("a", propose={"itsItem": True}), stage("b", offer="mild")
    step = begun(*stages, to_be_had=frozenset(had))
    assert step.journey.current.name == name
    assert step.journey.offer_nos == ((SHOES,) if had else (5,))


def test_what_was_found_stays_as_far_as_it_can_be_had_and_is_found_anew_where_nothing_is_left():
    journey = begun(stage("a", **INSTEAD), found={Source.INSTEAD_OF: (11, 12)}).journey
    woken = replace(journey, due_us=NOON_US + 1)
    fewer = look(woken, replace(FACTS, to_be_had=frozenset({12})), NOON_US + 1).journey
    assert (fewer.offer_nos, fewer.occurrence) == ((12,), 1)
    assert needs_person(woken, NOON_US + 1), "retrieval is asked, with the person as they are"
    anew = look(woken, replace(FACTS, found={Source.INSTEAD_OF: (13,)}), NOON_US + 1).journey
    assert (anew.offer_nos, anew.occurrence) == ((13,), 2)


def test_a_task_repeats_what_was_proposed_before_as_far_as_it_can_be_had():
    task = {"kind": "call", "offers": ["mild"], "proposed": True}
    stages = stage("a", lasts=HOUR_US, **INSTEAD), stage("b", task=task)
    journey = begun(*stages, found={Source.INSTEAD_OF: (11, 12)}).journey
    step = look(journey, replace(FACTS, names={11: "item-11"}), journey.until_us)
    (due,) = step.effects
    assert due.effect.offer_ids == ("mild", "item-11")


class Peers:
    """Profile and retrieval, as far as a journey asks them."""

    def __init__(self, *candidates, is_away=False):
        self.candidates, self.is_away, self.asked = candidates, is_away, []

    async def answer(self, method, request):
        if method == "GetSnapshot":
            return GetSnapshotResponse(snapshot=snapshot().SerializeToString())
        if self.is_away:
            raise Unavailable("retrieval does not answer")
        self.asked.append(request)
        response = RetrieveResponse()
        for number, source in self.candidates:
            response.candidates.offer_nos.append(number)
            response.candidates.sources.append(source)
        return response


@pytest.fixture
def finder(clock, monkeypatch):
    def made(peers):
        async def invoke(rpc, request, call, timeout_s):
            return await peers.answer(rpc, request)

        for module in ("asking", "journeys.choosing"):
            monkeypatch.setattr(f"services.scenario.{module}.invoke", invoke)
        bundles, known = OneBundle(bundle()), catalogue()
        chooser = Chooser(_Rpcs(), clock, lambda: bundles.active_hash)
        return Finder(known, bundles, ProfilePeople(_Rpcs()), clock, chooser)

    return made


class _Rpcs:
    """Stands for a stub; each rpc is its name."""

    def __getattr__(self, name):
        return name


def waiting(*stages, next_stage):
    journey = begun(*stages, found={Source.INSTEAD_OF: (SOCKS,)}).journey
    return replace(journey, next_stage=next_stage)


STAGES = (
    stage("a", lasts=DAY_US, propose={"source": "INSTEAD_OF", "placements": ["web.cart"]}),
    stage("b", offer="mild"),
)


async def test_retrieval_is_asked_with_the_item_in_view_only_where_a_stage_wants_it(finder):
    peers = Peers((SOCKS, Source.INSTEAD_OF), (7, Source.POPULAR), (9, Source.INSTEAD_OF))
    found = await finder(peers).about(Claim(waiting(*STAGES, next_stage=0)))
    assert found.found == {Source.INSTEAD_OF: (SOCKS, 9)}
    (request,) = peers.asked
    assert list(request.context.item_nos) == [SHOES]
    assert [each.placement for each in request.context.placements] == ["web.cart"]
    assert request.snapshot
    await finder(peers).about(Claim(waiting(*STAGES, next_stage=1)))
    assert len(peers.asked) == 1


async def test_what_is_in_the_cart_now_is_found_beside_what_the_journey_has(finder):
    call = stage("b", task={"kind": "call", "script": "You have {cart}."}, lasts=DAY_US)
    journey = waiting(stage("a", lasts=DAY_US), call, next_stage=1)
    before = replace(journey, cart=Cart((SOCKS,), (1.0,), 5))
    found = await finder(Peers()).about(Claim(before))
    assert found.cart == CART
    assert set(found.titles) == {*CART.offer_nos, SOCKS}


async def test_what_somebody_buys_again_may_be_what_the_journey_began_with(finder):
    peers = Peers((SHOES, Source.BUY_AGAIN))
    again = stage("a", lasts=DAY_US, propose={"source": "BUY_AGAIN"})
    found = await finder(peers).about(Claim(waiting(*STAGES, again, next_stage=2)))
    assert found.found == {Source.BUY_AGAIN: (SHOES,)}
    (request,) = peers.asked
    assert not request.context.item_nos, "what is in view is left out"


async def test_without_retrieval_it_is_not_known_what_to_propose(finder):
    with pytest.raises(Unavailable):
        await finder(Peers(is_away=True)).about(Claim(waiting(*STAGES, next_stage=0)))
