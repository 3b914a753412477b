"""Commands of many options, which take them as one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Options = TypeVar("Options")


def gathered_in(
    options: type[Options],
) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Let typer call a command with each of its options that takes them as one dataclass.

    The fields are its arguments and options, in the order of its help, annotated as typer wants.
    """

    def gathered(command: Callable[[Options], None]) -> Callable[..., None]:
        @wraps(command)
        def called(**given: Any) -> None:
            command(options(**given))

        vars(called)["__signature__"] = inspect.signature(options, eval_str=True)
        return called

    return gathered
