"""A snapshot is bounded in size, whatever the persons of a set did together."""

from operator import attrgetter

from services.profile.domain.event import DAY_US
from services.profile.domain.lookup import Person
from services.profile.domain.ports import Member
from services.profile.domain.reading import Tiers
from services.profile.snapshot import snapshot_of
from tests.unit.profile.happenings import NOON_US, happened, state_of
from touchpoint.common.v1.vocabulary_pb2 import Arm

TIERS = Tiers(top_micros=3, high_micros=2, medium_micros=1)
LONGEST = {
    "owned.family_nos": 4_000,
    "declined.offer_nos": 500,
    "disliked.brands": 200,
    "cart.offer_nos": 100,
    "recent.types": 50,
    "session.offer_nos": 20,
    "traits.categories": 64,
}
LONGEST_TRAITS = {
    "traits.variants.values": 64,
    "traits.bought_categories.categories": 64,
    "traits.stages.stages": 20,
    "traits.hours": 3,
    "disliked.soft_family_nos": 64,
    "disliked.soft_categories": 64,
}


def busy(first):
    """Return the state of somebody who did a little more than a snapshot holds, from a number."""

    def about(kind, count, **what):
        numbers = range(first, first + count)
        return [happened(kind, 0.01 * n, offer_no=n, family_no=n, **what) for n in numbers]

    return state_of(
        *about("purchase", 2_100),
        *about("decline", 260),
        *about("add_to_cart", 60, quantity=1.0),
        *about("view", 60, category="A"),
        *(happened("view", 1, offer_no=n, category=f"C{n}") for n in range(first, first + 40)),
        *(
            happened("preference", 1, details={"sentiment": "dislike", "brand": f"B{n}"})
            for n in range(first, first + 110)
        ),
    )


def test_every_part_keeps_within_its_bounds():
    members = [Member(str(n), "group", 1, 1, 0, lambda n=n: busy(10_000 * n + 1)) for n in (1, 2)]
    snapshot = snapshot_of(Person(members), Arm.PERSONALISED, TIERS, NOON_US)
    for path, longest in LONGEST.items():
        part, _, column = path.partition(".")
        assert len(getattr(getattr(snapshot, part), column)) == longest, path


def all_over(first):
    """Return the state of somebody who buys and declines in very many categories."""
    about = [
        {"offer_no": n, "family_no": n, "category": f"C{n}", "variant": f'{{"size":"{n}"}}'}
        for n in range(first, first + 150)
    ]
    return state_of(
        *(happened("purchase", -60 * n, **each) for n, each in enumerate(about)),
        *(happened("decline", 1, **each) for each in about),
        *(happened("view", 2, **each) for each in about),
    )


def test_traits_keep_within_their_bounds():
    members = [Member(str(n), "group", 1, 1, 0, lambda n=n: all_over(1_000 * n)) for n in (1, 2)]
    snapshot = snapshot_of(Person(members), Arm.PERSONALISED, TIERS, NOON_US + DAY_US)
    for path, longest in LONGEST_TRAITS.items():
        assert len(attrgetter(path)(snapshot)) == longest, path


def test_of_nobody_known_there_is_nothing_but_the_arm():
    snapshot = snapshot_of(Person(), Arm.HOLDOUT, TIERS, NOON_US)
    assert [field.name for field, _ in snapshot.ListFields()] == ["arm", "as_of_us"]
