"""What foretells beside the ranker: a constant, logistic regression, LightGBM, River online."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.tables import Answers, Flags
from bench.quality.rivals import RivalMissingError

Probabilities = NDArray[np.float64]
Rival = Callable[[Answers, Flags], Probabilities]
"""Foretells the tested, having learned from all others."""

_VALIDATED = 0.2
"""The last part of what is learned from, which says how much to regularise."""
_STRENGTHS = (0.01, 0.1, 1.0)
_RIVER_STEP = 0.005
_SEED = 1


def constant(answers: Answers, tested: Flags) -> Probabilities:
    """Foretell the share that was accepted."""
    return np.full(int(tested.sum()), answers.accepted[~tested].mean())


def logistic_regression(answers: Answers, tested: Flags) -> Probabilities:
    """Foretell by scikit-learn: texts one-hot, numbers as logarithms, strength by validation."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise RivalMissingError("logistic regression needs scikit-learn") from error
    learned, validated, last = _parts(tested)
    design = _design(answers, ~tested)

    def fitted(strength: float, which: NDArray[np.int64]) -> Any:
        model = LogisticRegression(C=strength, max_iter=300)
        return model.fit(design[which], answers.accepted[which])

    def loss(strength: float) -> float:
        return _loss(
            answers.accepted[validated], fitted(strength, learned).predict_proba(design[validated])
        )

    best = min(_STRENGTHS, key=loss)
    return _positive(fitted(best, last).predict_proba(design[tested]))


def lightgbm(answers: Answers, tested: Flags) -> Probabilities:
    """Foretell by gradient boosting, offline; its length by validation."""
    try:
        import lightgbm as boosting
    except (ImportError, OSError) as error:  # OSError: a slim system has no libgomp
        raise RivalMissingError("LightGBM is not installed, or its libgomp is not") from error
    learned, validated, last = _parts(tested)
    coded = [np.unique(column, return_inverse=True)[1] for column in answers.texts.T]
    design = np.column_stack([answers.numbers, *coded])
    categories = list(range(answers.numbers.shape[1], design.shape[1]))
    settings = {
        "objective": "binary",
        "learning_rate": 0.03,
        "num_leaves": 31,
        "feature_fraction": 0.3,
        "seed": _SEED,
        "num_threads": 1,
        "deterministic": True,
        "verbosity": -1,
    }

    def data(which: NDArray[np.int64]) -> Any:
        return boosting.Dataset(
            design[which], answers.accepted[which], categorical_feature=categories
        )

    tried = boosting.train(
        settings,
        data(learned),
        600,
        valid_sets=[data(validated)],
        callbacks=[boosting.early_stopping(60, verbose=False)],
    )
    rounds = max(20, tried.best_iteration)
    found: Probabilities = boosting.train(settings, data(last), rounds).predict(design[tested])
    return found


def river(answers: Answers, tested: Flags) -> Probabilities:
    """Foretell by River's online logistic regression: one pass over the learned, in order."""
    try:
        from river import linear_model, optim, preprocessing
    except ImportError as error:
        raise RivalMissingError("River is not installed") from error
    model, scaler = (
        linear_model.LogisticRegression(optim.SGD(_RIVER_STEP)),
        preprocessing.StandardScaler(),
    )
    numbers, texts = _named(answers)

    def seen(at: int) -> dict[str, float]:
        return {**scaler.transform_one(numbers[at]), **texts[at]}

    for at in np.flatnonzero(~tested).tolist():
        scaler.learn_one(numbers[at])
        model.learn_one(seen(at), bool(answers.accepted[at]))
    return np.array(
        [model.predict_proba_one(seen(at))[True] for at in np.flatnonzero(tested).tolist()]
    )


RIVALS: Mapping[str, Rival] = {
    "constant": constant,
    "logistic_regression": logistic_regression,
    "lightgbm": lightgbm,
    "river": river,
}


def _parts(tested: Flags) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return what is learned from, what validates it, and both."""
    both = np.flatnonzero(~tested)
    cut = round(len(both) * (1 - _VALIDATED))
    return both[:cut], both[cut:], both


def _design(answers: Answers, learned: Flags) -> NDArray[np.float64]:
    """Return texts one-hot and numbers as standardised logarithms; what is not known is 0."""
    logs = np.sign(answers.numbers) * np.log1p(np.abs(answers.numbers))
    mean, spread = np.nanmean(logs[learned], axis=0), np.nanstd(logs[learned], axis=0)
    scaled = np.nan_to_num((logs - mean) / np.where(spread > 0, spread, 1.0))
    unknown = np.isnan(answers.numbers).astype(np.float64)
    hot = [
        (column[:, None] == np.unique(column[learned])).astype(np.float64)
        for column in answers.texts.T
    ]
    # A number of few values is a choice among them: age bands, temperatures.
    few = [column for column in answers.numbers.T if len(np.unique(column)) <= _FEW]
    hot += [(column[:, None] == np.unique(column)).astype(np.float64) for column in few]
    return np.column_stack([scaled, unknown, *hot])


_FEW = 12


def _named(answers: Answers) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Return each question as River wants it: numbers as logarithms, and texts one-hot."""
    logs = np.nan_to_num(np.sign(answers.numbers) * np.log1p(np.abs(answers.numbers)))
    numbers = [{f"n{at}": value for at, value in enumerate(row)} for row in logs.tolist()]
    texts = [
        {f"t{at}={text}": 1.0 for at, text in enumerate(row) if text}
        for row in answers.texts.tolist()
    ]
    return numbers, texts


def _positive(probabilities: NDArray[np.float64]) -> Probabilities:
    return probabilities[:, 1]


def _loss(accepted: Flags, probabilities: NDArray[np.float64]) -> float:
    said = probabilities[np.arange(len(accepted)), accepted.astype(np.intp)]
    return float(-np.log(np.maximum(said, 1e-12)).mean())
