"""The section of experiments: how its entries are read, and what it makes of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yaml.nodes import MappingNode, Node

from services.rules.definitions.described import described, described_mapping, schema_of
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    flag,
    list_of,
    number,
    parsed,
    proto_time,
    read_entry,
    text,
    word_of,
)
from shared.conditions.values import share
from shared.measures import MEASURES
from touchpoint.rules.v1.experiments_pb2 import (
    Experiment,
    ExperimentVariant,
    RankerChange,
    Switches,
)

MOST_VARIANTS = 10
MOST_SWITCHED = 100
SWITCHED = ("rules", "scenarios", "slate_rules")
"""What a variant may switch, by section."""
_LEAST_SHARE = 1e-6
_LEVER = number(0.001, 1000)
_NAME = text(128)


def _share(found: str) -> float:
    part = share(found)
    if part < _LEAST_SHARE:
        raise ValueError(f"{found!r} is nobody")
    return part


@described(
    lambda: {
        "type": "object",
        "additionalProperties": schema_of(_LEVER),
        "maxProperties": MOST_SWITCHED,
    }
)
def _levers(reader: Reader, node: Node) -> dict[str, float]:
    if not isinstance(node, MappingNode) or len(node.value) > MOST_SWITCHED:
        raise MistakeError(f"must be a mapping of at most {MOST_SWITCHED} offers to a factor")
    found: dict[str, float] = {}
    for key, value in node.value:
        try:
            offer_id = _NAME(reader, key)
            if offer_id in found:
                reader.mistake(key, f"{offer_id} is given twice")
            found[offer_id] = _LEVER(reader, value)
        except MistakeError as error:
            reader.mistake(value, f"levers {error}")
    return found


def _part(fields: Mapping[str, Read], message: Any, required: Sequence[str] = ()) -> Read:
    """Read a mapping within an entry and keep its places."""

    @described_mapping(fields, required, message.DESCRIPTOR.full_name)
    def read(reader: Reader, node: Node) -> Entry:
        entry = read_entry(reader, node, fields, required)
        if entry is None:
            raise MistakeError("is not complete")
        return entry

    return read


_NAMES = list_of(_NAME, MOST_SWITCHED)
_SWITCHES = _part({"off": _NAMES, "on": _NAMES}, Switches)
_RANKER = _part(
    {"exploration": parsed(share), "priors_only": flag, "levers": _levers}, RankerChange
)
_VARIANT = _part(
    {
        "variant": _NAME,
        "share": parsed(_share),
        **dict.fromkeys(SWITCHED, _SWITCHES),
        "ranker": _RANKER,
    },
    ExperimentVariant,
    ("variant",),
)
_MEASURE = word_of(MEASURES)
FIELDS: Mapping[str, Read] = {
    "experiment": _NAME,
    "hypothesis": text(2000),
    "share": parsed(_share),
    "salt": _NAME,
    "starts_time": parsed(proto_time),
    "ends_time": parsed(proto_time),
    "goal": _MEASURE,
    "guards": list_of(_MEASURE, len(MEASURES)),
    "minimal_effect": parsed(_share),
    "variants": list_of(_VARIANT, MOST_VARIANTS),
}
REQUIRED = ("experiment", "hypothesis", "share", "goal", "variants")


def experiment_of(variants: Sequence[Entry], **said: Any) -> Experiment:
    """Return the experiment that an entry says."""
    parts = shares_of(variants)
    return Experiment(
        variants=[_variant(each, part) for each, part in zip(variants, parts, strict=True)], **said
    )


def shares_of(variants: Sequence[Entry]) -> list[float]:
    """Return the share of each variant; all the same where none says any, 0 where only it lacks."""
    if any("share" in each.places for each in variants):
        return [each.values.get("share", 0.0) for each in variants]
    return [1.0 / len(variants)] * len(variants)


def are_too_many(shares: Sequence[float]) -> bool:
    """Say whether shares add up to more than everybody; thirds do not."""
    return math.fsum(shares) > 1.0 + _LEAST_SHARE


def _variant(entry: Entry, part: float) -> ExperimentVariant:
    made = ExperimentVariant(variant=entry.values["variant"], share=part)
    for section in SWITCHED:
        if section in entry.values:
            getattr(made, section).CopyFrom(Switches(**entry.values[section].values))
    if "ranker" in entry.values:
        made.ranker.CopyFrom(RankerChange(**entry.values["ranker"].values))
    return made


def touched(variant: Entry) -> Iterator[tuple[str, str]]:
    """Yield what a variant treats otherwise: the section and the name."""
    for section in SWITCHED:
        if section not in variant.values:
            continue
        switches = variant.values[section].values
        for direction in ("off", "on"):
            for name in switches.get(direction, ()):
                yield section, name
    ranker = variant.values.get("ranker")
    if ranker is None:
        return
    if ranker.values.get("priors_only") or "exploration" in ranker.values:
        # By priors alone nothing is explored: who changes the one changes the other.
        yield "ranker", "exploration"
    for offer_id in ranker.values.get("levers", ()):
        yield "lever of", offer_id
