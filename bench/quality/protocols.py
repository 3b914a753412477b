"""What is measured on each shop, what it should come to, and what proves the harness right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Definition
from bench.quality import journey, online_retail
from bench.quality.shop import Shop

ALL = "all"
NOVEL = "novel"


@dataclass(frozen=True, slots=True)
class Proof:
    """What popularity is known to come to: with another value all else would mean nothing."""

    ndcg10: float
    recall100: float


@dataclass(frozen=True, slots=True)
class Protocol:
    """One shop and how it is cut."""

    name: str
    load: Callable[[], Shop]
    proofs: Mapping[str, Proof]
    """By what is ranked: all items, or those new to the person."""
    rivals: Mapping[str, Sequence[str]]
    targets: Mapping[str, Definition]
    """By the metric of the served ranking."""


def _at_least(value: float) -> Definition:
    return Definition("quality", "share", at_least=value)


PROTOCOLS: Sequence[Protocol] = (
    Protocol(
        "online_retail",
        online_retail.load,
        proofs={ALL: Proof(0.1182, 0.232), NOVEL: Proof(0.0502, 0.161)},
        rivals={
            ALL: ("popularity", "own_frequency", "item_knn", "implicit"),
            NOVEL: ("popularity", "item_knn", "implicit"),
        },
        targets={
            "all_ndcg10": _at_least(0.42),
            "all_recall100": _at_least(0.50),
            "novel_ndcg10": _at_least(0.135),
            "novel_recall100": _at_least(0.285),
        },
    ),
    Protocol(
        "journey",
        journey.load,
        proofs={ALL: Proof(0.1712, 0.144), NOVEL: Proof(0.0393, 0.082)},
        rivals={
            ALL: ("popularity", "own_frequency", "item_knn", "implicit"),
            NOVEL: ("popularity", "item_knn", "implicit"),
        },
        targets={
            "all_ndcg10": _at_least(0.42),
            "all_recall100": _at_least(0.34),
            "novel_ndcg10": _at_least(0.050),
            "novel_recall100": _at_least(0.110),
        },
    ),
)
