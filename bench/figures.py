"""The figures: their names, units and targets, and how rounds become one value."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is."""

    part: str
    """The part of the benchmark that measures it."""
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    also: Sequence[str] = ()
    """Further parts that measure it, at length."""

    def is_of(self, part: str) -> bool:
        """Say whether a part measures it."""
        return part == self.part or part in self.also

    @property
    def target(self) -> str | None:
        """The target in words; None where there is none."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return None

    def is_met(self, value: float) -> bool:
        """Say whether a value keeps the target; without one every value does."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is None or value >= self.at_least


_PAGES = ("recommend",)

DEFINITIONS: Mapping[str, Definition] = {
    "recommend_p50_ms": Definition("edge", "ms", also=_PAGES),
    "recommend_p99_ms": Definition("edge", "ms", also=_PAGES),
    "recommend_cpu_ms": Definition("edge", "ms", at_most=10, also=_PAGES),
    "floor_p50_ms": Definition("edge", "ms", also=_PAGES),
    "floor_cpu_ms": Definition("edge", "ms", also=_PAGES),
    "recommend_over_floor_p50": Definition("edge", "ratio", at_most=2.6, also=_PAGES),
    "rated_rps": Definition("edge", "requests/s", also=_PAGES),
    "floor_rps": Definition("edge", "requests/s", also=_PAGES),
    "rated_over_floor": Definition("edge", "ratio", at_least=0.33, also=_PAGES),
    "in_deadline_50_share": Definition("edge", "share", at_least=0.99, also=_PAGES),
    "in_deadline_100_share": Definition("edge", "share", at_least=0.999, also=_PAGES),
    "undegraded_share": Definition("edge", "share", at_least=0.99, also=_PAGES),
    "recommend_p99_under_track_ratio": Definition("edge", "ratio", at_most=2, also=_PAGES),
    "recommend_300_p99_ms": Definition("edge", "ms", at_most=24),
    "recommend_300_colocated_p99_ms": Definition("edge", "ms", at_most=12),
    "colocated_over_separate_rated": Definition("edge", "ratio", at_least=1.6),
    "colocated_cpu_over_separate": Definition("edge", "ratio", at_most=0.65),
    "goodput_2x": Definition("edge", "ratio", at_least=0.85),
    "goodput_2x_retrying": Definition("edge", "ratio", at_least=0.7),
    "goodput_5x": Definition("edge", "ratio", at_least=0.3),
    "goodput_10x": Definition("edge", "ratio", at_least=0.85),
    "refusal_p50_ms": Definition("edge", "ms", at_most=8),
    "refusal_p99_ms": Definition("edge", "ms", at_most=40),
    "agent_in_deadline_2x": Definition("edge", "share", at_least=0.99),
    "recovery_s": Definition("edge", "s", at_most=1),
    "hedging_p999_cut": Definition("edge", "times", at_least=8),
    "hedging_extra_share": Definition("edge", "share", at_most=0.02),
    "unstalled_p999_ms": Definition("edge", "ms"),
    "in_deadline_share_under_fault": Definition("edge", "share", at_least=0.98),
    "in_deadline_25_share_under_fault": Definition("edge", "share"),
    "track_events_per_s": Definition("track", "events/s"),
    "track_over_raw_insert": Definition("track", "ratio", at_least=0.08),
    "track_single_p99_ms": Definition("track", "ms", at_most=10),
    "import_events_per_s": Definition("import", "events/s", at_least=20_000),
    "import_rss_growth_mb": Definition("import", "MB", at_most=200),
    "timer_lateness_p99_ms": Definition("timers", "ms", at_most=100),
    "event_to_step_p99_ms": Definition("timers", "ms", at_most=250),
    "timers_per_s": Definition("timers", "timers/s", at_least=2_000),
    "timer_claim_p99_ms": Definition("timers", "ms", at_most=20),
    "click_to_call_p99_ms": Definition("click_to_call", "ms", at_most=1_000),
    "customer_view_p99_ms": Definition("edge", "ms", at_most=150),
    "call_event_to_action_p99_ms": Definition("edge", "ms", at_most=250),
    "web_event_to_agent_p99_ms": Definition("edge", "ms", at_most=250),
    "backtest_events_per_s": Definition("backtest", "events/s", at_least=15_000),
    "profile_read_p99_ms": Definition("reading", "ms", at_most=5),
    "export_person_s": Definition("privacy", "s", at_most=30),
    "suppression_ms": Definition("privacy", "ms", at_most=1_000),
    "erasure_s": Definition("privacy", "s", at_most=60),
    "segments_200_ms": Definition("segments", "ms", at_most=2),
    "audience_people_per_s": Definition("audience", "people/s"),
    "retrieve_1m_p99_ms": Definition("retrieval", "ms", at_most=5),
    "retrieve_1m_grpc_p99_ms": Definition("retrieval", "ms"),
    "retrieve_1m_cpu_ms": Definition("retrieval", "ms"),
    "retrieval_restart_1m_s": Definition("retrieval", "s", at_most=10),
    "retrieval_rss_1m_mb": Definition("retrieval", "MB"),
    "index_recall_at_200": Definition("index", "share", at_least=0.98),
    "index_memory_ratio": Definition("index", "ratio", at_most=1.3),
    "index_build_s": Definition("index", "s"),
    "index_search_p50_ms": Definition("index", "ms"),
    "index_search_p99_ms": Definition("index", "ms"),
    "index_filtered_recall": Definition("index", "share", at_least=0.98),
    "index_filtered_count_share": Definition("index", "share", at_least=1),
    "index_filtered_p99_ms": Definition("index", "ms"),
    "index_10m_build_s": Definition("index_10m", "s"),
    "index_10m_build_peak_mb": Definition("index_10m", "MB", at_most=4096),
    "index_10m_search_peak_mb": Definition("index_10m", "MB", at_most=4096),
    "index_10m_recall_at_200": Definition("index_10m", "share", at_least=0.98),
    "index_10m_search_p99_ms": Definition("index_10m", "ms"),
    "upsert_to_searchable_p99_ms": Definition("retrieval_live", "ms", at_most=1_000),
    "withdrawn_to_gone_p99_ms": Definition("retrieval_live", "ms", at_most=1_000),
    "learn_to_other_replica_p99_ms": Definition("learning", "ms", at_most=1_000),
    "learn_events_per_s": Definition("learning", "events/s", at_least=5_000),
    "learn_domain_events_per_s": Definition("learning", "events/s"),
    "snapshot_10m_load_s": Definition("learning", "s", at_most=2),
    "read_your_write_violations": Definition("freshness", "of 1000", at_most=0),
    "contact_limit_violations": Definition("limits", "of 10000", at_most=0),
    "rules_30_domain_ms": Definition("rules", "ms", at_most=1),
    "rules_300_domain_ms": Definition("rules", "ms", at_most=8),
    "rules_30_p99_ms": Definition("rules", "ms", at_most=3),
    "rules_30_grpc_p99_ms": Definition("rules", "ms"),
    "commit_p99_ms": Definition("rules", "ms", at_most=5),
    "commit_handled_p99_ms": Definition("rules", "ms"),
    "hostile_rule_refused_ms": Definition("rules", "ms", at_most=50),
    "rank_200_domain_ms": Definition("rank", "ms", at_most=2),
    "rank_200_p99_ms": Definition("rank", "ms", at_most=4),
    "rank_200_grpc_p99_ms": Definition("rank", "ms"),
    "rules_reload_1000_new_ms": Definition("rules_reload", "ms"),
    "rules_reload_1000_new_slowest_ms": Definition("rules_reload", "ms"),
    "rules_reload_1000_ms": Definition("rules_reload", "ms", at_most=500),
    "rules_reload_slowest_ms": Definition("rules_reload", "ms", at_most=50),
    "apply_to_all_replicas_ms": Definition("apply", "ms", at_most=1_000),
    "rss_total_mb": Definition("memory", "MB", at_most=2048),
    "train_s": Definition("training", "s", at_most=60),
}
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, between the lowest and the highest of its rounds."""

    name: str
    value: float
    low: float
    high: float

    @classmethod
    def median(cls, name: str, rounds: Sequence[float]) -> Self:
        """Return the median of several rounds."""
        return cls(name, statistics.median(rounds), min(rounds), max(rounds))

    @classmethod
    def pooled(cls, name: str, value: float, rounds: Sequence[float]) -> Self:
        """Return a value over all rounds together, such as a share of all requests."""
        return cls(name, value, min(rounds), max(rounds))

    def row(self) -> dict[str, Any]:
        """Return the figure as it is written down."""
        definition = DEFINITIONS[self.name]
        return {
            "name": self.name,
            "value": significant(self.value),
            "unit": definition.unit,
            "target": definition.target,
            "ok": definition.is_met(self.value),
            "spread": [significant(self.low), significant(self.high)],
        }


def significant(value: float) -> float:
    """Round to what a measurement can mean; a share keeps all that it needs near 1."""
    return round(value, 5) if abs(value) < 10 else round(value, 2)
