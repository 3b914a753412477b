"""To whoever may be somebody else, nothing is told that looks at the person."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregator.domain.candidates import Candidates
from services.aggregator.domain.slates import Choice
from services.aggregator.domain.texts import LANGUAGES, phrase
from services.aggregator.domain.verified import is_sure_enough, source_may_be_told
from services.aggregator.domain.vocabulary import Channel, RemovalCode, Source
from services.aggregator.pipeline.moments import moment_of
from services.aggregator.pipeline.wording import Moment, Wording
from tests.unit.aggregator.edge import PC_1, PC_2, TV, Edge, known_person, shop
from touchpoint.common.v1.decision_pb2 import Recipient, Removals
from touchpoint.common.v1.snapshot_pb2 import Owned, PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Assurance

WORDING = Wording(shop())
ANONYMOUS, CLAIMED, VERIFIED = Assurance.ANONYMOUS, Assurance.CLAIMED, Assurance.VERIFIED
TELLTALES = ("Aurora 15", "PCs", "Electronics", "4", "bought", "gekauft", "liked", "mögen")
FACTS = PersonSnapshot(
    owned=Owned(family_nos=[PC_2], last_minutes=[1], times=[4], cycle_days=[0.0]),
    traits=Traits(categories=["Electronics > PCs"], category_affinities=[1.0]),
)


def moment(locale="", *, is_sure):
    return Moment(29_000_000 * 60_000_000, locale, Channel.IVR, FACTS, Recipient(), is_sure=is_sure)


@pytest.mark.parametrize("channel", list(Channel))
def test_only_a_voice_has_to_be_made_sure_of(channel):
    by_voice = channel in (Channel.IVR, Channel.CALL_CENTER)
    assert is_sure_enough(channel, ANONYMOUS, CLAIMED) is not by_voice
    assert is_sure_enough(channel, CLAIMED, VERIFIED) is not by_voice
    assert is_sure_enough(channel, VERIFIED, VERIFIED)


@given(
    st.sampled_from([each for each in Source if not source_may_be_told(each)]),
    st.sampled_from([*LANGUAGES, ""]),
    st.integers(0, 17),
)
def test_no_reason_tells_of_the_person(source, locale, kind):
    found = Candidates([PC_2], [source], [1.0], [PC_1], [4], [8], evidence_kinds=[kind])
    choice = Choice(PC_2, source)
    said = WORDING.reason(choice, found, moment(locale, is_sure=False)).text
    assert said == phrase("reason.unsaid", locale)
    assert not any(word in said for word in TELLTALES)


def test_a_reason_that_tells_of_nobody_is_told():
    found = Candidates([PC_2], [Source.POPULAR], [1.0], [0], [9], [0])
    choice = Choice(PC_2, Source.POPULAR)
    told = [WORDING.reason(choice, found, moment(is_sure=sure)).text for sure in (True, False)]
    assert told == ["Popular in PCs this month"] * 2


@pytest.mark.parametrize("named", [frozenset(), frozenset({TV}), frozenset({PC_1, TV})])
def test_what_something_stands_for_is_told_only_where_the_request_names_it(named):
    found = Candidates([PC_2], [Source.INSTEAD_OF], [1.0], [PC_1], [0], [0])
    calling = replace(moment(is_sure=False), named_nos=named)
    said = WORDING.reason(Choice(PC_2, Source.INSTEAD_OF), found, calling).text
    # Else it is what the person looked for on the site, and whoever calls may be somebody else.
    assert ("Aurora 15" in said) is (PC_1 in named)


@pytest.mark.parametrize("code", list(RemovalCode))
@pytest.mark.parametrize("locale", sorted(LANGUAGES))
def test_no_removal_tells_what_is_known_of_the_person(code, locale):
    removals = Removals(offer_nos=[TV], codes=[code], rules=["mine"])
    own = {"mine": {"en": "You own it.", "de": "Sie haben es."}}
    (told,) = WORDING.removed(removals, own, locale, is_sure=False)
    neutral = {"OUT_OF_STOCK", "OUT_OF_SCHEDULE", "WRONG_CHANNEL", "EXCLUDED_BY_CALLER"}
    neutral |= {"QUIET_HOURS", "NO_AGENT", "BUDGET_SPENT", "NOT_KNOWN_YET", "NOT_AUTHENTICATED"}
    if code.name not in neutral:
        assert told.text == phrase("removed.NOT_AUTHENTICATED", locale)
    assert told.code == code, "the caller's program is told"


@pytest.mark.parametrize(
    ("needs", "assurance", "is_sure"),
    [
        ({}, CLAIMED, True),
        ({}, ANONYMOUS, False),
        ({"personal.needs": "CLAIMED"}, CLAIMED, True),
        ({"personal.needs": "VERIFIED"}, CLAIMED, False),
        ({"personal.needs": "VERIFIED"}, VERIFIED, True),
    ],
)
async def test_how_sure_it_must_be_is_what_the_definitions_say(needs, assurance, is_sure):
    edge = Edge(needs)
    await edge.popular.refresh()

    def somebody(request):
        found = known_person(request)
        facts = PersonSnapshot.FromString(found.snapshot)
        facts.assurance = assurance
        found.snapshot = facts.SerializeToString()
        return found

    edge.peers.profile.GetSnapshot.answer = somebody
    request = partial(_asked, edge)
    question = request()
    decision = await edge.pipeline.decide(question)
    assert moment_of(question, decision).is_sure is is_sure


def _asked(edge):
    from shared.call import Call
    from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest

    request = RecommendRequest(
        identities=[{"kind": "phone", "value": "+12025550123"}],
        channel=Channel.CALL_CENTER,
        placements=[{"placement": "agent.prompt"}],
        preview=True,
    )
    return edge.asking.question(Call("/test", request_id="r"), request)
