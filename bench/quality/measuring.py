"""Measures the served ranking and its rivals by one protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from bench.errors import MeasurementError
from bench.figures import Definition
from bench.quality.protocols import ALL, NOVEL, Proof, Protocol
from bench.quality.rivals import ImplicitAls, ItemKnn, OwnFrequency, Popularity, RivalMissingError
from bench.quality.rows import Row, Tell, over, row
from bench.quality.scores import Ranker, Scores, scores_of
from bench.quality.served import Served
from bench.quality.shop import Shop

_NO_TARGET = Definition("quality", "share")
_NDCG_TOLERANCE = 0.0005
_RECALL_TOLERANCE = 0.001
_RIVALS: Mapping[str, Callable[[Shop], Ranker]] = {
    "popularity": Popularity,
    "own_frequency": OwnFrequency,
    "item_knn": ItemKnn,
    "implicit": ImplicitAls,
}


def measured(protocol: Protocol, tell: Tell) -> Iterator[Row]:
    """Yield the figures, popularity first, and last by how much ours are more than each rival's.

    Raises ShopMissingError, and MeasurementError when popularity does not come to what it must.
    """
    tell(f"reading {protocol.name}")
    shop = protocol.load()
    rivals: dict[tuple[str, str], Scores] = {}
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
            rivals[part, name] = scores
            yield from _rows(f"{protocol.name}_{part}", f"_of_{name}", scores, {})
    served = _served(protocol, shop, tell)
    ours = {part: scores_of(served, shop, novel=part == NOVEL) for part in (ALL, NOVEL)}
    for part, scores in ours.items():
        yield from _rows(f"{protocol.name}_{part}", "", scores, protocol.targets)
    for (part, name), theirs in rivals.items():
        yield from _compared(f"{protocol.name}_{part}", name, ours[part], theirs)


def _served(protocol: Protocol, shop: Shop, tell: Tell) -> Served:
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
    return served


def _compared(prefix: str, rival: str, ours: Scores, theirs: Scores) -> Iterator[Row]:
    unit = _NO_TARGET.unit
    yield over(f"{prefix}_ndcg10", rival, ours.ndcg10, theirs.ndcg10, unit)
    yield over(f"{prefix}_recall100", rival, ours.recall100, theirs.recall100, unit)


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
        yield row(name + suffix, values, definition)
