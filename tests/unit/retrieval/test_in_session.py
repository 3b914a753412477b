"""What is proposed within a visit once it was learned what visits look at next."""

from dataclasses import replace

import pytest

from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.learning.session_model import SessionSetting
from services.retrieval.domain.learning.sessions import session_model
from services.retrieval.domain.learning.visits import visits_of
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.sources.in_session import InSession
from tests.unit.retrieval.learned import ITEMS, ExactIndex, learned
from tests.unit.retrieval.learning.clicks import clicks
from tests.unit.retrieval.learning.tastes import NOW_US
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.vocabulary_pb2 import Channel

ON = [["shoes", "pump"]] * 30
"""Visits from what runners want to what cyclists want: no category leads there."""


def number(shop, name):
    return -shop.no(name[1:]) if name.startswith("!") else shop.no(name)


def model_of(shop, visits):
    """Learn from visits; what is bought has a `!`."""
    log = clicks(*([number(shop, name) for name in visit] for visit in visits))
    model = replace(
        learned(ITEMS), sessions=session_model(visits_of(log), SessionSetting(), NOW_US)
    )
    return ServedModel.of("test", model, ExactIndex)


def ask(shop, visits, *, viewed=(), **query):
    person = shop.person(visit=shop.visit(viewed=viewed)) if viewed else None
    model = model_of(shop, visits)
    return shop.ask(InSession(shop.catalogue), person=person, model=model, **query)


def asked(shop, *args, **query):
    return shop.told(ask(shop, *args, **query))


def evidence(shop, proposals, name):
    at = shop.told(proposals).index(name)
    return (
        shop.names[proposals.evidence_nos[at]],
        int(proposals.evidence_counts[at]),
        int(proposals.evidence_totals[at]),
        EvidenceKind(int(proposals.evidence_kinds[at])),
    )


def test_what_visits_looked_at_next_comes_before_the_best_of_the_category(sports):
    assert asked(sports, ON, in_view=["shoes"])[0] == "pump"
    assert asked(sports, [["bike", "pump"]] * 30, in_view=["shoes"])[0] in ("socks", "watch")


def test_a_single_visit_does_not_outweigh_the_category(sports):
    for name in ("socks", "watch"):
        sports.bought(name, times=5, days=1)
    found = asked(sports, [["shoes", "pump"], *[["bike", "helmet"]] * 20], in_view=["shoes"])
    assert set(found[:2]) == {"socks", "watch"}
    assert "pump" in found


def test_the_last_click_counts_more_than_the_one_before(sports):
    visits = [["shoes", "pump"], ["watch", "bike"]] * 30
    found = asked(sports, visits, viewed=["watch", "shoes"])
    assert found.index("bike") < found.index("pump")
    turned = asked(sports, visits, viewed=["shoes", "watch"])
    assert turned.index("pump") < turned.index("bike")


def test_the_direction_of_visits_counts(sports):
    visits = [["helmet", "shoes", "pump"]] * 20
    found = asked(sports, visits, in_view=["shoes"])
    assert found.index("pump") < found.index("helmet")


def test_the_evidence_names_what_was_looked_at_and_counts_visits(sports):
    visits = ON + [["shoes", "bike", "!bike"]] * 10
    proposals = ask(sports, visits, viewed=["helmet", "shoes"])
    assert evidence(sports, proposals, "pump") == (
        "shoes",
        30,
        40,
        EvidenceKind.VIEWED_TOGETHER,
    )
    assert evidence(sports, proposals, "bike") == (
        "shoes",
        10,
        40,
        EvidenceKind.VIEWED_THEN_BOUGHT,
    )


def test_of_a_few_visits_no_share_is_told(sports):
    proposals = ask(sports, [["shoes", "pump"]] * 9, in_view=["shoes"])
    assert evidence(sports, proposals, "pump") == ("shoes", 0, 0, EvidenceKind.UNSPECIFIED)


def test_variants_stand_for_their_family(sports):
    red = sports.item("shoes, red", "Sports > Running", of="shoes")
    sports.item("pump, large", "Sports > Cycling", of="pump")
    sports.catalogue.stock[sports.no("pump")] = 0
    proposals = ask(sports, ON, in_view=["shoes, red"])
    assert sports.told(proposals)[0] == "pump, large"
    assert proposals.evidence_nos[0] == red


def test_what_cannot_be_shown_is_not_proposed(sports):
    sports.catalogue.withdrawn[sports.no("pump")] = True
    assert "pump" not in asked(sports, ON, in_view=["shoes"])


def test_unknown_items_and_empty_visits_leave_it_to_the_category(sports):
    sports.item("tent", "Sports > Running")
    assert asked(sports, ON, in_view=["tent"])[0] in ("shoes", "socks", "watch")
    assert asked(sports, ON, category="Sports > Cycling") != []
    assert asked(sports, ON) == []
    assert asked(sports, [], in_view=["shoes"]) == asked(sports, [["bike"]], in_view=["shoes"])


def test_a_category_in_view_is_what_is_wanted_now(sports):
    visits = [["shoes", "pump"], ["shoes", "pump"], ["shoes", "socks"]] * 20
    assert asked(sports, visits, viewed=["shoes"])[0] == "pump"
    found = asked(sports, visits, viewed=["shoes"], category="Sports > Running")
    assert found.index("socks") < found.index("pump")


def test_the_cart_tells_where_nothing_was_looked_at(sports):
    assert asked(sports, ON, cart_nos=(sports.no("shoes"),))[0] == "pump"


@pytest.mark.parametrize("limit", [1, 2])
def test_the_limit_is_kept(sports, limit):
    assert len(asked(sports, ON, in_view=["shoes"], limit=limit)) == limit


def test_scores_lie_between_nothing_and_one(sports):
    scores = ask(sports, ON, in_view=["shoes"]).scores
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (scores[:-1] >= scores[1:]).all()


def test_without_a_model_the_category_answers(sports):
    found = sports.asked(InSession(sports.catalogue), in_view=["shoes"])
    assert set(found) == {"socks", "watch", "bike", "helmet", "pump"}


def test_where_the_best_of_a_category_are_for_elsewhere_those_further_down_are_proposed():
    shop = Shop()
    for at in range(320):
        here = {} if at in (300, 310) else {"channels": [Channel.EMAIL]}
        shop.item(f"lamp {at}", "Light > Lamps", price=400 - at, **here)
    found = shop.asked(InSession(shop.catalogue), category="Light > Lamps")
    assert found == ["lamp 300", "lamp 310"]
