"""What a part of the benchmark is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.scale import Scale

Tell = Callable[[str], None]
"""Told what is being measured."""
Measuring = AsyncGenerator[list[Figure], None]
"""Figures as soon as they are known, so that none is lost when a later one cannot be measured."""
Measure = Callable[[OpenedSuite, Scale, Tell], Measuring]


@dataclass(frozen=True, slots=True)
class Part:
    """Some figures that are measured together."""

    name: str
    measure: Measure
    flags: Sequence[str] = ()
    """How its suite is started; parts with the same flags and settings share one."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the suite's environment, beside those that every suite of the benchmark gets."""
    needs: str = ""
    """A module without which it cannot be measured; it is then left out, with that reason."""
    is_large: bool = False
    """It is measured only when it is asked for by its name: it takes too long, or all that it
    measures is measured by another part too."""

    @property
    def obstacle(self) -> str:
        """Why it cannot be measured here; "" when it can."""
        if self.needs and find_spec(self.needs) is None:
            return f"left out, because {self.needs} is not installed"
        return ""
