"""How large a regular expression becomes: it is compiled anew for each text that it is asked of."""

from __future__ import annotations

import re

from cel.expr.syntax_pb2 import Expr

from shared.conditions.turns import Ranges, children, elements, inside

_PART = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d{1,9})(?:,(\d{0,9}))?\}|\(\?[a-zA-Z:<>!=-]*|.", re.DOTALL
)
"""An escape, a class, how often, the beginning of a group with its flags, or a character."""
_MOST = 10**9


def pattern_size(pattern: str) -> int:
    """Return about how many steps RE2 makes of a pattern; what is repeated counts every time."""
    sums, last = [0], [0]
    for match in _PART.finditer(pattern):
        part = match.group()
        if part.startswith("("):
            sums.append(0)
            last.append(0)
        elif part == ")" and len(sums) > 1:
            last.pop()
            _take(sums, last, sums.pop())
        elif match[1]:
            times = max(int(match[1]), int(match[2] or 0))
            sums[-1] += last[-1] * (times - 1)
            last[-1] *= times
        else:
            _take(sums, last, 1)
        sums[-1] = min(sums[-1], _MOST)
    return sum(sums)


def _take(sums: list[int], last: list[int], size: int) -> None:
    """Add an atom, which may be repeated by what follows."""
    sums[-1] += size
    last[-1] = size


def pattern_steps(expr: Expr, ranges: Ranges | None = None) -> int:
    """Return how many steps of patterns an expression makes at the most, in all turns of loops."""
    known = ranges or {}
    if expr.HasField("comprehension_expr"):
        loop = expr.comprehension_expr
        turn = pattern_steps(loop.loop_step, inside(expr, known))
        return pattern_steps(loop.iter_range, known) + elements(loop.iter_range, known) * turn
    own = 0
    if expr.call_expr.function == "matches":
        own = pattern_size(expr.call_expr.args[-1].const_expr.string_value)
    return own + sum(pattern_steps(part, known) for part in children(expr))
