"""Reads a request and the snapshot of a person into the query that the sources answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from services.retrieval.answer_reading import read_answers
from services.retrieval.definitions import Definitions
from services.retrieval.domain import recipients
from services.retrieval.domain.bounds import Bounds
from services.retrieval.domain.contents import NO_CONTENTS, Contents
from services.retrieval.domain.query import Person, Query, Visit
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sifting import AnyShowing, Sifted
from services.retrieval.domain.taste import Taste, taste_of
from services.retrieval.wardrobes import WardrobeReader
from shared.arms import IMPERSONAL
from shared.catalogue import Catalogue, Fence
from shared.errors import FieldViolation, InvalidArgument
from shared.exchange import NO_EXCHANGE
from shared.money import to_micros
from shared.snapshots import snapshot_of
from touchpoint.common.v1.decision_pb2 import DecisionContext, Recipient
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

VISIT_LASTS_US = 2 * 3600 * 1_000_000
"""What was shopped for is still on somebody's mind so long after; many call when they are done."""
CATEGORY = "category"
"""Attribute of a request's context that names the category in view."""
_PROFILING, _SHARING = "profiling", "sharing"
"""Purposes: learning from what somebody is, unless they refuse; and giving data of them to others,
once they consent."""
_MOST_LIKED = 4
_LONGEST_INTEREST = 64
MOST_VIEWED = 20

_MOST_RECENT = 16
_Asked: TypeAlias = tuple[DecisionContext, bytes, Definitions, int]


class MomentReader:
    """Knows what the numbers and paths of a request stand for on this replica."""

    def __init__(
        self,
        catalogue: Catalogue,
        wardrobes: WardrobeReader,
        shelves: Shelves,
        model: Callable[[], ServedModel | None] = lambda: None,
        contents: Callable[[], Contents] = lambda: NO_CONTENTS,
        met: Callable[[Sequence[str], str], None] = lambda _ids, _persona: None,
    ) -> None:
        """Take what knows the numbers; `met` hears as whom somebody comes, empty: as nobody."""
        self._catalogue = catalogue
        self._wardrobes = wardrobes
        self._shelves = shelves
        self._model = model
        self._contents = contents
        self._met = met
        self._recent: deque[_Asked] = deque(maxlen=_MOST_RECENT)

    def query(
        self, context: DecisionContext, snapshot: bytes, definitions: Definitions, limit: int
    ) -> Query:
        """Return the query of a request; InvalidArgument for a placement that is not defined.

        Nothing personal is read for the arms that get none, nor for a gift: it is not for the
        person who asks.
        """
        query = self._query(context, snapshot, definitions, limit, self._model())
        if query.person is not None:
            counts_as = query.person.persona if query.person.may_be_learned_from else ""
            self._met(query.person.person_ids, counts_as)
        self._recent.append((context, snapshot, definitions, limit))
        return query

    def recent(self, model: ServedModel) -> list[Query]:
        """Return what was asked lately, as queries to another model."""
        return [self._query(*asked, model) for asked in tuple(self._recent)]

    def forget(self, _person_ids: Collection[str]) -> None:
        """Know nothing of what was asked lately: some of it is of somebody who is erased."""
        self._recent.clear()

    def _query(
        self,
        context: DecisionContext,
        snapshot: bytes,
        definitions: Definitions,
        limit: int,
        model: ServedModel | None,
    ) -> Query:
        kinds = _kinds(context, definitions)
        shelf = self._shelves.current
        is_personal = context.arm not in IMPERSONAL
        is_gift = context.HasField("recipient")
        known_person = _known(snapshot) if snapshot and is_personal and not is_gift else None
        size = self._size()
        item_nos = _below(size, context.item_nos)
        cart_nos = _below(size, _cart(context, known_person)) if is_personal else ()
        person = self._person(known_person, context.now_us) if known_person else None
        model = model if is_personal else None
        taste = None if model is None or is_gift else self._taste(model, person, item_nos, cart_nos)
        return Query(
            shelf=shelf,
            showing=self._showing(context, kinds, definitions),
            now_us=context.now_us,
            kinds=kinds,
            limit=limit,
            placements=tuple(ask.placement for ask in context.placements),
            item_nos=item_nos,
            cart_nos=cart_nos,
            category_no=self._category(context),
            person=person,
            is_personal=is_personal,
            model=model,
            taste=taste,
            offer_tastes=self._shelves.offer_tastes(model),
            contents=self._contents(),
            answers=read_answers(context, known_person, definitions),
            recipient=_recipient(context.recipient) if is_gift else None,
            excluded_nos=tuple(context.excluded_offer_nos),
        )

    def popular(self, place: str, definitions: Definitions, now_us: int, limit: int) -> Query:
        """Return the query of what is popular at a placement, for nobody in particular."""
        found = definitions.places[place]
        return Query(
            shelf=self._shelves.current,
            showing=self._shelves.showing(
                found.kinds, found.channel, now_us, definitions.defined_nos
            ),
            now_us=now_us,
            kinds=found.kinds,
            limit=limit,
            placements=(place,),
            is_personal=False,
        )

    def _showing(
        self, context: DecisionContext, kinds: frozenset[int], definitions: Definitions
    ) -> AnyShowing:
        """Return what may be shown of what is within the fence, and suits whom a gift is for.

        A shop has a few fences, but as many gifts as there are ages and budgets.
        """
        showing = self._shelves.showing(
            kinds, context.channel, context.now_us, definitions.defined_nos
        )
        fence = Fence.of(context.within_categories, context.without_categories)
        if fence is not None:
            showing = showing.narrowed(fence, partial(fence.holds, self._catalogue))
        if not context.HasField("recipient"):
            return showing
        most_micros = _most_micros(context.recipient, self._catalogue)
        if not most_micros and not context.recipient.age:
            return showing
        exchange = self._catalogue.exchange if most_micros else NO_EXCHANGE
        bounds = Bounds(context.recipient.age, most_micros, exchange)
        return Sifted(showing, bounds, partial(bounds.suit, self._catalogue))

    def _size(self) -> int:
        """Return one more than the highest number that both catalogue and shelf know."""
        return min(self._catalogue.size, len(self._shelves.current.kind))

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
            person_ids=tuple(snapshot.person_ids),
            persona=snapshot.persona,
            age=snapshot.age,
            words=snapshot.attributes,
            wardrobe=self._wardrobes.read(snapshot),
            may_be_learned_from=_PROFILING not in snapshot.refusals,
            agrees_to_sharing=_SHARING in snapshot.consents and _SHARING not in snapshot.refusals,
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
        viewed = (session.last_offer_no, *session.offer_nos[:MOST_VIEWED])
        item_nos = _below(self._size(), dict.fromkeys(viewed))
        category_no = self._catalogue.categories.find(session.category)
        return Visit(category_no, item_nos, self._missed(snapshot))

    def _missed(self, snapshot: PersonSnapshot) -> tuple[int, ...]:
        """Return what was out of stock when it was asked for in this visit."""
        recent, start_us = snapshot.recent, snapshot.session.start_us
        rows = zip(recent.types, recent.offer_nos, recent.times_us)
        missed = (no for kind, no, at_us in rows if kind == "out_of_stock" and at_us >= start_us)
        return _below(self._size(), dict.fromkeys(missed))


def _recipient(said: Recipient) -> recipients.Recipient:
    interests = [_lower(each[:_LONGEST_INTEREST]) for each in said.interests]
    return recipients.Recipient(
        said.age,
        _lower(said.gender),
        _lower(said.relationship),
        tuple(dict.fromkeys(filter(None, interests))),
        _lower(said.occasion),
    )


def _lower(text: str) -> str:
    return " ".join(text.lower().split())


def _most_micros(recipient: Recipient, catalogue: Catalogue) -> int:
    """Return what a gift may cost in the home currency; 0: anything."""
    if not recipient.max_price.amount:
        return 0
    try:
        most_micros = to_micros(recipient.max_price.amount)
    except ValueError as error:
        path = "context.recipient.max_price.amount"
        raise InvalidArgument([FieldViolation(path, str(error))]) from None
    currency = recipient.max_price.currency
    if currency in ("", catalogue.only_currency):
        return most_micros
    table = catalogue.exchange.table(catalogue)
    if not table.base:
        return most_micros
    if not table.knows(currency):
        path = "context.recipient.max_price.currency"
        raise InvalidArgument([FieldViolation(path, f"there is no rate of {currency}")])
    return max(table.to_base_micros(most_micros, currency), 1)


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


def _known(snapshot: bytes) -> PersonSnapshot | None:
    """Return who it is; None where it may be anybody."""
    decoded = snapshot_of(snapshot)
    return None if decoded.is_guessed else decoded


def _below(size: int, offer_nos: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers that the shelf knows."""
    return tuple(number for number in offer_nos if 0 < number < size)
