"""How many calls may be made beyond those that were asked for: a share of them, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field

_WHOLE = 1_000
"""Tokens are counted in thousandths, so that fifty times 0.02 is exactly one."""


@dataclass(slots=True)
class TokenBucket:
    """Lets extra calls through in proportion to the calls that were made anyway.

    The retry throttling of gRPC (gRFC A6) and the retry budget of the SRE book (chapter 22): what
    is wrong everywhere is not made worse by asking for it again. Of `n` calls there are at most
    `most + share * n` extra ones, whatever happens.
    """

    share: float
    """Of the calls; to three decimal places."""
    most: int
    """Extra calls that can be saved up, for those that come all at once; there from the start."""
    taken: int = 0
    """Extra calls that were made."""
    _thousandths: int = field(init=False)

    def __post_init__(self) -> None:
        self._thousandths = self.most * _WHOLE

    def earn(self) -> None:
        """Count a call that was asked for."""
        earned = self._thousandths + round(self.share * _WHOLE)
        self._thousandths = min(self.most * _WHOLE, earned)

    def take(self, *, keeping: int = 0) -> bool:
        """Say whether an extra call may be made that leaves so many for others, and count it."""
        if self._thousandths < _WHOLE * (1 + keeping):
            return False
        self._thousandths -= _WHOLE
        self.taken += 1
        return True
