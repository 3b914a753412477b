"""What an experiment says, in words: one line for each of its fields and of its variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentVariant, RankerChange
from touchpoint.rules.v1.rules_pb2 import Bundle

_SWITCHED = ("rules", "scenarios", "slate_rules")


def experiments_told(bundle: Bundle) -> Sequence[tuple[str, Mapping[str, str]]]:
    """Return the experiments of a bundle by name, each as text by field."""
    return [(each.experiment, dict(_fields(each))) for each in bundle.experiments]


def _fields(experiment: Experiment) -> Iterator[tuple[str, str]]:
    yield "hypothesis", experiment.hypothesis
    yield "share", f"{experiment.share * 100:g}%"
    yield "goal", experiment.goal
    for name in ("starts_time", "ends_time"):
        if experiment.HasField(name):
            time: Timestamp = getattr(experiment, name)
            yield name, time.ToJsonString()
    if experiment.salt:
        yield "salt", experiment.salt
    if experiment.guards:
        yield "guards", ", ".join(experiment.guards)
    if experiment.minimal_effect:
        yield "minimal_effect", f"{experiment.minimal_effect * 100:g}%"
    for variant in experiment.variants:
        yield f"variant {variant.variant}", "; ".join(_said_of(variant))


def _said_of(variant: ExperimentVariant) -> Iterator[str]:
    yield f"{variant.share * 100:.4g}%"
    for section in _SWITCHED:
        switches = getattr(variant, section)
        for direction in ("off", "on"):
            if names := getattr(switches, direction):
                yield f"{section} {direction}: {', '.join(names)}"
    yield from _ranker(variant.ranker)


def _ranker(ranker: RankerChange) -> Iterator[str]:
    if ranker.HasField("exploration"):
        yield f"exploration {ranker.exploration * 100:g}%"
    if ranker.priors_only:
        yield "priors only"
    if ranker.levers:
        levers = (f"{offer_id} {ranker.levers[offer_id]:g}" for offer_id in sorted(ranker.levers))
        yield f"levers: {', '.join(levers)}"
