"""Places that are kept for offers: which pins hold now, and whom they bring along as candidates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from services.rules.answers import pin_constraint
from services.rules.conditions import PlacementVariables, RequestFrame, Variables
from services.rules.conditions.frame import Activate
from services.rules.definitions.assortment import Sold, SoldAs
from services.rules.domain.definitions import Pin
from shared.catalogue import Catalogue
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint

_CHANNELS = tuple(number for number in Channel.Value.values() if number)


class _NoCandidates:
    """A pin's condition reads nothing of candidates."""

    def __len__(self) -> int:
        return 0

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)


def pins_that_hold(
    pins: Mapping[str, Sequence[Pin]],
    asks: Iterable[PlacementAsk],
    settled: Collection[str],
    moment: Variables,
    activate: Activate,
    failed: Callable[[str], None],
) -> list[SlateConstraint]:
    """Return the pins of the placements asked for; where a decision stands its order does.

    One whose condition fails does not hold, and is told to `failed` as `pins.` and its name.
    """
    found = []
    for ask in asks:
        if ask.placement in settled:
            continue
        for pin in pins.get(ask.placement, ()):
            if pin.position > ask.limit:
                continue
            holds, has_failed = _judged(pin, ask.placement, moment, activate)
            if holds:
                found.append(pin_constraint(pin, ask.placement))
            if has_failed:
                failed(f"pins.{pin.name}")
    return found


def _judged(pin: Pin, placement: str, moment: Variables, activate: Activate) -> tuple[bool, bool]:
    """Say whether a pin holds, and whether that could not be said."""
    if pin.when is None:
        return True, False
    frame = RequestFrame(_NoCandidates(), PlacementVariables(moment, placement), activate)
    value, errors = pin.when.evaluate(frame)
    has_failed = errors is not False
    return bool(value) and not has_failed, has_failed


def offers_kept_for(
    constraints: Iterable[SlateConstraint],
    asks: Sequence[PlacementAsk],
    settled: Collection[str],
    catalogue: Catalogue,
) -> dict[int, int]:
    """Return the offers that have a pin or a fixed share, with a bit for each of its placements."""
    bits = {ask.placement: 1 << at for at, ask in enumerate(asks) if ask.placement not in settled}
    found: dict[int, int] = {}
    for each in constraints:
        is_kept = each.WhichOneof("demand") in ("pin", "share") and each.attribute == "OFFER"
        if is_kept and each.placement in bits and (no := catalogue.offer_no(each.value)):
            found[no] = found.get(no, 0) | bits[each.placement]
    return found


def source_of(offer_no: int, catalogue: Catalogue) -> Source.Value.ValueType:
    """Return where an offer is said to come from that only a pin or a share proposes."""
    is_item = int(catalogue.kind[offer_no]) == OfferKind.PRODUCT
    return Source.POPULAR if is_item else Source.OFFER


def sold_in(catalogue: Catalogue) -> SoldAs:
    """Return what tells of all that can be pinned; nothing of what is there no longer."""

    def sold(offer_id: str) -> Sold:
        no = catalogue.offer_no(offer_id)
        if not no or catalogue.withdrawn[no]:
            return Sold()
        channel_bits = int(catalogue.channel_bits[no])
        return Sold(
            int(catalogue.kind[no]),
            catalogue.categories.text(int(catalogue.category_no[no])),
            catalogue.brands.text(int(catalogue.brand_no[no])),
            str(int(catalogue.family_no[no]) or ""),
            frozenset(each for each in _CHANNELS if channel_bits >> each & 1),
            bool(catalogue.is_default[no]),
        )

    return sold
