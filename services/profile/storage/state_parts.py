"""How each part of a state is stored: packed columns, read and written by C as far as possible.

Columns are read as slices (`[:]`): a quarter faster than through their iterators.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, repeat
from types import MappingProxyType

from services.profile.domain.call import Said
from services.profile.domain.cart import Cart, Change, Line
from services.profile.domain.consent import NEVER, Consent, Consents
from services.profile.domain.interest import Interests
from services.profile.domain.latest import Word
from services.profile.domain.making import maker
from services.profile.domain.orders import Order, Orders
from services.profile.domain.owned import Owned
from services.profile.domain.referrals import Referred
from services.profile.domain.tallies import Tallies, Tally
from services.profile.storage.state_asked import ASKED
from services.profile.storage.state_log import decode_log, encode_log
from services.profile.storage.state_part import Part, add_ownerships, ownerships, within
from services.profile.storage.state_traits import TRAIT_PARTS
from touchpoint.profile.v1.state_pb2 import (
    CallState,
    CartState,
    InterestState,
    NumberWords,
    OrderState,
    OwnedState,
    ProfileState,
    TallyState,
    TextWords,
)

_LATER_OF_ORDERS = ("priced_micros", "promoted_micros", "bargain_micros", "returned_micros")
"""Columns that rows written before they existed do not have."""
_ORDER = maker(Order)
_CHANGE, _WORD, _CONSENT = maker(Change), maker(Word), maker(Consent)
_TALLY = maker(Tally)


def _decode_owned(part: OwnedState) -> Owned:
    return dict(zip(part.family_nos[:], ownerships(part), strict=True))


def _encode_owned(part: OwnedState, owned: Owned) -> None:
    part.family_nos.extend(owned)
    add_ownerships(part, owned.values())


def _decode_orders(part: OrderState) -> Orders:
    columns = zip(
        part.days[:],
        part.bought[:],
        part.value_micros[:],
        part.contribution_micros[:],
        part.cost_unknown[:],
        *(getattr(part, column)[:] or repeat(0, len(part.keys)) for column in _LATER_OF_ORDERS),
        strict=True,
    )
    return dict(zip(part.keys[:], map(_ORDER, columns), strict=True))


def _encode_orders(part: OrderState, orders: Orders) -> None:
    days, bought, values, contributions, unknown, *later = zip(*orders.values(), strict=True)
    part.keys.extend(orders)
    part.days.extend(days)
    part.bought.extend(bought)
    part.value_micros.extend(values)
    part.contribution_micros.extend(contributions)
    part.cost_unknown.extend(unknown)
    for column, values in zip(_LATER_OF_ORDERS, later, strict=True):
        getattr(part, column).extend(values)


def _decode_cart(part: CartState) -> Cart:
    columns = zip(
        part.change_us[:], part.change_quantities[:], part.change_price_micros[:], strict=True
    )
    changes = tuple(map(_CHANGE, columns))
    cart: Cart = {}
    start = 0
    for offer_no, cleared_us, count in zip(
        part.offer_nos[:], part.cleared_us[:], part.change_counts[:], strict=True
    ):
        cart[offer_no] = Line(cleared_us, changes[start : start + count])
        start += count
    return cart


def _encode_cart(part: CartState, cart: Cart) -> None:
    cleared, lines = zip(*cart.values(), strict=True)
    part.offer_nos.extend(cart)
    part.cleared_us.extend(cleared)
    part.change_counts.extend(map(len, lines))
    for time_us, quantity, price_micros in chain.from_iterable(lines):
        part.change_us.append(time_us)
        part.change_quantities.append(quantity)
        part.change_price_micros.append(price_micros)


def _decode_interests(part: InterestState) -> Interests:
    return dict(zip(part.subjects[:], part.weights[:], strict=True))


def _encode_interests(part: InterestState, interests: Interests) -> None:
    part.subjects.extend(interests)
    part.weights.extend(interests.values())


def _words(part: NumberWords | TextWords) -> map[Word]:
    return map(_WORD, zip(part.times_us[:], part.yes[:], strict=True))


def _decode_declines(part: NumberWords) -> dict[tuple[int, int], Word]:
    subjects = zip(part.numbers[:], part.family_nos[:], strict=True)
    return dict(zip(subjects, _words(part), strict=True))


def _decode_texts(part: TextWords) -> dict[str, Word]:
    return dict(zip(part.texts[:], _words(part), strict=True))


def _decode_numbers(part: NumberWords) -> dict[int, Word]:
    return dict(zip(part.numbers[:], _words(part), strict=True))


def _decode_consents(part: TextWords) -> Consents:
    """Read consents; those stored before these had a source and an end have neither."""
    count = len(part.texts)
    ends = part.until_us[:] or [NEVER] * count
    sources = part.sources[:] or [""] * count
    words = map(_CONSENT, zip(part.times_us[:], part.yes[:], ends, sources, strict=True))
    return dict(zip(part.texts[:], words, strict=True))


def _encode_consents(part: TextWords, consents: Consents) -> None:
    times, refused, ends, sources = zip(*consents.values(), strict=True)
    part.texts.extend(consents)
    part.times_us.extend(times)
    part.yes.extend(refused)
    part.until_us.extend(ends)
    part.sources.extend(sources)


def _encode_declines(part: NumberWords, declines: dict[tuple[int, int], Word]) -> None:
    for (number, family_no), word in declines.items():
        part.numbers.append(number)
        part.family_nos.append(family_no)
        part.times_us.append(word.time_us)
        part.yes.append(word.yes)


def _encode_numbers(part: NumberWords, words: dict[int, Word]) -> None:
    for number, word in words.items():
        part.numbers.append(number)
        part.times_us.append(word.time_us)
        part.yes.append(word.yes)


def _encode_texts(part: TextWords, words: dict[str, Word]) -> None:
    for text, word in words.items():
        part.texts.append(text)
        part.times_us.append(word.time_us)
        part.yes.append(word.yes)


def _decode_tallies(part: TallyState) -> Tallies:
    columns = zip(part.counts[:], part.value_micros[:], strict=True)
    return dict(zip(part.types[:], map(_TALLY, columns), strict=True))


def _encode_tallies(part: TallyState, tallies: Tallies) -> None:
    counts, values = zip(*tallies.values(), strict=True)
    part.types.extend(tallies)
    part.counts.extend(counts)
    part.value_micros.extend(values)


def _decode_last_purchase(stored: ProfileState) -> int:
    return stored.last_purchase_us


def _encode_last_purchase(stored: ProfileState, time_us: int) -> None:
    stored.last_purchase_us = time_us


def _decode_complaint(stored: ProfileState) -> Word:
    return Word(stored.complaint_us, stored.complaint_open)


def _encode_complaint(stored: ProfileState, word: Word) -> None:
    stored.complaint_us, stored.complaint_open = word


def _decode_referred(stored: ProfileState) -> Referred:
    return Referred(stored.referred_persons, stored.referred_contribution_micros)


def _encode_referred(stored: ProfileState, referred: Referred) -> None:
    stored.referred_persons, stored.referred_contribution_micros = referred


def _decode_attributes(stored: ProfileState) -> dict[str, tuple[int, str]]:
    said = zip(stored.attribute_us[:], stored.attribute_values[:], strict=True)
    return dict(zip(stored.attribute_names[:], said, strict=True))


def _encode_attributes(stored: ProfileState, attributes: dict[str, tuple[int, str]]) -> None:
    for name, (time_us, value) in attributes.items():
        stored.attribute_names.append(name)
        stored.attribute_us.append(time_us)
        stored.attribute_values.append(value)


def _decode_call(part: CallState) -> Said:
    said = zip(part.times_us[:], part.values[:], strict=True)
    return dict(zip(part.names[:], said, strict=True))


def _encode_call(part: CallState, said: Said) -> None:
    for name, (time_us, value) in said.items():
        part.names.append(name)
        part.times_us.append(time_us)
        part.values.append(value)


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        **TRAIT_PARTS,
        "asked": ASKED,
        "owned": within("owned", dict, _decode_owned, _encode_owned),
        "orders": within("orders", dict, _decode_orders, _encode_orders),
        "last_purchase_us": Part(
            ("last_purchase_us",), _decode_last_purchase, _encode_last_purchase
        ),
        "call": within("call", dict, _decode_call, _encode_call),
        "cart": within("cart", dict, _decode_cart, _encode_cart),
        "categories": within("categories", dict, _decode_interests, _encode_interests),
        "brands": within("brands", dict, _decode_interests, _encode_interests),
        "declines": within("declines", dict, _decode_declines, _encode_declines),
        "disliked_families": within("families", dict, _decode_numbers, _encode_numbers),
        "disliked_categories": within("categories_disliked", dict, _decode_texts, _encode_texts),
        "disliked_brands": within("brands_disliked", dict, _decode_texts, _encode_texts),
        "consents": within("refusals", dict, _decode_consents, _encode_consents),
        "referred": Part(
            ("referred_persons", "referred_contribution_micros"),
            _decode_referred,
            _encode_referred,
        ),
        "complaint": Part(("complaint_us", "complaint_open"), _decode_complaint, _encode_complaint),
        "attributes": Part(
            ("attribute_names", "attribute_us", "attribute_values"),
            _decode_attributes,
            _encode_attributes,
        ),
        "tallies": within("tallies", dict, _decode_tallies, _encode_tallies),
        "past": within("log", list, decode_log, encode_log),
    }
)
"""By the names of `State`; what arrived is not there, because it is put in order first."""
