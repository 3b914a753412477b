"""Whoever refuses profiling is ranked for as before, and teaches what nobody known would."""

import pytest

from services.ranker.domain.encoding import decode
from services.ranker.domain.model import Model
from services.ranker.ranking import Ranker
from tests.unit.ranker.shop import BANNER, BIKE_NOS, BIKES, definitions, shop
from touchpoint.common.v1.decision_pb2 import Candidates, CartLine, DecisionContext, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import Cart, PersonSnapshot, Session, Traits
from touchpoint.common.v1.vocabulary_pb2 import Arm, Assurance, Channel, Source
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

NOW_US = 1_800_000_000_000_000
NOBODY = PersonSnapshot()


def person(*refusals):
    return PersonSnapshot(
        person_ids=["ada"],
        assurance=Assurance.VERIFIED,
        traits=Traits(value_tier="top", categories=[BIKES], category_affinities=[0.7]),
        persona="rider",
        age=44,
        segments=["loyal"],
        attributes={"size": "M"},
        session=Session(category=BIKES, last_us=NOW_US, hesitating=True, searches=3),
        cart=Cart(offer_nos=[3]),
        time_zone="Asia/Tokyo",
        complaint_open=True,
        refusals=refusals,
    )


def asked(snapshot, **more):
    context = DecisionContext(
        now_us=NOW_US,
        channel=Channel.WEB,
        arm=Arm.PERSONALISED,
        seed=7,
        placements=[PlacementAsk(placement=BANNER, limit=3)],
        **more,
    )
    return RankRequest(
        context=context,
        snapshot=snapshot.SerializeToString() if snapshot is not NOBODY else b"",
        candidates=Candidates(
            offer_nos=BIKE_NOS,
            sources=[Source.POPULAR] * len(BIKE_NOS),
            scores=[0.5] * len(BIKE_NOS),
        ),
        placement_bits=[1] * len(BIKE_NOS),
    )


def sighted(snapshot, meet=lambda *_: None, **more):
    ranker = Ranker(shop(), Model, meet)
    return ranker.rank(asked(snapshot, **more), definitions()).judgement.sighted


@pytest.mark.parametrize("more", [{}, {"cart": [CartLine(offer_no=3, quantity=1)]}])
def test_what_is_taught_is_what_nobody_known_would_teach_without_characteristics(more):
    taught = decode(sighted(person("profiling"), **more).encoded(0, BANNER))
    nobody = decode(sighted(NOBODY, **more).encoded(0, BANNER))
    assert taught.indices.tolist() == nobody.indices.tolist()
    assert taught.offset == nobody.offset
    assert taught.characteristics.size == 0


def test_what_is_ranked_by_stays_what_it_is():
    refusing, other = sighted(person("profiling")), sighted(person())
    assert (refusing.features.indices == other.features.indices).all()
    assert (refusing.offset == other.offset).all()


def test_who_refuses_something_else_teaches_as_before_and_is_met():
    met = []
    found = sighted(person("marketing"), lambda *who: met.append(who[0]))
    assert found.encoded(0) == sighted(person()).encoded(0)
    assert met == ["ada"]


def test_who_refuses_profiling_is_not_met():
    met = []
    sighted(person("profiling"), lambda *who: met.append(who))
    assert met == []
