"""What a stage proposes: one thing, and where it can be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.rules.definitions.problems import suggestion
from services.rules.definitions.reading import Entry
from services.rules.definitions.scenario_graph import is_found
from services.rules.definitions.stage_places import Step
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.rules_pb2 import Stage

Found = tuple[tuple[Step, ...], str]


def wrongly_proposed(where: tuple[Step, ...], stage: Stage) -> Iterator[Found]:
    """Tell what is wrong with what a stage proposes."""
    proposal = stage.propose
    named = (proposal.offer, proposal.offers, proposal.source, proposal.its_item)
    if sum(map(bool, named)) != 1:
        yield where, f"stage {stage.stage} needs one of offer, offers, source and its_item"
    if proposal.most and not proposal.source:
        yield (*where, "most"), f"stage {stage.stage}: most needs source"


def not_shown_at(
    name: str, stage: Stage, offers: Mapping[str, Entry], placements: Mapping[str, Entry]
) -> Iterator[str]:
    """Tell why a stage's proposal is not shown at a placement, by its name."""
    if name not in placements:
        yield f"there is no placement {name}{suggestion(name, placements)}"
        return
    if is_found(stage) and not _shows_items(placements[name]):
        yield f"{name} shows no PRODUCT, which is what is found"
    for offer_id in (
        *([stage.propose.offer] if stage.propose.offer else ()),
        *stage.propose.offers,
    ):
        if offer_id in offers:
            yield from _never_shown(offers[offer_id], placements[name])


def _shows_items(placement: Entry) -> bool:
    return OfferKind.PRODUCT in placement.values.get("kinds", (OfferKind.PRODUCT,))


def _never_shown(offer: Entry, placement: Entry) -> Iterator[str]:
    """Tell why a placement never shows an offer."""
    shown, where = offer.values["offer_id"], placement.values["placement"]
    kind, channel = offer.values.get("kind"), placement.values.get("channel")
    if kind and kind not in placement.values.get("kinds", (kind,)):
        yield f"{where} shows no {OfferKind.Value.Name(kind)}, which {shown} is"
    if channel and channel not in (offer.values.get("channels") or (channel,)):
        yield f"{shown} is not for the channel {Channel.Value.Name(channel)} of {where}"
