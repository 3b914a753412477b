"""Names what an explanation speaks of: the offer, the person, the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.ranker.domain.bands import between
from services.ranker.domain.characteristics import (
    AGE_BANDS,
    AGES,
    CHANNELS,
    HOURS,
    LAST_PURCHASES,
    RECENCIES,
    TIMES_OF_DAY,
    WEEKDAYS,
)
from services.ranker.domain.design import top
from services.ranker.domain.situation import Situation
from services.ranker.situations import read_situation
from shared.catalogue import Catalogue
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, Source
from touchpoint.ranker.v1 import ranker_service_pb2 as pb

_KINDS: Mapping[int, str] = {
    OfferKind.PRODUCT: "products",
    OfferKind.PROMOTION: "promotions",
    OfferKind.CONTENT: "articles",
    OfferKind.SERVICE: "services",
    OfferKind.SURVEY: "surveys",
}
_KNOWN_AS = ("", "visitors", "people known by an address or number", "people who are logged in")
_MOST = 3
"""Of several of a kind are named."""


class Naming:
    """Names of one request; of its person once, of each candidate as it is asked for."""

    def __init__(
        self, request: pb.RankRequest, catalogue: Catalogue, situation: Situation | None = None
    ) -> None:
        """Take the situation of the request where it was read already."""
        self._request = request
        self._catalogue = catalogue
        if situation is None:
            situation = read_situation(request.context, request.snapshot, catalogue)
        self._person = _of_person(situation)

    def of(self, candidate: int, placement: str) -> Mapping[str, str]:
        """Return the names for one candidate at a placement; empty where nothing is known."""
        candidates, catalogue = self._request.candidates, self._catalogue
        offer_no = candidates.offer_nos[candidate]
        source = Source.Value.Name(candidates.sources[candidate])
        named = {**self._person, "placement": placement, "source": _phrase(source)}
        if offer_no >= catalogue.size:
            return named
        path = catalogue.categories.text(int(catalogue.category_no[offer_no]))
        return named | {
            "kinds": _KINDS.get(int(catalogue.kind[offer_no]), ""),
            "category": top(path),
            "subcategory": " > ".join(path.split(" > ")[:2]),
            "brand": catalogue.brands.text(int(catalogue.brand_no[offer_no])),
        }


def _named(names: Sequence[str], number: int) -> str:
    """Return the name of a number; "" for one that has none, which the wire does not keep out."""
    return names[number] if 0 <= number < len(names) else ""


def _of_person(situation: Situation) -> dict[str, str]:
    moment = []
    if situation.hour >= 0:
        moment = [WEEKDAYS[situation.weekday], between(situation.hour, HOURS, TIMES_OF_DAY)]
    if situation.is_hesitating:
        moment.append("hesitating")
    attributes = [*situation.attributes, *situation.told]
    return {
        "channel": _named(CHANNELS, situation.channel),
        "known_as": _named(_KNOWN_AS, situation.assurance),
        "tier": situation.value_tier,
        "bought": _bought(situation),
        "cart": "something in the cart" if situation.has_cart else "an empty cart",
        "in_mind": top(situation.category_in_mind),
        "likes": top(situation.categories.top),
        "likes_most": situation.categories.top,
        "likes_brand": situation.brands.top,
        "persona": f"people of the persona {situation.persona}" if situation.persona else "",
        "age": between(situation.age, AGES, AGE_BANDS) if situation.age else "",
        "segments": _several(list(situation.segments)),
        "attributes": _several([each.partition("=")[0] for each in attributes]),
        "moment": ", ".join(moment),
    }


def _bought(situation: Situation) -> str:
    days = situation.recency_days
    return "nothing yet" if days < 0 else between(days, RECENCIES, LAST_PURCHASES)


def _several(names: list[str]) -> str:
    told = ", ".join(names[:_MOST])
    return f"{told} …" if len(names) > _MOST else told


def _phrase(name: str) -> str:
    return name.lower().replace("_", " ")
