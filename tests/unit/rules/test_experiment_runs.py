"""When experiments ran and the arms had the same shares is read off the record of versions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.rules.experiment_runs import Runs
from services.rules.storage.experiments import Activation, History
from shared.experiments import shares_of
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.experiments_pb2 import Experiment, ExperimentRun, ExperimentVariant
from touchpoint.rules.v1.rules_pb2 import Bundle

HALVES = {"control": 0.5, "bold": 0.5}


def tried(share: float = 0.2, starts: int = 0, ends: int = 0, **variants: float) -> Experiment:
    made = Experiment(experiment="tried", share=share)
    for name, part in (variants or HALVES).items():
        made.variants.append(ExperimentVariant(variant=name, share=part))
    if starts:
        made.starts_time.FromMicroseconds(starts)
    if ends:
        made.ends_time.FromMicroseconds(ends)
    return made


def bundle(*experiments: Experiment, **parameters: str) -> Bundle:
    return Bundle(experiments=experiments, parameters=parameters)


def runs(*activations: tuple[int, Bundle] | tuple[int, Bundle, Bundle, float]) -> Runs:
    """Return the runs of definitions by when they came into force, some with a trial."""
    bundles: dict[bytes, str] = {}
    found: list[Activation] = []
    for since_us, active, *trial in activations:
        hashes = [
            bundles.setdefault(each.SerializeToString(deterministic=True), f"b{len(bundles)}")
            for each in (active, *trial[:1])
            if isinstance(each, Bundle)
        ]
        share = trial[1] if trial else 0.0
        assert isinstance(share, float)
        of = Trial(bundle_hash=hashes[1], share=share, salt="t") if trial else None
        found.append(Activation(since_us, hashes[0], of))
    sharings = {name: Bundle.FromString(data) for data, name in bundles.items()}
    return Runs(History(found, sharings))


def told(found: Sequence[ExperimentRun]) -> list[tuple[int, int | None, bool]]:
    """Return from when until when each ran, and whether definitions ended it."""
    return [
        (
            each.began_time.ToMicroseconds(),
            each.ended_time.ToMicroseconds() if each.HasField("ended_time") else None,
            each.ended_by_definitions,
        )
        for each in found
    ]


def test_an_experiment_ends_when_definitions_without_it_come_into_force() -> None:
    found = runs((1, bundle()), (10, bundle(tried())), (20, bundle(holdout="0%")))

    assert told(found.of("tried")) == [(10, 20, True)]
    assert told(found.of("another")) == []


def test_taken_up_again_it_runs_anew() -> None:
    found = runs((10, bundle(tried())), (20, bundle()), (30, bundle(tried())))

    assert told(found.of("tried")) == [(10, 20, True), (30, None, False)]


def test_other_definitions_with_it_go_on_with_the_run_and_tell_each_sharing_out_once() -> None:
    wider, more = tried(0.4), tried(0.4, **HALVES | {"control": 0.4, "bold": 0.4, "new": 0.2})
    narrow = tried(0.2, control=0.4, bold=0.4)
    found = runs(
        (10, bundle(narrow)),
        (20, bundle(narrow, declined_for="3d")),
        (30, bundle(tried(0.4, control=0.4, bold=0.4))),
        (40, bundle(more)),
    )

    [run] = found.of("tried")
    assert told([run]) == [(10, None, False)]
    assert [list(each.bundles) for each in run.sharings] == [[0, 1], [2], [3]]
    assert [each.since_time.ToMicroseconds() for each in run.sharings] == [10, 30, 40]
    assert [len(each.experiment.variants) for each in run.sharings] == [2, 2, 3]
    assert run.everybody == 2
    assert len(found.bundle_hashes) == 4
    assert shares_of(wider).share == run.sharings[1].experiment.share


@pytest.mark.parametrize(
    "after",
    [
        bundle(tried(0.1)),
        bundle(tried(0.2, control=0.5)),
        bundle(tried(0.2, control=0.3, bold=0.7)),
        bundle(tried(), holdout="5%"),
        bundle(tried(), arm_salt="other"),
    ],
    ids=["fewer people", "a variant gone", "moved", "a larger holdout", "another salt of arms"],
)
def test_definitions_that_put_people_elsewhere_begin_another_run(after: Bundle) -> None:
    found = runs((10, bundle(tried())), (20, after))

    assert told(found.of("tried")) == [(10, 20, True), (20, None, False)]


def test_a_smaller_holdout_adds_people_and_moves_nobody() -> None:
    found = runs((10, bundle(tried(), holdout="10%")), (20, bundle(tried(), holdout="5%")))

    [run] = found.of("tried")
    assert [each.holdout_share for each in run.sharings] == [0.1, 0.05]


def test_dates_begin_and_end_it_within_what_is_in_force() -> None:
    dated = tried(starts=15, ends=25)
    later = tried(starts=15, ends=50)

    assert told(runs((10, bundle(dated))).of("tried")) == [(15, 25, False)]
    assert told(runs((20, bundle(dated)), (30, bundle())).of("tried")) == [(20, 25, False)]
    prolonged = runs((10, bundle(dated)), (20, bundle(later)))
    assert told(prolonged.of("tried")) == [(15, 50, False)]
    taken_up = runs((10, bundle(dated)), (40, bundle(later)))
    assert told(taken_up.of("tried")) == [(15, 25, False), (40, 50, False)]
    ended_at_once = runs((10, bundle(tried())), (30, bundle(tried(ends=29))))
    assert told(ended_at_once.of("tried")) == [(10, 30, True)]


def test_it_runs_on_from_a_trial_to_everybody_and_ends_with_a_trial() -> None:
    found = runs(
        (10, bundle(), bundle(tried()), 0.1),
        (20, bundle(tried())),
        (30, bundle(tried()), bundle(tried(0.5)), 0.2),
    )
    [run] = found.of("tried")

    assert told([run]) == [(10, None, False)]
    assert [each.HasField("experiment") for each in run.sharings] == [False, True, True]
    assert (run.everybody, run.tried, run.trial.share) == (1, 2, 0.2)
    only_tried = runs((10, bundle(), bundle(tried()), 0.1), (20, bundle()))
    assert told(only_tried.of("tried")) == [(10, 20, True)]


def test_arms_begin_anew_with_other_shares_or_another_salt_alone() -> None:
    found = runs(
        (10, bundle(holdout="5%")),
        (20, bundle(tried(), holdout="5%")),
        (30, bundle(holdout="5%"), bundle(tried(), holdout="5%"), 0.5),
        (40, bundle(holdout="5%", static="5%")),
        (50, bundle(holdout="5%", static="5%", arm_salt="other")),
        (60, bundle(holdout="5%"), bundle(holdout="10%"), 0.5),
        (70, bundle(holdout="5%"), bundle(holdout="10%"), 0.7),
    ).of_arms()

    assert [began for began, _, _ in told(found)] == [10, 40, 50, 60, 70]
    assert found[0].ended_time.ToMicroseconds() == 40
    assert not found[-1].HasField("ended_time")
    assert [each.holdout_share for each in found[-1].sharings] == [0.05, 0.1]
    assert (found[-1].everybody, found[-1].tried, found[-1].trial.share) == (0, 1, 0.7)
