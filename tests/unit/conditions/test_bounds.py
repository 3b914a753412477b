"""Conditions are judged by the same sizes that the services keep to."""

from services.profile.domain import aversions, consent, habits, reading, stages, state
from services.rules.conditions.variables import MESSAGES
from services.rules.definitions import audiences
from shared.conditions.bounds import MOST_ELEMENTS, most_elements


def test_lists_and_maps_are_as_long_as_the_services_let_them_become():
    assert {name: most_elements(name) for name in _KEPT} == _KEPT


_KEPT = {
    "customer.segments": audiences.MAX_SEGMENTS,
    "customer.scores": audiences.MAX_SCORES,
    "customer.score_stages": audiences.MAX_SCORES,
    "customer.attributes": state.MAX_ATTRIBUTES,
    "customer.bought_categories": state.MAX_BOUGHT,
    "customer.disliked_brands": state.MAX_DISLIKES,
    "customer.disliked_categories": state.MAX_DISLIKES,
    "customer.consents": consent.MAX_PURPOSES,
    "customer.refusals": consent.MAX_PURPOSES,
    "customer.categories": reading.MAX_AFFINITIES,
    "customer.brands": reading.MAX_AFFINITIES,
    "customer.brand_affinities": reading.MAX_AFFINITIES,
    "customer.brand_aversions": aversions.MAX_SHOWN,
    "customer.category_aversions": aversions.MAX_SHOWN,
    "customer.stages": stages.MAX_STAGES,
    "customer.hours": habits.MAX_HOURS,
}


def test_only_lists_and_maps_that_there_are_have_a_size():
    known = {
        f"{variable}.{field.name}"
        for variable, message in MESSAGES.items()
        for field in message.DESCRIPTOR.fields
        if field.is_repeated
    }
    assert MOST_ELEMENTS.keys() <= known
