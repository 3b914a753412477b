"""Refuses definitions that would move people who are in an experiment, or lose their variant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from shared.errors import FailedPrecondition
from shared.experiments import ExperimentShares, moved_by, shares_of
from touchpoint.rules.v1.experiments_pb2 import Experiment
from touchpoint.rules.v1.rules_pb2 import Bundle


def demand_people_stay(
    in_force: Sequence[Bundle],
    new: Bundle,
    taken_part: Sequence[Experiment],
    ending: Collection[str],
    now_us: int,
) -> None:
    """Raise `FailedPrecondition` where the new definitions would move people, with all reasons.

    `in_force` are the definitions that people leave for the new ones, `taken_part` the experiments
    that anybody ever was in, `ending` the names of those that shall end by this.
    """
    wrong = [
        *_lost(in_force, new, {each.experiment for each in taken_part} - {*ending}, now_us),
        *_moved([*taken_part, *_taken_part(in_force, taken_part)], new, now_us),
    ]
    if wrong:
        raise FailedPrecondition("; ".join(dict.fromkeys(wrong)), reason="EXPERIMENT_UNDER_WAY")


def _lost(
    in_force: Sequence[Bundle], new: Bundle, people_in: Collection[str], now_us: int
) -> Iterator[str]:
    """Tell which experiments people would fall out of."""
    kept = {each.experiment for each in new.experiments}
    for experiment in _all(in_force).values():
        if experiment.experiment in kept or experiment.experiment not in people_in:
            continue
        shares = shares_of(experiment)
        if shares.is_running(now_us):
            yield (
                f"{shares.name}: people are in this experiment, and these definitions do not have"
                " it. End it first, by its ends_time, or say that it ends by this"
                f" (--end {shares.name})"
            )


def _moved(before: Sequence[Experiment], new: Bundle, now_us: int) -> Iterator[str]:
    """Tell which experiments would have people in other variants than before."""
    after = {each.experiment: shares_of(each) for each in new.experiments}
    for experiment in before:
        found = after.get(experiment.experiment)
        if found is None:
            continue
        was = shares_of(experiment)
        reasons = [*moved_by(was, found), *_put_off(was, found, now_us)]
        if reasons:
            yield (
                f"{was.name}: people were put into variants of this experiment by its name, and"
                f" these definitions would move them ({', '.join(reasons)}). Its share may grow;"
                " for anything else end it, and give another experiment another name"
            )


def _put_off(was: ExperimentShares, found: ExperimentShares, now_us: int) -> Iterator[str]:
    if was.is_running(now_us) and found.starts_us > now_us:
        yield "it would start later"


def _taken_part(
    in_force: Sequence[Bundle], taken_part: Sequence[Experiment]
) -> Iterator[Experiment]:
    """Yield the experiments in force that people are in, as defined now."""
    names = {each.experiment for each in taken_part}
    for name, experiment in _all(in_force).items():
        if name in names:
            yield experiment


def _all(bundles: Sequence[Bundle]) -> Mapping[str, Experiment]:
    """Return the experiments of several bundles by name; the first one's goes before."""
    return {each.experiment: each for bundle in reversed(bundles) for each in bundle.experiments}
