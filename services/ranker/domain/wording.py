"""What each column of the layout has learned, in sentences that a business person believes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.ranker.domain.layout import COLUMNS

SENTENCES: Final[Mapping[str, str]] = {
    "base": "offers of any sort are taken {more} often than assumed",
    "kind_channel": "{kinds} are taken {more} often on the channel {channel}",
    "kind_placement": "{kinds} are taken {more} often at {placement}",
    "kind_source": "{kinds} proposed as {source} are taken {more} often",
    "source_placement": "what is proposed as {source} is taken {more} often at {placement}",
    "source_strength": "what {source} proposes so strongly is taken {more} often",
    "kind": "{kinds} are taken {more} often than assumed",
    "offer": "this offer is taken {more} often than others of its kind",
    "family": "this and its variants are taken {more} often than others of its kind",
    "category_1": "{category} is taken {more} often than other categories",
    "category_2": "{subcategory} is taken {more} often than other categories",
    "brand": "{brand} is taken {more} often than other brands",
    "kind_price": "{kinds} at such a price are taken {more} often",
    "kind_assurance": "{known_as} take {kinds} {more} often",
    "kind_tier": "customers of the value tier {tier} take {kinds} {more} often",
    "kind_recency": "people who bought {bought} take {kinds} {more} often",
    "kind_cart": "people with {cart} take {kinds} {more} often",
    "price_tier": "customers of the value tier {tier} take offers at such a price {more} often",
    "kind_category_affinity": "people to whom {category} means as much take {kinds} {more} often",
    "kind_brand_affinity": "people to whom {brand} means as much take {kinds} {more} often",
    "kind_in_mind": "people who look at {in_mind} take such {kinds} {more} often",
    "kind_liked_1": "people who like {likes} take {kinds} {more} often",
    "category_1_liked_1": "people who like {likes} take {category} {more} often",
    "category_2_liked": "people who like {likes_most} take {subcategory} {more} often",
    "family_liked_1": "people who like {likes} take this {more} often",
    "brand_liked_brand": "people who like {likes_brand} take {brand} {more} often",
    "category_1_in_mind_1": "people who look at {in_mind} take {category} {more} often",
    "category_1_persona": "{persona} take {category} {more} often",
    "category_1_age": "people aged {age} take {category} {more} often",
    "category_1_segment": "people of the same segments ({segments}) take {category} {more} often",
    "category_1_attribute": "people with the same {attributes} take {category} {more} often",
    "placement_position": "what stands at this place of {placement} is taken {more} often",
    "evidence_count": "what so much evidence speaks for is taken {more} often",
    "evidence_share": "what the evidence speaks for so clearly is taken {more} often",
    "kind_type": "{kinds} of this type are taken {more} often",
    "kind_terms": "{kinds} on such terms are taken {more} often",
    "kind_days_left": "{kinds} that end so soon, or so late, are taken {more} often",
    "kind_days_out": "{kinds} that are as new are taken {more} often",
    "terms_price_sensitivity": "people who go by the price as much take {kinds} on such terms"
    " {more} often",
    "family_told": "people with the same {attributes} take this {more} often",
    "kind_number": "people with such orders, spending and visits take {kinds} {more} often",
    "kind_state": "at moments like this ({moment}) {kinds} are taken {more} often",
    "kind_segment": "people of the same segments ({segments}) take {kinds} {more} often",
    "kind_persona": "{persona} take {kinds} {more} often",
    "kind_told": "people with the same {attributes} take {kinds} {more} often",
    "category_1_told": "people with the same {attributes} take {category} {more} often",
    "kind_taste": "people with a taste to whom {category} means as much take {kinds} {more} often",
    "category_1_told_pair": "people with two of the same {attributes} take {category} {more} often",
}
"""By column; of several slots of one kind, by the name without its number."""

NOBODY: Final[Mapping[str, str]] = {
    "kinds": "such offers",
    "channel": "of the request",
    "placement": "this placement",
    "source": "this source",
    "category": "its category",
    "subcategory": "its category",
    "brand": "its brand",
    "known_as": "people as well known",
    "tier": "of the same people",
    "bought": "as lately",
    "cart": "such a cart",
    "in_mind": "the same",
    "likes": "the same",
    "likes_most": "the same",
    "likes_brand": "the same brand",
    "persona": "people of the same persona",
    "age": "alike",
    "segments": "which they are in",
    "attributes": "attributes",
    "moment": "by the clock",
}
"""What sentences say where nothing more is known."""


def subject_of(column: str) -> str:
    """Return what a column of the layout is told as: slots of one kind are one thing."""
    return column if column in SENTENCES else column.rpartition("_")[0]


def sentence(subject: str, names: Mapping[str, str], *, raises: bool) -> str:
    """Say what was learned of a subject; `names` may leave out what is not known."""
    told = {**NOBODY, **{field: name for field, name in names.items() if name}}
    return SENTENCES[subject].format(more="more" if raises else "less", **told)


SUBJECTS: Final = tuple(subject_of(column.name) for column in COLUMNS)
"""By the place of a column in the layout."""
