"""Reads off the record of versions when experiments ran, and when the arms had the same shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from services.rules.storage.experiments import Activation, History
from shared.arm_shares import Arms, arms
from shared.experiments import EQUAL, OPEN_END_US, ExperimentShares, moved_by, shares_of
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentRun, SharingOut


@dataclass(frozen=True, slots=True)
class Span:
    """One activation, until the next one."""

    since_us: int
    until_us: int
    bundle_hash: str
    trial: Trial | None

    @property
    def hashes(self) -> tuple[str, ...]:
        """Return everybody's bundle, then that of the trial."""
        return (self.bundle_hash, *([self.trial.bundle_hash] if self.trial is not None else ()))


@dataclass(slots=True)
class _Run:
    began_us: int
    ended_us: int
    ended_by_definitions: bool
    spans: list[Span] = field(default_factory=list)


class Runs:
    """When there were runs, and by which sharings out, as messages."""

    def __init__(self, history: History) -> None:
        self._spans = spans_of(history.activations)
        found = chain.from_iterable(span.hashes for span in self._spans)
        self.bundle_hashes: Sequence[str] = list(dict.fromkeys(found))
        """All that were in force so far, which messages refer to by place."""
        self._places = {each: place for place, each in enumerate(self.bundle_hashes)}
        self._arms = {each: arms(history.sharings[each].parameters) for each in self.bundle_hashes}
        self._experiments: Mapping[str, Mapping[str, Experiment]] = {
            each: {said.experiment: said for said in history.sharings[each].experiments}
            for each in self.bundle_hashes
        }

    def of_arms(self) -> Sequence[ExperimentRun]:
        """Return when everybody was shared out over the arms by the same shares and salt."""
        runs: list[_Run] = []
        for span in self._spans:
            if runs and self._arms_alike(runs[-1].spans[-1], span):
                runs[-1].spans.append(span)
                runs[-1].ended_us = span.until_us
            else:
                runs.append(_Run(span.since_us, span.until_us, True, [span]))
        return [self._message(each, lambda _: None) for each in runs]

    def of(self, experiment: str) -> Sequence[ExperimentRun]:
        """Return when people were in an experiment, without interruption and without being moved.

        Its end by `ends_time` may lie ahead.
        """
        runs: list[_Run] = []
        for span in self._spans:
            found = [*self._defined(experiment, span)]
            since_us = max(span.since_us, min((each.starts_us for each in found), default=0))
            until_us = min(span.until_us, max((each.ends_us for each in found), default=0))
            if since_us >= until_us:
                continue
            if runs and runs[-1].ended_us == since_us and self._stay(experiment, runs[-1], span):
                run = runs[-1]
                run.ended_us = until_us
                run.spans.append(span)
            else:
                run = _Run(since_us, until_us, False, [span])
                runs.append(run)
            run.ended_by_definitions = until_us == span.until_us
        return [self._message(run, lambda one: self._said(experiment, one)) for run in runs]

    def _said(self, experiment: str, bundle_hash: str) -> Experiment | None:
        return self._experiments[bundle_hash].get(experiment)

    def _defined(self, experiment: str, span: Span) -> Iterator[ExperimentShares]:
        for bundle_hash in span.hashes:
            if (said := self._said(experiment, bundle_hash)) is not None:
                yield shares_of(said)

    def _stay(self, experiment: str, run: _Run, span: Span) -> bool:
        """Say whether all who are in a run are where they were when a span begins."""
        before = run.spans[-1]
        was, now = (_widest([*self._defined(experiment, each)]) for each in (before, span))
        old, new = self._arms[before.bundle_hash], self._arms[span.bundle_hash]
        more = new.holdout_share + new.static_share > old.holdout_share + old.static_share + EQUAL
        return not (moved_by(was, now) or more or new.salt != old.salt)

    def _arms_alike(self, before: Span, span: Span) -> bool:
        return self._arms_of(before) == self._arms_of(span)

    def _arms_of(self, span: Span) -> tuple[Arms, Arms | None, float, str]:
        """Return the arms of a span, and those of its trial if they are others."""
        everybody, trial = self._arms[span.bundle_hash], span.trial
        if trial is None or self._arms[trial.bundle_hash] == everybody:
            return everybody, None, 0.0, ""
        return everybody, self._arms[trial.bundle_hash], trial.share, trial.salt

    def _message(self, run: _Run, said: Callable[[str], Experiment | None]) -> ExperimentRun:
        message, has_end = ExperimentRun(), run.ended_us < OPEN_END_US
        message.began_time.FromMicroseconds(run.began_us)
        if has_end:
            message.ended_time.FromMicroseconds(run.ended_us)
        message.ended_by_definitions = run.ended_by_definitions and has_end
        place_of = self._share_out(run, said, message)
        last = run.spans[-1]
        message.everybody = place_of[last.bundle_hash]
        if last.trial is not None:
            message.trial.CopyFrom(last.trial)
            message.tried = place_of[last.trial.bundle_hash]
        return message

    def _share_out(
        self, run: _Run, said: Callable[[str], Experiment | None], message: ExperimentRun
    ) -> Mapping[str, int]:
        """Add how people were shared out in a run; returns the place of each bundle's."""
        places: dict[tuple[Arms, bytes], int] = {}
        place_of: dict[str, int] = {}
        in_turn = ((span, bundle_hash) for span in run.spans for bundle_hash in span.hashes)
        for span, bundle_hash in in_turn:
            if bundle_hash in place_of:
                continue
            found, shared = said(bundle_hash), self._arms[bundle_hash]
            text = b"" if found is None else found.SerializeToString(deterministic=True)
            place = places.setdefault((shared, text), len(places))
            if place == len(message.sharings):
                since_us = max(span.since_us, run.began_us)
                message.sharings.append(_sharing(shared, found, since_us))
            message.sharings[place].bundles.append(self._places[bundle_hash])
            place_of[bundle_hash] = place
        return place_of


def spans_of(activations: Sequence[Activation]) -> Sequence[Span]:
    """Return how long each activation was in force; the last one is for ever."""
    ends = [*(each.since_us for each in activations[1:]), OPEN_END_US]
    return [
        Span(each.since_us, until_us, each.bundle_hash, each.trial)
        for each, until_us in zip(activations, ends, strict=False)
    ]


def _widest(found: Sequence[ExperimentShares]) -> ExperimentShares:
    return max(found, key=lambda each: (each.share, len(each.variants)))


def _sharing(found: Arms, experiment: Experiment | None, since_us: int) -> SharingOut:
    sharing = SharingOut(
        holdout_share=found.holdout_share,
        static_share=found.static_share,
        arm_salt=found.salt,
        experiment=experiment,
    )
    sharing.since_time.FromMicroseconds(since_us)
    return sharing
