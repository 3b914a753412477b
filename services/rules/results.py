"""Answers GetRuleResults: what each rule did, and what became of what was shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.rules.counting import Counting
from services.rules.domain.people import ERROR, estimate
from services.rules.domain.results import (
    EVERY_RULE,
    HOUR_US,
    AnswerCount,
    AnswerCounts,
    AnswerKey,
    Count,
    CountKey,
    Counts,
    ResultStore,
    Touch,
)
from services.rules.failing import Failing
from services.rules.storage.definitions import PostgresDefinitions
from services.rules.trial_results import LATEST, told_of, trial_answers
from shared.clock import BusinessClock
from shared.errors import NotFound
from touchpoint.rules.v1.rules_pb2 import (
    Rule,
    RuleAnswers,
    RuleCounts,
    RuleMode,
    RulePlacementCounts,
    RuleResult,
)
from touchpoint.rules.v1.rules_service_pb2 import GetRuleResultsRequest, GetRuleResultsResponse

_USUAL_US = 7 * 24 * HOUR_US
Rules = Mapping[str, Rule]
"""The rules of a bundle, by name and in its order."""


@dataclass(slots=True)
class _Found:
    """What was counted, and under which definitions."""

    active: Rules
    counts: Counts
    answers: AnswerCounts
    bundles: dict[str, Rules] = field(default_factory=dict)
    """Those that decided, by hash."""

    def names(self, wanted: Sequence[str]) -> Iterable[str]:
        """Return the rules to tell of, in the order of the active bundle, then by name."""
        known = {key.rule for key in self.counts} | {key.rule for key in self.answers}
        others = sorted(known - self.active.keys() - {EVERY_RULE})
        return [name for name in (*self.active, *others) if not wanted or name in wanted]

    def count(self, rule: str, *, shadow: bool = False) -> Count:
        return self.counts.get(CountKey(0, rule, shadow, ""), Count())

    def answer(self, bundle_hash: str, rule: str, touch: Touch) -> AnswerCount:
        return self.answers.get(AnswerKey(0, bundle_hash, rule, touch), AnswerCount())


class Results:
    """Reads what all replicas wrote; what this one counted meanwhile is written before."""

    def __init__(
        self,
        store: ResultStore,
        counting: Counting,
        definitions: PostgresDefinitions,
        clock: BusinessClock,
    ) -> None:
        self._store = store
        self._counting = counting
        self._definitions = definitions
        self._clock = clock
        self.failing = Failing(store, counting, clock)
        """Which of them fail just now."""

    async def get(self, request: GetRuleResultsRequest) -> GetRuleResultsResponse:
        """Return the results of whole hours; raises the kit's errors."""
        await self._counting.write()
        now_us = self._clock.now_us()
        until_us = request.until_time.ToMicroseconds() or now_us + 1
        since_us = request.since_time.ToMicroseconds() or until_us - _USUAL_US
        since_us -= since_us % HOUR_US
        active_hash = (await self._definitions.pointer()).active
        found = _Found(
            await self._rules(active_hash),
            await self._store.counts(since_us, until_us),
            await self._store.answers(since_us, until_us),
        )
        for bundle_hash in sorted({key.bundle_hash for key in found.answers}):
            found.bundles[bundle_hash] = await self._rules(bundle_hash)
        every = found.count(EVERY_RULE)
        response = GetRuleResultsResponse(
            results=[_result(found, name) for name in found.names(request.rules)],
            decisions=every.decisions,
            people=estimate(every.people),
            answers=told_of(_every_answer(found)),
            bundle_hash=active_hash,
        )
        versions = await self._definitions.versions(0, LATEST)
        response.trials.extend(
            await trial_answers(self._store, versions, since_us, until_us, self._rules)
        )
        response.since_time.FromMicroseconds(since_us)
        response.until_time.FromMicroseconds(min(until_us, now_us))
        return response

    async def _rules(self, bundle_hash: str) -> Rules:
        try:
            bundle = await self._definitions.bundle(bundle_hash)
        except NotFound:
            return {}
        return {rule.name: rule for rule in bundle.rules}


def _result(found: _Found, name: str) -> RuleResult:
    rule = found.active.get(name, Rule())
    return RuleResult(
        rule=name,
        level=rule.level,
        code=rule.code,
        mode=_mode(found.active, name),
        enforced=_counts(found, name, shadow=False),
        shadow=_counts(found, name, shadow=True),
        answers=[_answers(found, bundle_hash, name) for bundle_hash in found.bundles],
    )


def _mode(rules: Rules, name: str) -> RuleMode.Value.ValueType:
    if name not in rules:
        return RuleMode.UNSPECIFIED
    return rules[name].mode or RuleMode.ENFORCED


def _counts(found: _Found, name: str, *, shadow: bool) -> RuleCounts:
    count = found.count(name, shadow=shadow)
    placements = {
        key.placement: each.decisions
        for key, each in found.counts.items()
        if key.rule == name and key.shadow == shadow and key.placement
    }
    return RuleCounts(
        decisions=count.decisions,
        candidates=count.candidates,
        failed=count.failed,
        people=estimate(count.people),
        people_error=ERROR,
        placements=[
            RulePlacementCounts(placement=placement, decisions=decisions)
            for placement, decisions in sorted(placements.items())
        ],
    )


def _answers(found: _Found, bundle_hash: str, name: str) -> RuleAnswers:
    touched = AnswerCount()
    for touch in (Touch.ACTED, Touch.WOULD_HAVE_ACTED):
        touched.add(found.answer(bundle_hash, name, touch))
    every = found.answer(bundle_hash, EVERY_RULE, Touch.NONE)
    untouched = AnswerCount(
        every.shown - touched.shown,
        every.accepted - touched.accepted,
        every.declined - touched.declined,
        every.value_micros - touched.value_micros,
    )
    return RuleAnswers(
        bundle_hash=bundle_hash,
        mode=_mode(found.bundles[bundle_hash], name),
        touched=told_of(touched),
        untouched=told_of(untouched),
        would_be_removed=told_of(found.answer(bundle_hash, name, Touch.WOULD_HAVE_REMOVED)),
    )


def _every_answer(found: _Found) -> AnswerCount:
    every = AnswerCount()
    for bundle_hash in found.bundles:
        every.add(found.answer(bundle_hash, EVERY_RULE, Touch.NONE))
    return every
