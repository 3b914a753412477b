"""Tells the log what sources failed at, without a line for every request."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from services.retrieval.domain.external import RESTING
from services.retrieval.domain.retriever import SPARED, Report
from shared.logging import get_logger
from touchpoint.common.v1.vocabulary_pb2 import Source

log = get_logger(__name__)

_LEFT_ALONE = frozenset({RESTING, SPARED})
"""No failures: on purpose."""
SOURCE_NAMES: dict[int, str] = {number: name for name, number in Source.Value.items()}
_EVERY_S = 10.0


class FailureLog:
    """Sums up equal failures; the first of each is told at once, a defect with its traceback."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._told_at: dict[tuple[str, str, str], float] = {}
        self._since: Counter[tuple[str, str, str]] = Counter()
        self._dropped: Counter[str] = Counter()

    def add(self, reports: Sequence[Report]) -> None:
        """Take what the sources did about one request."""
        for report in reports:
            if report.failure and report.failure not in _LEFT_ALONE:
                self._failed(report)
            if report.dropped:
                self._left_out(report)

    def _failed(self, report: Report) -> None:
        kind = type(report.defect).__name__ if report.defect else report.failure
        key = (SOURCE_NAMES[report.source], report.plugin, kind)
        self._since[key] += 1
        if self._is_due(key):
            source, plugin, _ = key
            log.warning(
                "source_failed",
                source=source,
                plugin=plugin,
                reason=report.failure,
                times=self._since.pop(key),
                exc_info=report.defect,
            )

    def _left_out(self, report: Report) -> None:
        self._dropped[report.plugin] += report.dropped
        if self._is_due((SOURCE_NAMES[report.source], report.plugin, "dropped")):
            rows = self._dropped.pop(report.plugin)
            log.warning("plugin_rows_dropped", plugin=report.plugin, rows=rows)

    def _is_due(self, key: tuple[str, str, str]) -> bool:
        now = self._monotonic()
        if now - self._told_at.get(key, -_EVERY_S) < _EVERY_S:
            return False
        self._told_at[key] = now
        return True
