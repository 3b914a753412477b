"""What somebody says of their taste and of themselves counts, and can be taken back."""

import pytest

from services.profile.domain import interest
from services.profile.domain.opinions import of_categories
from services.profile.domain.preference import mistakes
from tests.unit.profile.happenings import happened, state_of


def said(minutes=0.0, **details):
    category = details.get("category", "")
    return happened("preference", minutes, category=category, details=details)


def test_taking_a_dislike_back_is_no_liking():
    state = state_of(
        said(category="A", sentiment="dislike"), said(1, category="A", sentiment="neutral")
    )
    assert not state.disliked_categories["A"].yes
    assert not of_categories(state).interests
    liked = state_of(said(category="A", sentiment="like"))
    assert [name for name, _ in interest.affinities(of_categories(liked).interests, 9)] == ["A"]


def test_an_attribute_is_said_corrected_and_taken_away_in_any_order():
    words = [
        said(0, attribute="shoe_size", value="41"),
        said(1, attribute="shoe_size", value="42"),
        said(2, attribute="shoe_size", value="41"),
        said(3, attribute="city", value="Bath"),
        said(4, attribute="city", value=""),
    ]
    for order in (words, words[::-1]):
        attributes = state_of(*order).attributes
        assert attributes["shoe_size"][1] == "41"
        assert attributes["city"][1] == ""


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"sentiment": "adore", "brand": "X"}, "attributes.sentiment"),
        ({"attribute": "Shoe Size", "value": "42"}, "attributes.attribute"),
        ({"attribute": "name", "value": "Ada"}, "attributes.attribute"),
        ({"attribute": "size", "value": "4", "sentiment": "like"}, "attributes.attribute"),
        ({"value": "42"}, "attributes.attribute"),
        ({"attribute": "size", "value": "x" * 257}, "attributes.value"),
    ],
)
def test_what_is_wrong_with_a_preference_is_named_by_its_field(details, field):
    [mistake] = mistakes(said(**details))
    assert mistake.startswith(field + ":")


@pytest.mark.parametrize("details", [{"brand": "X"}, {"attribute": "size", "value": "4"}])
def test_a_plain_preference_has_no_mistakes(details):
    assert mistakes(said(**details)) == []
