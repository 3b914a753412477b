"""Whether to ask somebody again who failed: not at once, and never with everybody waiting."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

MOST_FAILURES = 5
"""So many in a row, or about two of three of very many, and it is left alone."""
_FADES = 0.8
"""What is left of a failure with each answer, good or bad, after it."""
_TOO_MANY = sum(_FADES**ago for ago in range(MOST_FAILURES)) - 1e-9
FIRST_REST_S = 1.0
LONGEST_REST_S = 30.0


class Admission(Enum):
    """Whether it may be asked."""

    YES = "yes"
    TRIAL = "trial"
    """Ask, but do not wait: it failed lately, and may have recovered."""
    NO = "no"


class Circuit:
    """Opens when most fail; then one request at a time tries, after ever longer rests.

    While it is open only such a trial counts: requests from before it opened end when they end, and
    tell nothing that was not known.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures = 0.0
        self._rest_s = 0.0
        self._until = 0.0
        self._is_tried = False

    @property
    def is_open(self) -> bool:
        """Whether it is left alone."""
        return self._failures >= _TOO_MANY

    @property
    def rest_s(self) -> float:
        """How long it is left alone since it failed last."""
        return self._rest_s

    def admit(self) -> Admission:
        """Say whether to ask now; whoever asks then tells how it ended, and as what it asked."""
        if not self.is_open:
            return Admission.YES
        if self._is_tried or self._monotonic() < self._until:
            return Admission.NO
        self._is_tried = True
        return Admission.TRIAL

    def succeeded(self, admission: Admission) -> None:
        """Note that it answered."""
        if admission is Admission.TRIAL:
            self._failures, self._rest_s, self._is_tried = 0.0, 0.0, False
        elif not self.is_open:
            self._failures *= _FADES

    def failed(self, admission: Admission) -> None:
        """Note that it did not answer, or too late."""
        if admission is Admission.TRIAL:
            self._is_tried = False
            self._rest(min(2.0 * self._rest_s, LONGEST_REST_S))
        elif not self.is_open:
            self._failures = _FADES * self._failures + 1.0
            if self.is_open:
                self._rest(FIRST_REST_S)

    def _rest(self, rest_s: float) -> None:
        self._rest_s = rest_s
        self._until = self._monotonic() + rest_s
