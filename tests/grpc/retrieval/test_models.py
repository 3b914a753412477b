"""Serving what was learned, over a real server."""

import gc
import weakref
from dataclasses import replace

import pytest

from services.retrieval.domain.learning.gifts import GiftLog
from services.retrieval.domain.learning.grouping import learned_gifts
from services.retrieval.domain.learning.groups import FEWEST
from services.retrieval.domain.query import NO_PROPOSALS
from services.retrieval.warming import warming
from shared.errors import Unavailable
from tests.grpc.retrieval.trained import alike, model_of, sources_of
from tests.unit.retrieval.learned import ITEMS, RUNNING, learned
from tests.unit.retrieval.learning.test_grouping import TEXTS, crowd
from tests.unit.retrieval.learning.test_grouping import model_of as model_of_groups
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, EvidenceKind, Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


async def partners_of_the_tin(retrieval, age, gender):
    """Return what people alike bought who were interested in item 1, best first."""
    request = pb.RetrieveRequest()
    request.context.bundle_hash = "b"
    request.context.now_us = retrieval.clock.now_us()
    request.context.channel = Channel.WEB
    request.context.arm = Arm.PERSONALISED
    request.context.placements.add(placement="web.home.banner", limit=3)
    request.context.item_nos.append(1)
    snapshot = PersonSnapshot(person_ids=["new"], age=age, attributes={"gender": gender})
    request.snapshot = snapshot.SerializeToString()
    found = (await retrieval.stub.Retrieve(request, timeout=5)).candidates
    columns = (found.evidence_nos, found.evidence_counts, found.evidence_totals)
    rows = zip(retrieval.ids(found), found.sources, *columns, strict=True)
    return [(name, *told) for name, source, *told in rows if source == Source.PEOPLE_LIKE_YOU]


async def test_a_woman_of_35_and_a_man_of_55_get_other_partners_of_the_same_tin(retrieval, child):
    interactions, people = crowd()
    others = {no: factors for no, factors in ITEMS.items() if no > 1}  # so that taste tells nothing
    child.made = replace(learned(others), groups=model_of_groups(people, interactions))
    await retrieval.train()
    hers = await partners_of_the_tin(retrieval, 35, "Female")
    his = await partners_of_the_tin(retrieval, 55, "male")
    # Everybody buys the sixth.
    assert next(name for name, *_ in hers if name != "pump") in {"socks", "watch"}
    assert next(name for name, *_ in his if name != "pump") in {"bike", "helmet"}
    for _, item_no, count, total in (hers[0], his[0]):
        assert item_no == 1
        assert FEWEST <= count <= total


async def test_a_gift_follows_what_was_given_to_and_bought_by_people_like_that(retrieval, child):
    interactions, people = crowd()
    log = GiftLog()
    for number in range(40):
        for item, whom in ((4, "mother"), (1, "father")):
            log.add([f"{whom}{number}"], [item], [1], [(0, "", whom, "")])
    groups, gifts = model_of_groups(people, interactions), learned_gifts(log.gifts(), TEXTS, 0)
    child.made = replace(learned(ITEMS), groups=groups, gifts=gifts)
    await retrieval.train()
    found, response = await sources_of(retrieval, recipient="mother")
    columns = response.candidates
    evidence = (columns.evidence_kinds, columns.evidence_counts, columns.evidence_totals)
    told = {
        retrieval.no(name): row
        for name, *row in zip(found, *evidence, strict=True)
        if found[name] == Source.GIFT
    }
    assert told[4] == [EvidenceKind.GIVEN_TO_ALIKE, 40, 40]
    for no in (2, 3):  # what women bought
        kind, count, total = told[no]
        assert kind == EvidenceKind.BOUGHT_BY_ALIKE
        assert FEWEST <= count < total == 100


async def test_before_any_training_nothing_is_served_and_nothing_is_wrong(retrieval):
    answer = await model_of(retrieval)
    assert (answer.model, answer.version, answer.refusal) == ("", 0, "")
    await retrieval.models.check()
    found, response = await sources_of(retrieval, item_nos=[1])
    learned_sources = {Source.FOR_YOU, Source.ALSO_BOUGHT, Source.PEOPLE_LIKE_YOU}
    assert not learned_sources & set(found.values())
    assert response.versions.model == ""


async def test_what_is_bought_together_is_told_with_its_share(retrieval):
    await retrieval.train()
    found, response = await sources_of(retrieval, item_nos=[1], recipient="mother")
    at = list(found).index("socks")
    assert found["socks"] == Source.ALSO_BOUGHT
    columns = response.candidates
    evidence = (columns.evidence_nos, columns.evidence_counts, columns.evidence_totals)
    assert [column[at] for column in evidence] == [1, 40, 80]


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_nothing_learned_reaches_an_arm_that_gets_nothing_personal(retrieval, arm):
    await retrieval.train()
    found, response = await sources_of(retrieval, arm=arm, item_nos=[1])
    assert set(found.values()) <= {Source.POPULAR, Source.OFFER}
    assert {report.source for report in response.sources} <= {
        "POPULAR",
        "TRENDING",
        "OFFER",
        "AS_ASKED_FOR",
        "GIFT",
    }


async def test_a_gift_does_not_follow_the_taste_of_the_giver(retrieval):
    await retrieval.train()
    found, _ = await sources_of(retrieval, recipient="mother")
    assert Source.FOR_YOU not in found.values()
    assert Source.PEOPLE_LIKE_YOU not in found.values()


async def test_a_model_of_another_catalogue_is_refused_with_its_reason(retrieval, child):
    _, good = await retrieval.train()
    child.made = learned(ITEMS, catalogue_id="0190ffff-0000-7000-8000-000000000009")
    await retrieval.train()
    answer = await model_of(retrieval)
    assert (answer.model, answer.version) == (good.model, 2)
    assert "another catalogue" in answer.refusal
    found, response = await sources_of(retrieval)
    assert Source.FOR_YOU in found.values()
    assert response.versions.model == good.model
    with pytest.raises(Unavailable, match="another catalogue"):
        await retrieval.models.check()


async def test_a_new_model_answers_what_was_asked_lately_before_it_is_served(retrieval, child):
    child.made = alike(RUNNING)
    await retrieval.train()
    await sources_of(retrieval, "ada")
    asked = []

    class Noting:
        is_personal = True

        def propose(self, query):
            asked.append((query.model.name, query.person.person_ids, retrieval.models.served))
            return NO_PROPOSALS

    retrieval.models.warm = warming(
        retrieval.moments, lambda: {Source.FOR_YOU: Noting()}, retrieval.contents.of_model
    )
    served = retrieval.models.served
    child.made = alike(RUNNING, seed=2)
    _, report = await retrieval.train()
    assert asked == [(report.model, ("ada",), served)]
    retrieval.moments.forget(["ada"])
    child.made = alike(RUNNING, seed=3)
    await retrieval.train()
    assert len(asked) == 1


async def test_a_model_that_cannot_be_warmed_is_served_all_the_same(retrieval, child):
    class Broken:
        is_personal = False

        def propose(self, query):
            raise ValueError("broken")

    await sources_of(retrieval, "ada")
    retrieval.models.warm = warming(
        retrieval.moments, lambda: {Source.FOR_YOU: Broken()}, retrieval.contents.of_model
    )
    _, report = await retrieval.train()
    assert (await model_of(retrieval)).model == report.model


async def test_the_model_before_leaves_memory(retrieval, child):
    child.made = alike(RUNNING)
    await retrieval.train()
    await sources_of(retrieval, "ada")
    held = weakref.ref(retrieval.models.model.items.factors)
    child.made = alike(RUNNING, seed=2)
    await retrieval.train()
    await sources_of(retrieval, "ada")
    await retrieval.shelves.restack()
    await sources_of(retrieval, "ada")
    await retrieval.shelves.restack()
    gc.collect()
    assert held() is None
