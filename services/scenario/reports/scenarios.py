"""What becomes of scenarios while they are live, for reports."""

from __future__ import annotations

import difflib

from services.scenario.definitions import Playbook
from services.scenario.domain.counts import Counted, Counts, CountStore
from services.scenario.domain.graph import MOST_US
from services.scenario.domain.scenario import Scenario
from services.scenario.reports.scenario_messages import Parts, report_of
from shared.clock import BusinessClock, from_us
from shared.definitions import BundleFollower
from shared.errors import NotFound
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.scenario.v1 import reports_pb2 as pb

OVERDUE_US = 5 * 60_000_000
"""What was due for longer and has not moved is stuck: no worker, however busy, takes as long."""
PARKED_LONG_US = 86_400_000_000
"""What is parked for longer is stuck: it was looked at every hour."""
ENDLESS_US = MOST_US
"""What is in a stage for longer that no time ends is stuck: for as long a goal counts at most."""


class ScenarioReports:
    """Answers `GetScenarioReport`."""

    def __init__(
        self, counts: CountStore, bundles: BundleFollower[Playbook], clock: BusinessClock
    ) -> None:
        self._counts = counts
        self._bundles = bundles
        self._clock = clock

    async def answer(self, request: pb.GetScenarioReportRequest) -> pb.GetScenarioReportResponse:
        """Return what was asked for; raises `NotFound` with the nearest names."""
        now_us = self._clock.now_us()
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        playbook = self._bundles.active
        counts = await self._counts.counts(
            Counted(
                since_us=since_us,
                now_us=now_us,
                scenario=request.scenario,
                overdue_us=now_us - OVERDUE_US,
                parked_us=now_us - PARKED_LONG_US,
                endless_us=now_us - ENDLESS_US,
            )
        )
        response = pb.GetScenarioReportResponse(
            scenarios=[
                await self._report(name, playbook, counts)
                for name in await self._names(request.scenario, playbook, counts)
            ]
        )
        if since_us:
            response.since_time.FromDatetime(from_us(since_us))
        response.until_time.FromDatetime(from_us(now_us))
        return response

    async def _names(self, asked: str, playbook: Playbook, counts: Counts) -> list[str]:
        known = counts.scenarios() | playbook.defined.keys()
        if not asked:
            return sorted(known)
        if asked in known or await self._counts.latest_edition(asked) is not None:
            return [asked]
        names = sorted(playbook.defined)
        close = difflib.get_close_matches(asked, names) or names
        told = f"; known are {', '.join(close)}" if close else ", and none is defined"
        raise NotFound(f"there is no scenario {asked}{told}", reason="SCENARIO_NOT_FOUND")

    async def _report(self, name: str, playbook: Playbook, counts: Counts) -> pb.ScenarioReport:
        defined = playbook.defined.get(name)
        edition = defined or await self._counts.latest_edition(name)
        report = report_of(Parts.of(name, edition, counts), is_defined=defined is not None)
        if defined is not None:
            report.mode = _mode(defined, playbook)
        return report


def _mode(scenario: Scenario, playbook: Playbook) -> RuleMode.Value.ValueType:
    if scenario.name not in playbook.scenarios:
        return RuleMode.OFF
    return RuleMode.SHADOW if scenario.is_shadow else RuleMode.ENFORCED
