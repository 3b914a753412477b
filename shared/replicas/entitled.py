"""Which late calls are worth asking another replica: the later, the more of what may be spent.

On a busy machine many calls take a little longer than usual. If each of those took an extra call,
none would be left for the few that really stand still. So a call that has just become late only
takes of plenty; it waits twice as long, and then again, and may then take what was kept for it.
"""

from __future__ import annotations

from shared.replicas.tokens import TokenBucket

KEPT = (0.6, 0.4, 0.2, 0.0)
"""By how often a call has waited: the part of what can be saved up that it leaves to later ones."""


def waits_s(turn: int, late_s: float) -> float:
    """Return how long a call waits for a turn to ask beside it; `turn` counts from 0.

    Its turns come once, twice, four times, eight times `late_s` after it began, and so on.
    """
    return late_s * 2.0 ** max(0, turn - 1)


def may_ask_beside(turn: int, hedges: TokenBucket) -> bool:
    """Say whether a call may be asked of another replica at this turn, and count it."""
    kept = KEPT[min(turn, len(KEPT) - 1)]
    return hedges.take(keeping=int(kept * hedges.most))
