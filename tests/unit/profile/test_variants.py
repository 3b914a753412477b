"""Sizes and the like of what was kept."""

from services.profile.domain.variants import MAX_KEPT, preferences
from tests.unit.profile.happenings import happened, state_of

DAY = 24 * 60
SIZE_40, SIZE_41 = '{"size":"40"}', '{"size":"41"}'


def bought(minutes=0, variant=SIZE_40, **what):
    about = {"offer_no": 1, "family_no": 1, "category": "Shoes", "variant": variant}
    return happened("purchase", minutes, **{**about, **what})


def back(minutes=0, variant=SIZE_40, **what):
    return happened("return", minutes, family_no=1, category="Shoes", variant=variant, **what)


def taken(*events):
    return {
        (each.category, each.name, each.value): each.share
        for each in preferences(state_of(*events).variants)
    }


def test_the_size_kept_most_is_theirs_with_its_share():
    found = preferences(state_of(bought(0), bought(1), bought(2), bought(9, SIZE_41)).variants)
    assert [(each.value, each.share) for each in found] == [("40", 0.75), ("41", 0.25)]


def test_what_did_not_fit_and_went_back_does_not_count():
    assert taken(bought(0, SIZE_41), bought(1), back(2, SIZE_41)) == {("Shoes", "size", "40"): 1.0}
    assert taken(back(2, SIZE_41), bought(1), bought(0, SIZE_41)) == {("Shoes", "size", "40"): 1.0}


def test_what_was_given_away_does_not_count_nor_does_its_return():
    assert not taken(bought(gift=True))
    assert taken(bought(0), back(1, gift=True)) == {("Shoes", "size", "40"): 1.0}


def test_each_category_and_each_attribute_has_its_own():
    red = '{"colour":"red","size":"40"}'
    found = taken(bought(0, red), bought(1, '{"size":"M"}', category="Shirts"))
    assert found == {
        ("Shoes", "colour", "red"): 1.0,
        ("Shoes", "size", "40"): 1.0,
        ("Shirts", "size", "M"): 1.0,
    }


def test_of_equals_the_one_bought_last_comes_first():
    found = preferences(state_of(bought(0, SIZE_41), bought(DAY)).variants)
    assert [each.value for each in found] == ["40", "41"]


def test_so_many_are_kept_and_the_oldest_go():
    events = [bought(minute, f'{{"size":"{minute}"}}') for minute in range(MAX_KEPT + 9)]
    kept = state_of(*events).variants
    assert len(kept) == MAX_KEPT
    assert ("Shoes", "size", "0") not in kept
