"""(k) A preview of other definitions says just which decisions they change, and what they show."""

import pytest

from shared.call import CALLER
from tests.journeys.channels import TIMEOUT_S, only, shown, until
from tests.journeys.shop import DVD_PROMOTION, OFFERS
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile
from touchpoint.rules.v1.simulation_pb2 import ExampleCause

RULE = "no_films"
RIVALS = [
    offer.offer_id
    for offer in OFFERS
    if offer.kind == OfferKind.PROMOTION and offer.offer_id != DVD_PROMOTION
]
"""A page shows one promotion: with these left out it is not for the ranker to say which."""
ADDED = f"""
rules:
  - name: {RULE}
    level: SUITABILITY
    code: NOT_SUITABLE
    kinds: [PROMOTION]
    remove_when: offer.id == "{DVD_PROMOTION}"
    text: We are out of films.
"""


@pytest.fixture
async def without_films(channels):
    """The files in force with a rule more."""
    found = await channels.stubs["rules"].GetBundle(rules_pb.GetBundleRequest(), timeout=TIMEOUT_S)
    return [*found.bundle.files, DefinitionFile(path="films.yaml", text=ADDED)]


async def simulated(channels, files, since):
    request = rules_pb.SimulateDefinitionsRequest(files=files)
    request.since_time.FromDatetime(since)
    stream = channels.stubs["rules"].SimulateDefinitions(
        request, timeout=60, metadata=[(CALLER, "cli")]
    )
    told = [response async for response in stream]
    assert not [each for each in told[0].problems if not each.warning]
    return told[-1].report


async def report_on(channels, files, since, decisions):
    """Return the report once so many decisions are written."""
    reports = []

    async def written():
        reports.append(await simulated(channels, files, since))
        return reports[-1].recorded >= decisions

    await until(written)
    return reports[-1]


async def test_a_preview_says_which_decisions_change_and_what_they_would_show(
    channels, somebody, without_films
):
    since = channels.now()
    offered, spared = (only(somebody(name), "visitor") for name in ("offered", "spared"))
    for person in (offered, spared):
        await channels.track(person, "view", item_id="dvd-1")
    in_view = {"context": Context(item_ids=["dvd-0"])}
    changes = await channels.recommend(offered, exclude_ids=RIVALS, **in_view)
    stays = await channels.recommend(spared, exclude_ids=[*RIVALS, DVD_PROMOTION], **in_view)
    assert DVD_PROMOTION in shown(changes)
    assert DVD_PROMOTION not in shown(stays)

    report = await report_on(channels, without_films, since, 2)
    assert (report.recorded, report.replayed, report.unranked) == (2, 2, 0)
    assert report.fidelity.same_offers == report.fidelity.comparable == 2
    assert report.changed.decisions == 1
    (example,) = report.examples
    assert example.decision_id == changes.decision_id
    assert {each.offer_id for each in example.before} == set(shown(changes))
    reasons = {each.offer_id: each for each in example.reasons}
    assert reasons[DVD_PROMOTION].cause == ExampleCause.NOW_REMOVED
    assert reasons[DVD_PROMOTION].rule == RULE
    lost = {each.offer_id: (each.before, each.after) for each in report.offers if each.lost}
    assert lost == {DVD_PROMOTION: (1, 0)}
    assert {each.name for each in report.groups} >= {"WEB", "visitor"}

    assert DVD_PROMOTION not in {each.offer_id for each in example.after}

    rules = channels.stubs["rules"]
    applied = rules_pb.ApplyDefinitionsRequest(files=without_films)
    await rules.ApplyDefinitions(applied, timeout=TIMEOUT_S)
    try:

        async def is_as_foretold():
            answer = await channels.recommend(offered, exclude_ids=RIVALS, **in_view)
            return DVD_PROMOTION not in shown(answer)

        await until(is_as_foretold)  # all else on the page may be what the ranker tries just now
    finally:
        await rules.RollbackDefinitions(rules_pb.RollbackDefinitionsRequest(), timeout=TIMEOUT_S)
