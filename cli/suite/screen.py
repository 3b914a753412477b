"""What `up` shows: what is waited for, bars while data comes in, and the line that stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from shared.processes import Change
from shared.processes.program import State


class Screen:
    """A terminal that is written on as the suite lives; quiet where a machine reads along.

    On a terminal the lowest line is rewritten in place; elsewhere every line stays.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._line = Text(style="dim", overflow="ellipsis", no_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=console,
            auto_refresh=False,
        )
        self._live = Live(
            console=console,
            get_renderable=lambda: Group(self._bars, self._line),
            transient=True,
            refresh_per_second=4,
        )
        self._ended: set[str] = set()

    @property
    def is_rewritten(self) -> bool:
        """Whether lines can be rewritten in place."""
        return self._console.is_terminal and not self._quiet

    def __enter__(self) -> Self:
        if self.is_rewritten:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def say(self, sentence: str, style: str = "") -> None:
        """Print a sentence that stays."""
        if not self._quiet:
            self._console.print(sentence, style=style or None, markup=False, soft_wrap=True)

    def stage(self, what: str) -> None:
        """Say what is being waited for."""
        self.line(f"Waiting for {what} …")

    def line(self, text: str) -> None:
        """Show what holds now."""
        if self.is_rewritten:
            self._line.plain = text
        else:
            self.say(text, "dim")

    def changed(self, change: Change) -> None:
        """Say that a child died by itself, and when it is back."""
        if change.state is State.DIED:
            self._ended.add(change.name)
            self.say(f"{change.name} ended by itself (status {change.status}); it is started again")
        elif change.state is State.READY and change.name in self._ended:
            self._ended.discard(change.name)
            self.say(f"{change.name} serves again")

    @contextmanager
    def bar(self, label: str, size: int) -> Iterator[Callable[[int], None]]:
        """Show how much of `size` is done; gives the function that is told of more."""
        began = time.monotonic()
        task = self._bars.add_task(label, total=size or None)
        yield lambda more: self._bars.advance(task, more)
        self._bars.remove_task(task)
        self.say(f"{label}: {time.monotonic() - began:.1f} s", "dim")
