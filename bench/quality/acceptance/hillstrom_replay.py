"""Hillstrom's e-mails replayed: who is sent which, or none, so that the most of them visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bench.errors import MeasurementError
from bench.figures import Definition
from bench.quality.acceptance import hillstrom
from bench.quality.acceptance.bandits import BetaThompson, Fixed, LinUcb, Uniform, contexts_of
from bench.quality.acceptance.replay import Ours, Policy, Questions, replay
from bench.quality.acceptance.tables import Answers, Flags
from bench.quality.rows import Row, Tell, row

NAME = "hillstrom_replay"
_FIGURE = f"{NAME}_reward"
_TARGET = Definition("quality", "share", at_least=0.1795)
_SEEDS, _SHUFFLED_SEEDS = range(1, 11), range(1, 4)
_ARMS = 3
"""The two e-mails and none."""
_WIDTH = 0.5
"""Of LinUCB: what does best here of 0.1, 0.2, 0.5, 1 and 2."""
_KNOWN: Mapping[str, tuple[float, float]] = {
    "uniform": (0.1468, 0.002),
    "best_fixed": (0.1828, 0.0005),
}
"""What a replay must come to, and how far off chance may bring it."""
_NO_MORE_THAN_UNIFORM = 0.01
Make = Callable[[int], Policy]
"""Makes a policy by its seed."""


def measured(tell: Tell) -> Iterator[Row]:
    """Yield the mean reward of the ranker and its rivals. Raises as below, and ShopMissingError.

    The set tells no times, so all are equal: each seed brings the events in another order, the same
    for everybody. The order of the answers is shuffled over all events in `_shuffled`, after which
    there is nothing to learn. Raises MeasurementError where uniform and best fixed are not what is
    known of them.
    """
    tell(f"reading {NAME}")
    answers, _ = hillstrom.load()
    shown = np.array([asked.offer_no - 1 for asked in answers.asked])

    def rewards(make: Make, accepted: Flags, seeds: range = _SEEDS) -> NDArray[np.float64]:
        orders = ((seed, np.random.default_rng(seed).permutation(len(shown))) for seed in seeds)
        return np.array([replay(make(seed), shown, accepted, each).reward for seed, each in orders])

    rivals = {}
    for name, make in _rivals(answers, shown).items():
        tell(f"{name} on {NAME}")
        rivals[name] = rewards(make, answers.accepted)
    _prove(rivals)
    tell(f"the ranker on {NAME}")
    ours = _ours(answers)
    found = rewards(ours, answers.accepted)
    yield row(_FIGURE, found, _TARGET)
    yield from (row(f"{_FIGURE}_{name}", each, _PLAIN) for name, each in rivals.items())
    yield _over(found, rivals["beta_thompson"])
    tell(f"the ranker on {NAME}, answers shuffled")
    shuffled = np.random.default_rng(0).permutation(answers.accepted)
    yield _no_more(rewards(ours, shuffled, _SHUFFLED_SEEDS), rivals["uniform"])


def _rivals(answers: Answers, shown: NDArray[np.int64]) -> dict[str, Make]:
    counts, visits = np.bincount(shown), np.bincount(shown, answers.accepted)
    best = int((visits / counts).argmax())
    # The last of the texts is the e-mail itself.
    contexts = contexts_of(answers, answers.texts.shape[1] - 1)
    return {
        "uniform": lambda seed: Uniform(_ARMS, seed),
        "best_fixed": lambda seed: Fixed(best),
        "beta_thompson": lambda seed: BetaThompson(_ARMS, seed),
        "linucb": lambda seed: LinUcb(_ARMS, contexts, _WIDTH),
    }


def _ours(answers: Answers) -> Make:
    questions, count = Questions.of(answers), len(answers.asked)
    return lambda seed: Ours(
        questions, np.random.default_rng((seed, 1)).integers(1 << 62, size=count)
    )


def _prove(rivals: Mapping[str, NDArray[np.float64]]) -> None:
    for name, (known, within) in _KNOWN.items():
        value = float(rivals[name].mean())
        if abs(value - known) > within:
            raise MeasurementError(f"void: {name} came to {value:.4f}, known is {known:.4f}")


def _over(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Row:
    """Return by how much ours is more; one standard error of theirs less is allowed."""
    error = float(theirs.std(ddof=1) / np.sqrt(len(theirs)))
    definition = Definition("quality", "share", at_least=-round(error, 5))
    return row(f"{_FIGURE}_over_beta_thompson", ours - theirs, definition)


def _no_more(ours: NDArray[np.float64], uniform: NDArray[np.float64]) -> Row:
    """Return what is earned where nothing can be learned: no more and no less than by chance."""
    value = round(float(uniform.mean()), 5)
    found = row(f"{_FIGURE}_shuffled", ours, _PLAIN)
    is_near = abs(float(ours.mean()) - value) <= _NO_MORE_THAN_UNIFORM
    return {**found, "target": f"{value:g} +- {_NO_MORE_THAN_UNIFORM:g}", "ok": is_near}


_PLAIN = Definition("quality", "share")
