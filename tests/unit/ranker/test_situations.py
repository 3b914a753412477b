"""What of a request and a person the model looks at, and what it leaves alone."""

import pytest

from services.ranker.domain.situation import NOTHING, Liked
from services.ranker.situations import VISIT_LASTS_US, read_situation
from tests.unit.ranker.shop import BANNER, BIKES, BOOK_NOS, BOOKS, shop
from touchpoint.common.v1.decision_pb2 import CartLine, DecisionContext, PlacementAsk, Recipient
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Session, Traits
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, Doubt, PurchaseStage

NOW_US = 10 * VISIT_LASTS_US


def context(**more):
    return DecisionContext(
        channel=Channel.WEB, now_us=NOW_US, placements=[PlacementAsk(placement=BANNER)], **more
    )


def person(**more):
    return PersonSnapshot(
        person_ids=["ada"],
        assurance=Assurance.VERIFIED,
        traits=Traits(
            value_tier="top", recency_days=3, categories=[BIKES], category_affinities=[0.5]
        ),
        segments=["b", "a"],
        attributes={"size": "M", "club": "yes"},
        session=Session(category=BIKES, last_us=NOW_US - VISIT_LASTS_US),
        **more,
    )


def situation(context, person=None):
    return read_situation(context, person.SerializeToString() if person else b"", shop())


def test_a_person_is_read_with_traits_segments_and_visit():
    found = situation(context(), person())
    assert (found.value_tier, found.recency_days, found.assurance) == ("top", 3.0, 3)
    assert (list(found.categories.names), found.categories.top) == ([BIKES], BIKES)
    assert found.segments == ["a", "b"]
    assert found.attributes == ["club=yes", "size=M"]
    assert found.category_in_mind == BIKES


def test_somebody_who_is_only_guessed_did_not_come_lately():
    assert situation(context(), PersonSnapshot(person_ids=["ada"])).recency_days == 0.0
    guessed = PersonSnapshot(person_ids=["ada"], is_guessed=True)
    assert situation(context(), guessed).recency_days == -1.0


def test_what_is_in_view_outranks_the_visit_and_a_visit_is_forgotten():
    known = person()
    assert situation(context(item_nos=[BOOK_NOS[0]]), known).category_in_mind == BOOKS
    named = context()
    named.attributes["category"] = BOOKS
    assert situation(named, known).category_in_mind == BOOKS
    known.session.last_us -= 1
    assert situation(context(), known).category_in_mind == ""


def test_an_item_that_this_replica_does_not_know_is_no_category():
    assert situation(context(item_nos=[999])).category_in_mind == ""


def test_of_a_gift_nothing_of_the_giver_is_read():
    found = situation(context(recipient=Recipient(age=9)), person())
    assert (found.categories, found.segments, found.value_tier) == (NOTHING, (), "")
    assert found.assurance == Assurance.UNSPECIFIED


@pytest.mark.parametrize("carts", [0, 1])
def test_a_cart_is_seen_whether_the_caller_or_profile_tells_of_it(carts):
    lines = [CartLine(offer_no=1, quantity=1)] * carts
    assert situation(context(cart=lines)).has_cart == bool(carts)
    known = person()
    known.cart.offer_nos.extend([1] * carts)
    assert situation(context(), known).has_cart == bool(carts)


def test_nobody_known_never_bought_and_likes_nothing():
    found = situation(context())
    assert found.recency_days < 0
    assert found.categories == Liked()


def test_the_moment_is_that_of_the_person_and_of_greenwich_where_nobody_knows():
    """Noon of a Friday in London is one in the morning of a Saturday in Auckland."""
    friday_noon = context()
    friday_noon.now_us = 1_741_348_800_000_000
    at_home = situation(friday_noon, person(time_zone="Pacific/Auckland"))
    assert (at_home.hour, at_home.weekday) == (1, 5)
    for zone in ("", "Nowhere/At_all", "../etc/passwd"):
        found = situation(friday_noon, person(time_zone=zone))
        assert (found.hour, found.weekday) == (12, 4)
    assert (situation(friday_noon).hour, situation(friday_noon).weekday) == (12, 4)


def test_what_the_caller_says_of_the_moment_is_read_as_text_but_for_the_category():
    asked = context()
    asked.attributes.update(
        {"weather": "rain", "basket": 12.5, "vip": True, "category": BIKES, "list": [1], "no": None}
    )
    assert situation(asked).told == ["basket=12.5", "vip=true", "weather=rain"]


def test_doubt_is_of_this_visit():
    known = person()
    known.session.hesitating = True
    assert situation(context(), known).is_hesitating
    known.session.last_us -= 1
    assert not situation(context(), known).is_hesitating


def test_people_are_counted_by_their_oldest_id_unless_they_are_guessed_or_give_a_gift():
    assert situation(context(), person()).person == "ada"
    assert situation(context(), person(is_guessed=True)).person == ""
    gift = situation(context(recipient=Recipient(age=9)), person())
    assert (gift.person, gift.is_gift) == ("", True)


def test_what_is_not_known_of_somebody_is_left_out():
    known = person()
    known.traits.promotion_share = -1.0
    known.traits.return_share = 0.25
    known.traits.scores["churn"] = 0.5
    numbers = dict(situation(context(), known).numbers)
    assert "promotion_share" not in numbers
    assert (numbers["return_share"], numbers["score:churn"]) == (0.25, 0.5)
    guessed = PersonSnapshot(person_ids=["ada"], is_guessed=True)
    assert "frequency" not in dict(situation(context(), guessed).numbers)


def test_hesitation_and_the_stage_of_what_is_on_the_mind_are_states():
    known = person()
    known.session.hesitating = True
    known.session.doubt = Doubt.SHIPPING
    known.traits.stages.categories.append(BIKES)
    known.traits.stages.stages.append(PurchaseStage.DECIDING)
    assert situation(context(), known).states == ["doubt=SHIPPING", "stage=DECIDING"]
    known.session.last_us -= 1
    assert situation(context(), known).states == []


def test_what_tells_one_person_from_all_others_is_not_looked_at():
    told = PersonSnapshot(
        person_ids=["ada"],
        attributes={"name": "Ada Lovelace", "Birth_Date": "1815-12-10", "size": "M"},
    )
    asked = context()
    asked.attributes.update({"email": "ada@example.com", "weather": "rain"})
    found = situation(asked, told)
    assert found.attributes == ["size=M"]
    assert found.told == ["weather=rain"]
