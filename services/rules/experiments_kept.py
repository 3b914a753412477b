"""Refuses definitions that would move people who are in an experiment, or lose their variant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from shared.arm_shares import arms
from shared.errors import FailedPrecondition
from shared.experiments import EQUAL, ExperimentShares, moved_by, shares_of
from touchpoint.rules.v1.experiments_pb2 import Experiment
from touchpoint.rules.v1.rules_pb2 import Bundle

PeopleIn = tuple[Bundle, Experiment]
"""Definitions in force and one of their experiments that people are in."""
_REASON = "EXPERIMENT_UNDER_WAY"


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
    wrong = reasons(in_force, new, taken_part, ending, now_us)
    if wrong:
        raise FailedPrecondition("; ".join(wrong), reason=_REASON)


def demand_trial_keeps(
    tried: Bundle,
    active: Bundle,
    taken_part: Sequence[Experiment],
    ending: Collection[str],
    now_us: int,
) -> None:
    """Raise `FailedPrecondition` where people who leave a trial would lose their variants."""
    wrong = reasons([tried], active, taken_part, ending, now_us)
    if wrong:
        raise FailedPrecondition(
            "a smaller share puts people back under the definitions of everybody: "
            + "; ".join(wrong),
            reason=_REASON,
        )


def reasons(
    in_force: Sequence[Bundle],
    new: Bundle,
    taken_part: Sequence[Experiment],
    ending: Collection[str],
    now_us: int,
) -> Sequence[str]:
    """Return why people would be moved from `in_force` to `new`; empty: nobody would."""
    names = {each.experiment for each in taken_part} - {*ending}
    people_in = [
        (bundle, experiment)
        for bundle in in_force
        for experiment in bundle.experiments
        if experiment.experiment in names
    ]
    kept = [each for each in taken_part if each.experiment in names]
    return list(
        dict.fromkeys(
            [
                *_lost(people_in, new, now_us),
                *_moved(kept, [experiment for _, experiment in people_in], new, now_us),
                *_in_other_arms(people_in, new, now_us),
            ]
        )
    )


def _lost(people_in: Sequence[PeopleIn], new: Bundle, now_us: int) -> Iterator[str]:
    """Tell which experiments people would fall out of."""
    kept = {each.experiment for each in new.experiments}
    for _, experiment in people_in:
        shares = shares_of(experiment)
        if shares.name not in kept and shares.is_running(now_us):
            yield (
                f"{shares.name}: people are in this experiment, and these definitions do not have"
                " it. End it first, by its ends_time, or say that it ends by this"
                f" (--end {shares.name})"
            )


def _moved(
    kept: Sequence[Experiment], defined: Sequence[Experiment], new: Bundle, now_us: int
) -> Iterator[str]:
    """Tell which experiments would have people in other variants than before.

    `kept` are those that anybody ever was in, `defined` those of them that are in force: one that
    was ended may be taken up again whenever it is liked.
    """
    after = {each.experiment: shares_of(each) for each in new.experiments}
    for experiment, is_defined in [*((e, False) for e in kept), *((e, True) for e in defined)]:
        found = after.get(experiment.experiment)
        if found is None:
            continue
        was = shares_of(experiment)
        wrong = [*moved_by(was, found), *(_put_off(was, found, now_us) if is_defined else ())]
        if wrong:
            yield (
                f"{was.name}: people were put into variants of this experiment by its name, and"
                f" these definitions would move them ({', '.join(wrong)}). Its share may grow;"
                " for anything else end it, and give another experiment another name"
            )


def _put_off(was: ExperimentShares, found: ExperimentShares, now_us: int) -> Iterator[str]:
    if was.is_running(now_us) and found.starts_us > now_us:
        yield "it would start later"


def _in_other_arms(people_in: Sequence[PeopleIn], new: Bundle, now_us: int) -> Iterator[str]:
    """Tell which experiments people would leave for another arm, or enter by leaving one."""
    after = arms(new.parameters)
    for bundle, experiment in people_in:
        shares = shares_of(experiment)
        if not shares.is_running(now_us):
            continue
        was = arms(bundle.parameters)
        wrong = []
        if after.salt != was.salt:
            wrong.append("another arm_salt draws other people")
        before, now = was.holdout_share + was.static_share, after.holdout_share + after.static_share
        if now > before + EQUAL:
            wrong.append(f"holdout and static go from {before:.4g} up to {now:.4g}")
        if wrong:
            yield (
                f"{shares.name}: only the personalised take part in experiments, and these"
                f" definitions would put people of this one into other arms ({', '.join(wrong)})."
                f" End it first, by its ends_time, or say that it ends by this"
                f" (--end {shares.name})"
            )
