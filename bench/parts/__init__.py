"""The parts of the benchmark, in the order in which they are measured."""

from __future__ import annotations

from collections.abc import Sequence

from bench.part import Part
from bench.parts import (
    apply,
    audience,
    backtest,
    click_to_call,
    edge,
    freshness,
    imports,
    index,
    learning,
    limits,
    memory,
    privacy,
    rank,
    reading,
    recommend,
    retrieval,
    retrieval_live,
    rules,
    rules_reload,
    segments,
    timers,
    track,
    training,
)

_REPLICATED = (
    *("--replicas", "aggregator=2"),
    *("--replicas", "profile=2"),
    *("--replicas", "rules=2"),
    *("--replicas", "ranker=2"),
)
_ALL_TWICE = (
    *_REPLICATED,
    *("--replicas", "retrieval=2"),
    *("--replicas", "scenario=2"),
)
_GROCER = ("--data", "grocer")
_RETRIEVAL_TWICE = ("--replicas", "retrieval=2")

PARTS: Sequence[Part] = (
    Part("edge", edge.measure, settings=edge.SETTINGS),
    Part("recommend", recommend.measure, settings=edge.SETTINGS, is_large=True),
    Part("memory", memory.measure),
    Part("backtest", backtest.measure),
    Part("track", track.measure),
    Part("import", imports.measure),
    Part("timers", timers.measure),
    Part("click_to_call", click_to_call.measure),
    Part("segments", segments.measure),
    Part("audience", audience.measure),
    Part("rules", rules.measure),
    Part("rank", rank.measure),
    Part("reading", reading.measure),
    Part("privacy", privacy.measure),
    Part("retrieval", retrieval.measure),
    Part("index", index.measure),
    Part("index_10m", index.measure_large, is_large=True),
    Part("learning", learning.measure, _REPLICATED),
    Part("freshness", freshness.measure, _REPLICATED),
    Part("limits", limits.measure, _REPLICATED),
    Part("rules_reload", rules_reload.measure, _REPLICATED),
    Part("apply", apply.measure, _ALL_TWICE),
    Part("retrieval_live", retrieval_live.measure, _RETRIEVAL_TWICE),
    Part("training", training.measure, _GROCER, needs=training.NEEDS),
)
