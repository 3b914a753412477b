"""Measures the served ranking and its rivals by one protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import MeasurementError
from bench.figures import Definition, significant
from bench.quality.protocols import ALL, NOVEL, Proof, Protocol
from bench.quality.rivals import ImplicitAls, OwnFrequency, Popularity, RivalMissingError
from bench.quality.scores import Ranker, Scores, interval, scores_of
from bench.quality.served import Served
from bench.quality.shop import Shop

Row = Mapping[str, Any]
Tell = Callable[[str], None]
_NO_TARGET = Definition("quality", "share")
_NDCG_TOLERANCE = 0.0005
_RECALL_TOLERANCE = 0.001
_RIVALS: Mapping[str, Callable[[Shop], Ranker]] = {
    "popularity": Popularity,
    "own_frequency": OwnFrequency,
    "implicit": ImplicitAls,
}


def measured(protocol: Protocol, tell: Tell) -> Iterator[Row]:
    """Yield the figures, popularity first.

    Raises ShopMissingError, and MeasurementError when popularity does not come to what it must.
    """
    tell(f"reading {protocol.name}")
    shop = protocol.load()
    for name, make in _RIVALS.items():
        tell(f"{name} on {protocol.name}")
        try:
            rival = make(shop)
        except RivalMissingError as error:
            tell(str(error))
            continue
        for part in (each for each in (ALL, NOVEL) if name in protocol.rivals[each]):
            scores = scores_of(rival, shop, novel=part == NOVEL)
            if name == "popularity":
                _prove(protocol.name, part, protocol.proofs[part], scores)
            yield from _rows(f"{protocol.name}_{part}", f"_of_{name}", scores, {})
    yield from _served(protocol, shop, tell)


def _served(protocol: Protocol, shop: Shop, tell: Tell) -> Iterator[Row]:
    steps: list[str] = []

    def on_progress(step: str, share: float) -> None:
        if step not in steps:
            steps.append(step)
            tell(f"{step} on {protocol.name}")

    began = time.monotonic()
    served = Served(shop, on_progress)
    found = served.report
    tell(
        f"trained in {time.monotonic() - began:.0f} s: regularisation {found.regularisation:g}, "
        f"unobserved weight {found.unobserved_weight:g}"
    )
    for part in (ALL, NOVEL):
        scores = scores_of(served, shop, novel=part == NOVEL)
        yield from _rows(f"{protocol.name}_{part}", "", scores, protocol.targets)


def _prove(shop: str, part: str, proof: Proof, scores: Scores) -> None:
    ndcg10, recall100 = float(scores.ndcg10.mean()), float(scores.recall100.mean())
    is_near = abs(ndcg10 - proof.ndcg10) <= _NDCG_TOLERANCE
    if not (is_near and abs(recall100 - proof.recall100) <= _RECALL_TOLERANCE):
        raise MeasurementError(
            f"void: popularity on {shop}, {part} items, came to {ndcg10:.4f} ({recall100:.3f}), "
            f"known is {proof.ndcg10:.4f} ({proof.recall100:.3f})"
        )


def _rows(
    prefix: str, suffix: str, scores: Scores, targets: Mapping[str, Definition]
) -> Iterator[Row]:
    for metric, values in (("ndcg10", scores.ndcg10), ("recall100", scores.recall100)):
        name = f"{prefix}_{metric}"
        definition = targets.get(name.removeprefix(prefix[: prefix.rindex("_") + 1]), _NO_TARGET)
        yield _row(name + suffix, values, definition)


def _row(name: str, values: NDArray[np.float64], definition: Definition) -> Row:
    mean = float(values.mean())
    return {
        "name": name,
        "value": significant(mean),
        "unit": definition.unit,
        "target": definition.target,
        "ok": definition.is_met(mean),
        "spread": [significant(bound) for bound in interval(values)],
    }
