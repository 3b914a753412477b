"""Messages that stages send: whether their template has words for them, and a place for offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.rules.definitions.problems import suggestion
from services.rules.definitions.reading import Entry
from services.rules.definitions.stage_places import Step
from services.rules.definitions.templates import KnownTemplate
from shared.filling import channels_filling
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.scenarios_pb2 import Outbound

Found = tuple[tuple[Step, ...], str]
"""What is wrong, after the way to where it stands."""


def unsendable(
    where: tuple[Step, ...],
    send: Outbound,
    placements: Mapping[str, Entry],
    templates: Mapping[str, KnownTemplate],
) -> Iterator[Found]:
    """Tell why a message cannot be written, or not on one of its channels."""
    yield from _worded(where, send, templates)
    carries = bool(send.placement or send.offers)
    if send.limit and not carries:
        yield (*where, "limit"), "limit needs a placement, or offers"
    if send.placement and send.placement not in placements:
        suggested = suggestion(send.placement, placements)
        yield (*where, "placement"), f"there is no placement {send.placement}{suggested}"
    elif carries:
        yield from _carried(where, send, placements)


def _worded(
    where: tuple[Step, ...], send: Outbound, templates: Mapping[str, KnownTemplate]
) -> Iterator[Found]:
    template = templates.get(send.template)
    if template is None:
        suggested = suggestion(send.template, templates)
        yield (*where, "template"), f"there is no template {send.template}{suggested}"
        return
    for channel in _written(send):
        if channel not in template.channels:
            message = f"template {send.template} has no words for {Channel.Value.Name(channel)}"
            yield (*where, "template"), message
    if template.tells_offers and not (send.placement or send.offers):
        message = f"template {send.template} tells of offers: name a placement, or offers"
        yield (*where, "template"), message


def _written(send: Outbound) -> list[Channel.Value.ValueType]:
    """Return the channels on which something is written: what a call says is its task's matter."""
    return [channel for channel in send.channels if channel != Channel.CALL_CENTER]


def _carried(
    where: tuple[Step, ...], send: Outbound, placements: Mapping[str, Entry]
) -> Iterator[Found]:
    """Tell of channels on which a message cannot carry what is recommended."""
    if send.placement:
        name = send.placement
        shown_on = placements[name].values.get("channel", 0)
        for channel in _written(send):
            if channel not in channels_filling(shown_on):
                theirs, ours = Channel.Value.Name(shown_on), Channel.Value.Name(channel)
                yield (*where, "placement"), f"{name} is of the channel {theirs}, not {ours}"
        return
    known = {each.values.get("channel") for each in placements.values()}
    for channel in _written(send):
        if channel not in known:
            ours = Channel.Value.Name(channel)
            message = f"offers need a placement of the channel {ours}: there is none"
            yield (*where, "offers"), message
