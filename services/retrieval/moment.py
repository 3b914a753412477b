"""Reads a request and the snapshot of a person into the query that the sources answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from services.retrieval.definitions import Definitions
from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.query import Person, Query, Visit
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.taste import Taste, taste_of
from shared.arms import IMPERSONAL
from shared.catalogue import Catalogue
from shared.errors import FieldViolation, InvalidArgument
from shared.money import to_micros
from touchpoint.common.v1.decision_pb2 import DecisionContext, Recipient
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

VISIT_LASTS_US = 2 * 3600 * 1_000_000
"""What was shopped for is still on somebody's mind so long after; many call when they are done."""
CATEGORY = "category"
"""Attribute of a request's context that names the category in view."""
_MOST_SIZES = 2
_MOST_LIKED = 4
_MOST_VIEWED = 20


class MomentReader:
    """Knows what the numbers and paths of a request stand for on this replica."""

    def __init__(
        self,
        catalogue: Catalogue,
        sizes: Sizes,
        shelves: Shelves,
        model: Callable[[], ServedModel | None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._sizes = sizes
        self._shelves = shelves
        self._model = model

    def query(
        self, context: DecisionContext, snapshot: bytes, definitions: Definitions, limit: int
    ) -> Query:
        """Return the query of a request; InvalidArgument for a placement that is not defined.

        Nothing personal is read for the arms that get none, nor for a gift: it is not for the
        person who asks.
        """
        kinds = _kinds(context, definitions)
        shelf = self._shelves.current
        is_personal = context.arm not in IMPERSONAL
        is_gift = context.HasField("recipient")
        known_person = _decoded(snapshot) if snapshot and is_personal and not is_gift else None
        size = len(shelf.kind)
        item_nos = _below(size, context.item_nos)
        cart_nos = _below(size, _cart(context, known_person)) if is_personal else ()
        person = self._person(known_person, context.now_us) if known_person else None
        model = self._model() if is_personal else None
        taste = None if model is None or is_gift else self._taste(model, person, item_nos, cart_nos)
        return Query(
            shelf=shelf,
            showable=self._showable(context, kinds, definitions),
            now_us=context.now_us,
            kinds=kinds,
            limit=limit,
            item_nos=item_nos,
            cart_nos=cart_nos,
            category_no=self._category(context),
            person=person,
            is_personal=is_personal,
            model=model,
            taste=taste,
            offer_tastes=self._shelves.offer_tastes(model),
        )

    def popular(self, place: str, definitions: Definitions, now_us: int, limit: int) -> Query:
        """Return the query of what is popular at a placement, for nobody in particular."""
        found = definitions.places[place]
        return Query(
            shelf=self._shelves.current,
            showable=self._shelves.showable(
                found.kinds, found.channel, now_us, definitions.defined_nos
            ),
            now_us=now_us,
            kinds=found.kinds,
            limit=limit,
            is_personal=False,
        )

    def _showable(
        self, context: DecisionContext, kinds: frozenset[int], definitions: Definitions
    ) -> NDArray[np.bool_]:
        mask = self._shelves.showable(
            kinds, context.channel, context.now_us, definitions.defined_nos
        )
        if not context.HasField("recipient"):
            return mask
        suits: NDArray[np.bool_] = mask & self._suits(context.recipient, len(mask))
        return suits

    def _suits(self, recipient: Recipient, size: int) -> NDArray[np.bool_]:
        """Return, by offer number, what suits whom a gift is for: by their age and the price."""
        suits = np.ones(size, np.bool_)
        if recipient.age:
            suits &= self._catalogue.min_age[:size] <= recipient.age
        if recipient.max_price.amount:
            is_item = self._catalogue.kind[:size] == PRODUCT
            is_cheap = self._catalogue.price_micros[:size] <= _most_micros(recipient)
            suits &= ~is_item | is_cheap
        return suits

    def _category(self, context: DecisionContext) -> int:
        if not context.HasField("attributes"):
            return 0
        return self._catalogue.categories.find(
            context.attributes.fields[CATEGORY].string_value
            if CATEGORY in context.attributes.fields
            else ""
        )

    def _person(self, snapshot: PersonSnapshot, now_us: int) -> Person:
        owned, traits = snapshot.owned, snapshot.traits
        find = self._catalogue.categories.find
        return Person(
            owned_family_nos=np.array(owned.family_nos, np.uint32),
            bought_minutes=np.array(owned.last_minutes, np.int64),
            times_bought=np.array(owned.times, np.int64),
            cycle_days=np.array(owned.cycle_days, np.float64),
            visit=self._visit(snapshot, now_us),
            liked=tuple(
                (find(path), affinity)
                for path, affinity in zip(
                    traits.categories[:_MOST_LIKED], traits.category_affinities[:_MOST_LIKED]
                )
            ),
            size_nos=self._own_sizes(snapshot),
            person_ids=tuple(snapshot.person_ids),
        )

    def _taste(
        self,
        model: ServedModel,
        person: Person | None,
        item_nos: tuple[int, ...],
        cart_nos: tuple[int, ...],
    ) -> Taste | None:
        """Return the taste of the person, or of whoever looks at these items."""
        visit = person.visit if person else None
        seen = (*item_nos, *visit.item_nos) if visit else item_nos
        families = self._catalogue.family_no[[*cart_nos, *seen]].tolist()
        in_cart, looked_at = families[: len(cart_nos)], families[len(cart_nos) :]
        return taste_of(model, person.person_ids if person else (), in_cart, looked_at)

    def _visit(self, snapshot: PersonSnapshot, now_us: int) -> Visit | None:
        session = snapshot.session
        if not session.last_us or now_us - session.last_us > VISIT_LASTS_US:
            return None
        viewed = (session.last_offer_no, *session.offer_nos[:_MOST_VIEWED])
        item_nos = _below(len(self._shelves.current.kind), dict.fromkeys(viewed))
        return Visit(self._catalogue.categories.find(session.category), item_nos)

    def _own_sizes(self, snapshot: PersonSnapshot) -> tuple[int, ...]:
        """Return the sizes bought last."""
        found: list[int] = []
        recent = snapshot.recent
        for event_type, offer_no in zip(recent.types, recent.offer_nos):
            if event_type == "purchase" and offer_no:
                size_no = self._sizes.of(offer_no)
                if size_no and size_no not in found:
                    found.append(size_no)
                    if len(found) == _MOST_SIZES:
                        break
        return tuple(found)


def _most_micros(recipient: Recipient) -> int:
    try:
        return to_micros(recipient.max_price.amount)
    except ValueError as error:
        path = "context.recipient.max_price.amount"
        raise InvalidArgument([FieldViolation(path, str(error))]) from None


def _kinds(context: DecisionContext, definitions: Definitions) -> frozenset[int]:
    try:
        places = [definitions.places[ask.placement] for ask in context.placements]
    except KeyError:
        path = "context.placements"
        raise InvalidArgument(
            [FieldViolation(path, "names a placement that is not defined")]
        ) from None
    if len(places) == 1:
        return places[0].kinds
    return frozenset().union(*(place.kinds for place in places))


def _cart(context: DecisionContext, person: PersonSnapshot | None) -> Iterable[int]:
    """Return what lies in the cart; what the caller says outranks what was tracked."""
    if context.cart or person is None:
        return [line.offer_no for line in context.cart]
    return person.cart.offer_nos


def _decoded(snapshot: bytes) -> PersonSnapshot:
    try:
        return PersonSnapshot.FromString(snapshot)
    except DecodeError:
        raise InvalidArgument([FieldViolation("snapshot", "is no PersonSnapshot")]) from None


def _below(size: int, offer_nos: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers that the shelf knows."""
    return tuple(number for number in offer_nos if 0 < number < size)
