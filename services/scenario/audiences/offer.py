"""Finds out what an audience is asked for: the offer, the ways to tell people of it, the prices."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from services.scenario.audiences.weighing import OneOffer
from services.scenario.definitions import Playbook
from services.scenario.domain.audience import Prices, Way
from services.scenario.messages.channels import channel_name
from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from shared.filling import channels_filling
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

OUTBOUND = (Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.DIRECT_MAIL, Channel.CALL_CENTER)
"""Channels on which it is we who begin."""
_MOST_COMPARED = 5_000
_NEAREST = 3


def asked_offer(
    offer_id: str,
    channel: int,
    placement: str,
    catalogue: Catalogue,
    playbook: Playbook,
    now_us: int,
) -> OneOffer:
    """Return what is asked for, by what is in force for everybody; no channel: all it may use.

    Raises NotFound for what is no offer, FailedPrecondition where it may not be offered now, on
    that channel, or has no placement there, InvalidArgument for a placement that is none.
    """
    offer_no = catalogue.offer_no(offer_id)
    if not offer_no or not catalogue.kind[offer_no]:
        close = _nearest(offer_id, catalogue)
        near = f"; near are {', '.join(close)}" if close else ""
        raise NotFound(f"there is no offer {offer_id}{near}", reason="OFFER_NOT_FOUND")
    _demand_on_offer(offer_id, offer_no, catalogue, playbook, now_us)
    bits = int(catalogue.channel_bits[offer_no])
    if channel and not bits >> channel & 1:
        allowed = ", ".join(channel_name(each) for each in OUTBOUND if bits >> each & 1)
        raise FailedPrecondition(
            f"{offer_id} may not be offered on {channel_name(channel)}; "
            f"channels of ours that it may use: {allowed or 'none'}",
            reason="WRONG_CHANNEL",
        )
    kind = int(catalogue.kind[offer_no])
    channels = [channel] if channel else [each for each in OUTBOUND if bits >> each & 1]
    return OneOffer(offer_no, kind, _ways(offer_id, channels, placement, kind, playbook))


def prices_of(offer: OneOffer, catalogue: Catalogue, playbook: Playbook) -> Prices:
    """Return what telling people of an offer costs, in the home currency."""
    of_acceptance = 0.0
    taken = playbook.taken_each.get(catalogue.offer_ids[offer.offer_no])
    if taken is not None:
        table = playbook.exchange.table(catalogue)
        micros, currency = taken
        if table.base and table.knows(currency):
            micros = table.to_base_micros(micros, currency)
        of_acceptance = micros / 1e6
    return Prices(playbook.contact_costs, of_acceptance)


def _demand_on_offer(
    offer_id: str, offer_no: int, catalogue: Catalogue, playbook: Playbook, now_us: int
) -> None:
    """Raise FailedPrecondition for what nobody can be offered now."""
    starts_us, ends_us = int(catalogue.starts_us[offer_no]), int(catalogue.ends_us[offer_no])
    reason = ""
    if catalogue.withdrawn[offer_no]:
        reason = "was withdrawn"
    elif catalogue.is_defined[offer_no] and offer_id not in playbook.offer_ids:
        reason = "is in no definitions that are in force for everybody"
    elif starts_us > now_us:
        reason = f"is not offered before {from_us(starts_us):%Y-%m-%d %H:%M} UTC"
    elif 0 < ends_us <= now_us:
        reason = f"was offered until {from_us(ends_us):%Y-%m-%d %H:%M} UTC"
    if reason:
        raise FailedPrecondition(f"{offer_id} {reason}", reason="OUT_OF_SCHEDULE")


def _ways(
    offer_id: str, channels: Sequence[int], placement: str, kind: int, playbook: Playbook
) -> Sequence[Way]:
    """Return a way for each channel that has a placement for such an offer."""
    if placement:
        known = {each.name: each for each in playbook.places}
        if placement not in known:
            close = difflib.get_close_matches(placement, known, n=1)
            near = f"; perhaps {close[0]}" if close else ""
            wrong = f"there is no placement {placement}{near}"
            raise InvalidArgument([FieldViolation("placement", wrong)])
    places = [each for each in playbook.places if not placement or each.name == placement]
    found = []
    for channel in channels:
        own = [each for each in places if channel in channels_filling(each.channel)]
        name = next((each.name for each in own if kind in each.kinds), None)
        if name is not None:
            found.append(Way(channel, name))
    if not found:
        named = OfferKind.Value.Name(OfferKind.Value.ValueType(kind))
        where = placement or "no placement"
        on = ", ".join(map(channel_name, channels)) or "a channel of ours"
        verb = "does not show" if placement else "shows"
        raise FailedPrecondition(
            f"{offer_id} is of the kind {named}, and {where} {verb} that on {on}",
            reason="PLACEMENT_MISSING",
        )
    return found


def _nearest(offer_id: str, catalogue: Catalogue) -> Sequence[str]:
    """Return offers with a name like it, of those that begin alike where there are many."""
    names = [name for name in catalogue.offer_ids if name]
    if len(names) > _MOST_COMPARED:
        names = list(_alike(offer_id, names))
    return difflib.get_close_matches(offer_id, names, n=_NEAREST)


def _alike(offer_id: str, names: Iterable[str]) -> Iterable[str]:
    found = (name for name in names if name[:3].lower() == offer_id[:3].lower())
    return (name for _, name in zip(range(_MOST_COMPARED), found, strict=False))
