"""The sections of slate rules and pins: how their entries are read, and what must hold of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from yaml.nodes import Node

from services.rules.conditions import ConditionCompiler, ConditionError
from services.rules.definitions.assortment import Known
from services.rules.definitions.described import described_mapping
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    one_of,
    parsed,
    read_entry,
    text,
    whole_number,
    word_of,
)
from services.rules.definitions.suspects import Suspects
from services.rules.definitions.text_places import note_condition
from shared.conditions.values import share
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.ranker.v1.ranker_pb2 import SlateSelector
from touchpoint.rules.v1.rules_pb2 import RuleMode

ATTRIBUTES = ("CATEGORY", "BRAND", "KIND", "FAMILY", "OFFER")
DEMANDS = ("at_most", "at_least", "excludes", "share")
MAX_SLATE_RULES = 200
MAX_PINS = 200
KINDS = [name for name, number in OfferKind.Value.items() if number]
_NAME = text(128)
_LEAST_SHARE = 1e-9

_SELECTOR: Mapping[str, Read] = {"attribute": word_of(ATTRIBUTES), "value": text()}


@described_mapping(_SELECTOR, tuple(_SELECTOR), SlateSelector.DESCRIPTOR.full_name)
def _selector(reader: Reader, node: Node) -> SlateSelector:
    entry = read_entry(reader, node, _SELECTOR, tuple(_SELECTOR))
    if entry is None or len(entry.values) < len(_SELECTOR):
        raise MistakeError("is not complete: it needs an attribute and a value")
    return SlateSelector(**entry.values)


def _share(found: str) -> float:
    part = share(found)
    if part < _LEAST_SHARE:
        raise ValueError(f"{found!r} shows it never; write a rule that removes it there")
    return part


SLATE_RULE: Mapping[str, Read] = {
    "name": _NAME,
    "placement": _NAME,
    "attribute": word_of(ATTRIBUTES),
    "depth": whole_number(1, 10),
    "value": text(),
    "at_most": whole_number(1, 50),
    "at_least": whole_number(2, 50),
    "first": whole_number(2, 50),
    "excludes": _selector,
    "share": parsed(_share),
    "position": whole_number(1, 50),
    "mode": one_of(RuleMode, without=("SHADOW",)),
}
SLATE_RULE_REQUIRED = ("attribute",)
PIN: Mapping[str, Read] = {
    "name": _NAME,
    "placement": _NAME,
    "position": whole_number(1, 50),
    "offer": _NAME,
    "when": text(4096),
}
PIN_REQUIRED = ("placement", "position", "offer")


def check_slate_rules(entries: Sequence[Entry], known: Known, problems: Problems) -> None:
    """Note slate rules that say nothing, two things, or speak of what there is not."""
    if len(entries) > MAX_SLATE_RULES:
        surplus = entries[MAX_SLATE_RULES]
        problems.add(surplus.place, f"there are more than {MAX_SLATE_RULES} slate rules")
    for entry in entries:
        _check_placement(entry, known, problems)
        _check_selected(entry, known, problems)
        given = [name for name in DEMANDS if name in entry.places]
        if len(given) != 1:
            said = f"not {' and '.join(given)}" if given else "it says nothing"
            problems.add(entry.place, f"a slate rule says one of {', '.join(DEMANDS)}: {said}")
        _check_companions(entry, problems)
        if "excludes" in entry.values:
            chosen = entry.values["excludes"]
            for message in _selected_mistakes(chosen.attribute, chosen.value, known):
                problems.add(entry.where("excludes"), message)
        if "share" in entry.values:
            _check_share(entry, known, problems)


def check_pins(
    entries: Sequence[Entry],
    known: Known,
    compiler: ConditionCompiler,
    suspects: Suspects,
    problems: Problems,
) -> None:
    """Note pins on what there is not, or where it is not shown, and conditions that are none."""
    if len(entries) > MAX_PINS:
        problems.add(entries[MAX_PINS].place, f"there are more than {MAX_PINS} pins")
    for entry in entries:
        _check_placement(entry, known, problems)
        _check_position(entry, known, problems)
        _check_pinned(entry, known, problems)
        if "when" in entry.values:
            _check_when(entry, known, compiler, suspects, problems)


def _check_pinned(entry: Entry, known: Known, problems: Problems) -> None:
    offer_id = entry.values.get("offer", "")
    kind = known.kind(offer_id)
    if not offer_id:
        return
    if not kind:
        problems.add(entry.where("offer"), _missing(offer_id, known))
    elif not known.shows(entry.values.get("placement", ""), kind):
        message = f"{entry.values['placement']} does not show a {_kind_name(kind)}"
        problems.add(entry.where("offer"), f"{message}, and {offer_id} is one")
    defined = known.offers.get(offer_id)
    if defined is not None and defined.values.get("is_journey_only"):
        problems.add(entry.where("offer"), f"only a journey may propose {offer_id}")
    _check_channel(entry, "offer", offer_id, known, problems)


def _check_channel(
    entry: Entry, name: str, offer_id: str, known: Known, problems: Problems
) -> None:
    """Note an offer that is meant for none of the channels on which the placement is filled."""
    placement = str(entry.values.get("placement", ""))
    channel, channels = known.channel(placement), known.sold(offer_id).channels
    if channel and channels and channels.isdisjoint(known.filled_on(placement)):
        on = Channel.Value.Name(Channel.Value.ValueType(channel))
        problems.add(entry.where(name), f"{placement} is on {on}, which {offer_id} is not for")


def _check_when(
    entry: Entry,
    known: Known,
    compiler: ConditionCompiler,
    suspects: Suspects,
    problems: Problems,
) -> None:
    try:
        condition = compiler.accept(entry.values["when"])
    except ConditionError as error:
        note_condition(entry, "when", error, problems)
        return
    if condition.is_suspect:
        suspects.add(entry, "when", "rule")
    if condition.fields:
        read = ", ".join(sorted(condition.fields))
        message = f"a pin depends on the person and the moment, not on {read}"
        problems.add(entry.where("when"), message)
    for sought in condition.segments_sought:
        if sought not in known.segments:
            message = f"when: there is no segment {sought}{suggestion(sought, known.segments)}"
            problems.add(entry.where("when"), message, warning=True)


def _check_placement(entry: Entry, known: Known, problems: Problems) -> None:
    name = entry.values.get("placement", "")
    if name and name not in known.placements:
        message = f"there is no placement {name}{suggestion(name, known.placements)}"
        problems.add(entry.where("placement"), message)


def _check_position(entry: Entry, known: Known, problems: Problems) -> None:
    placement, position = entry.values.get("placement", ""), entry.values.get("position", 1)
    most = known.limit(placement)
    if placement in known.placements and position > most:
        problems.add(entry.where("position"), f"{placement} shows no more than {most}")


def _check_selected(entry: Entry, known: Known, problems: Problems) -> None:
    values = entry.values
    attribute, value = values.get("attribute", ""), values.get("value", "")
    for message in _selected_mistakes(attribute, value, known):
        problems.add(entry.where("value"), message)
    if "depth" in entry.places and attribute != "CATEGORY":
        problems.add(entry.where("depth"), "depth belongs to the attribute CATEGORY, only to it")
    is_by_itself = "value" not in entry.places and attribute == "CATEGORY"
    if is_by_itself and "depth" not in entry.places:
        problems.add(
            entry.place, "CATEGORY without a value needs the depth of the path that counts"
        )


def _selected_mistakes(attribute: str, value: str, known: Known) -> list[str]:
    if not value:
        return []
    if attribute == "KIND" and value not in KINDS:
        return [f"there is no kind {value}{suggestion(value, KINDS)}"]
    if attribute == "OFFER" and not known.kind(value):
        return [_missing(value, known)]
    if attribute == "FAMILY":
        return ["a FAMILY has no value: of each family one item is shown at most"]
    return []


def _check_companions(entry: Entry, problems: Problems) -> None:
    """Check what is only said together, or never."""
    given, values = entry.places.keys(), entry.values
    for one, other in (("at_least", "first"), ("first", "at_least"), ("position", "share")):
        if one in given and other not in given:
            problems.add(entry.where(one), f"{one} needs {other} beside it")
    for demand in ("excludes", "share"):
        if demand in given and "value" not in given:
            problems.add(entry.place, f"{demand} needs a value: which {_attribute(entry)}")
    if "at_least" in given and "value" in given:
        problems.add(entry.where("value"), "at_least counts different values, so it takes none")
    if values.get("at_least", 0) > values.get("first", 50):
        message = f"{values['first']} cannot hold {values['at_least']} different ones"
        problems.add(entry.where("at_least"), message)


def _check_share(entry: Entry, known: Known, problems: Problems) -> None:
    _check_position(entry, known, problems)
    if "placement" not in entry.places:
        problems.add(entry.place, "a share needs the placement whose slates it is a share of")
    attribute, value = _attribute(entry), entry.values.get("value", "")
    kind = selected_kind(attribute, value, known)
    placement = entry.values.get("placement", "")
    if kind and not known.shows(placement, kind):
        problems.add(entry.where("value"), f"{placement} does not show a {_kind_name(kind)}")
    if attribute == "OFFER":
        _check_channel(entry, "value", value, known, problems)
        defined = known.offers.get(value)
        if defined is not None and defined.values.get("is_journey_only"):
            problems.add(entry.where("value"), f"only a journey may propose {value}")


def selected_kind(attribute: str, value: str, known: Known) -> int:
    """Return the kind of what is selected, 0 where only the catalogue will tell."""
    if attribute == "KIND" and value in KINDS:
        return int(OfferKind.Value.Value(value))
    return known.kind(value) if attribute == "OFFER" else 0


def _attribute(entry: Entry) -> str:
    return str(entry.values.get("attribute", ""))


def _missing(offer_id: str, known: Known) -> str:
    close = suggestion(offer_id, [name for name in known.offers if name])
    return f"there is no offer {offer_id} in these definitions or in the catalogue{close}"


def _kind_name(kind: int) -> str:
    return OfferKind.Value.Name(OfferKind.Value.ValueType(kind))
