"""A small neural network that says how likely something is: two hidden layers, in NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
HIDDEN = (64, 32)
_EPOCHS = 4
_BATCH = 2048
_FASTEST = 2e-3
_RIDGE = 1e-4
_MOST_SPREADS = 6.0
"""So many standard deviations from the mean all is the same: nothing was learned out there."""
_KEPT, _KEPT_OF_SQUARES, _TINY = 0.9, 0.999, 1e-8
"""Of Adam (Kingma, Ba 2015), as given there."""


@dataclass(frozen=True, slots=True)
class Network:
    """Layers as matrices with their biases in the last row."""

    centre: Vector
    scale: Vector
    layers: tuple[Vector, ...]

    def log_odds(self, columns: Vector) -> Vector:
        """Return (n,) for (n, columns)."""
        values = scaled(columns, self.centre, self.scale)
        for layer in self.layers[:-1]:
            values = values @ layer[:-1]
            values += layer[-1]
            np.maximum(values, np.float32(0.0), out=values)
        odds: Vector = values @ self.layers[-1][:-1, 0] + self.layers[-1][-1, 0]
        return odds

    def flat(self) -> Vector:
        """Return all numbers in a row; `unflattened` reverses it."""
        parts = (self.centre, self.scale, *(layer.ravel() for layer in self.layers))
        return np.concatenate(parts)


def unflattened(numbers: Vector, width: int) -> Network:
    """Return the network of so many columns; raises ValueError where it is of other ones."""
    if len(numbers) != size_of(width):
        raise ValueError(f"{len(numbers)} numbers are no network of {width} columns")
    layers, at = [], 2 * width
    for shape in _shapes(width):
        end = at + shape[0] * shape[1]
        layers.append(numbers[at:end].reshape(shape))
        at = end
    return Network(numbers[:width], numbers[width : 2 * width], tuple(layers))


def size_of(width: int) -> int:
    """Return how many numbers a network of so many columns has."""
    return 2 * width + sum(rows * columns for rows, columns in _shapes(width))


def scaled(columns: Vector, centre: Vector, scale: Vector) -> Vector:
    """Return columns around 0, of like spread and without outliers."""
    values: Vector = columns - centre
    values *= scale
    np.minimum(values, np.float32(_MOST_SPREADS), out=values)
    np.maximum(values, np.float32(-_MOST_SPREADS), out=values)
    return values


def fitted(columns: Vector, answers: NDArray[np.bool_], weights: Vector, seed: int) -> Network:
    """Learn by Adam on the log-loss, with a rate that falls to 0 as half a cosine."""
    random = np.random.default_rng(seed)
    width = columns.shape[1]
    spread = columns.std(axis=0)
    scale = np.where(spread > 1e-6, 1.0 / np.maximum(spread, 1e-6), 0.0).astype(np.float32)
    centre = columns.mean(axis=0).astype(np.float32)
    values = scaled(columns, centre, scale)
    layers = [_first(shape, random) for shape in _shapes(width)]
    share = float(np.clip(np.average(answers, weights=weights), 1e-6, 1 - 1e-6))
    layers[-1][-1] = np.log(share / (1 - share))
    batches = max(len(values) // _BATCH, 1)
    adam = _Adam(layers, _EPOCHS * batches)
    for _ in range(_EPOCHS):
        order = random.permutation(len(values))
        for lines in np.array_split(order, batches):
            adam.step(_slopes(layers, values[lines], answers[lines], weights[lines]))
    return Network(centre, scale, tuple(layers))


class _Adam:
    """Moves layers against slopes, each number at its own pace."""

    def __init__(self, layers: Sequence[Vector], steps: int) -> None:
        self._layers = layers
        self._steps = steps
        self._done = 0
        self._means = [np.zeros_like(layer) for layer in layers]
        self._squares = [np.zeros_like(layer) for layer in layers]

    def step(self, slopes: Sequence[Vector]) -> None:
        self._done += 1
        rate = _FASTEST * 0.5 * (1.0 + np.cos(np.pi * self._done / self._steps))
        warm = rate / (1.0 - _KEPT**self._done)
        cold = 1.0 - _KEPT_OF_SQUARES**self._done
        for layer, slope, mean, square in zip(
            self._layers, slopes, self._means, self._squares, strict=True
        ):
            mean += np.float32(1.0 - _KEPT) * (slope - mean)
            square += np.float32(1.0 - _KEPT_OF_SQUARES) * (slope * slope - square)
            layer -= np.float32(warm) * mean / (np.sqrt(square / np.float32(cold)) + _TINY)


def _slopes(
    layers: Sequence[Vector], values: Vector, answers: NDArray[np.bool_], weights: Vector
) -> list[Vector]:
    """Return the slope of the weighed log-loss with a small ridge for each layer."""
    passed = [values]
    for layer in layers[:-1]:
        passed.append(np.maximum(passed[-1] @ layer[:-1] + layer[-1], np.float32(0.0)))
    odds = passed[-1] @ layers[-1][:-1] + layers[-1][-1]
    chance = 1.0 / (1.0 + np.exp(-np.clip(odds[:, 0], -30.0, 30.0)))
    error = ((chance - answers) * weights / len(values)).astype(np.float32)[:, None]
    slopes = []
    for layer, before in zip(reversed(layers), reversed(passed), strict=True):
        slopes.append(np.vstack((before.T @ error + np.float32(_RIDGE) * layer[:-1], error.sum(0))))
        error = (error @ layer[:-1].T) * (before > 0.0)
    return slopes[::-1]


def _shapes(width: int) -> Iterator[tuple[int, int]]:
    sizes = (width, *HIDDEN, 1)
    return ((below + 1, above) for below, above in pairwise(sizes))


def _first(shape: tuple[int, int], random: np.random.Generator) -> Vector:
    """Return random weights of the size that keeps signals alive (He et al. 2015), no biases."""
    layer = random.normal(0.0, np.sqrt(2.0 / (shape[0] - 1)), shape)
    layer *= 0.1 if shape[1] == 1 else 1.0
    layer[-1] = 0.0
    return layer.astype(np.float32)
