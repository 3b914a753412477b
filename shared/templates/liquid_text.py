"""One text of a template: Liquid without what reads files or clocks, and strict in everything.

What is not known can be asked for (`if`, `default`), and is an error where it would be printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from liquid import BoundTemplate, Environment, FalsyStrictUndefined, Mode
from liquid.ast import Node
from liquid.builtin.expressions import LoopExpression, Path
from liquid.exceptions import LiquidError, UndefinedError
from liquid.static_analysis import Variable

from shared.templates.variables import VARIABLES, Leaf, Shape, Values

LONGEST_OUTPUT = 512 * 1024
"""Bytes that a text may grow to."""
MOST_LOOPS = 10_000
_MOST_LOCALS = 256 * 1024
"""Bytes of what a text assigns: what is multiplied by itself stays small enough to stop it."""
_NO_TAGS = ("include", "render")
"""There are no other templates to put in."""
_NO_FILTERS = ("safe", "date")
"""What would leave HTML unescaped; what would read the clock of the machine."""
_FIRST = frozenset(("first", "last"))
_SIZE = "size"
_UNDEFINED = re.compile(r" is undefined$")
_PATH = re.compile(r"[A-Za-z_][\w.\[\]-]*")
_DEFECTS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What filters raise for arguments that they did not expect."""


class TemplateError(Exception):
    """A text cannot be used, or not be put together; says what to mend and where."""

    def __init__(
        self, message: str, line: int = 1, column: int = 1, also: Sequence[TemplateError] = ()
    ) -> None:
        """Take a sentence for the author, its place within the text, from 1, and others."""
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.also = tuple(also)


class _Liquid(Environment):
    loop_iteration_limit = MOST_LOOPS
    output_stream_limit = LONGEST_OUTPUT
    local_namespace_limit = _MOST_LOCALS


def _environment(*, is_html: bool) -> Environment:
    made = _Liquid(
        tolerance=Mode.STRICT,
        undefined=FalsyStrictUndefined,
        strict_filters=True,
        autoescape=is_html,
    )
    for name in _NO_TAGS:
        made.tags.pop(name)
    for name in _NO_FILTERS:
        made.filters.pop(name)
    return made


_PLAIN, _HTML = _environment(is_html=False), _environment(is_html=True)


class LiquidText:
    """A text that was compiled; see `compile_text`."""

    def __init__(self, template: BoundTemplate) -> None:
        self._template = template
        self.reads = frozenset(template.analyze().globals)
        """The variables it reads, by their first names."""

    def filled_in(self, values: Values) -> str:
        """Return the text; raises TemplateError where something that it prints is not known."""
        try:
            return self._template.render(**values)
        except LiquidError as error:
            raise _told(error) from error
        except _DEFECTS as error:
            raise TemplateError(f"it cannot be put together ({type(error).__name__})") from error


def compile_text(source: str, *, is_html: bool = False) -> LiquidText:
    """Compile a text; raises TemplateError for whatever is wrong with it.

    With `is_html` whatever is put in is escaped.
    """
    environment = _HTML if is_html else _PLAIN
    try:
        template = environment.from_string(source)
    except LiquidError as error:
        raise _told(error) from error
    except _DEFECTS as error:
        raise TemplateError(f"cannot be read ({type(error).__name__})") from error
    found = sorted(_unknown(template, source), key=lambda each: (each.line, each.column))
    if found:
        first, *others = found
        raise TemplateError(first.message, first.line, first.column, others)
    return LiquidText(template)


def _told(error: LiquidError) -> TemplateError:
    message = str(error.message or type(error).__name__)
    source, index = "", 0
    if error.token is not None and error.token.start_index >= 0:
        source, index = error.token.source, error.token.start_index
    if isinstance(error, UndefinedError):
        name, is_undefined = _UNDEFINED.subn("", message)
        if not is_undefined:  # an index into a list that has no such entry
            written = _PATH.match(source, index)
            name = written[0] if written else "a variable"
        message = f"{name} is not known"
    return TemplateError(message, *_place(source, index))


def _place(source: str, index: int) -> tuple[int, int]:
    before = source[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _unknown(template: BoundTemplate, source: str) -> Iterator[TemplateError]:
    """Tell of filters and variables that there are not, whether they would be reached or not."""
    found = template.analyze()
    for name, filter_spans in found.filters.items():
        if name not in template.env.filters:
            for span in filter_spans:
                yield TemplateError(f"there is no filter {name}", *_place(source, span.index))
    shapes: dict[str, Shape] = {**VARIABLES, **_looped(template.nodes)}
    for variables in found.variables.values():
        for variable in variables:
            name = str(variable.segments[0])
            is_local = name in found.locals or name not in found.globals
            if name in shapes and not (is_local and name in VARIABLES):
                message = _misread(variable, shapes[name])
            else:
                message = "" if is_local else f"there is no variable {name}"
            if message:
                yield TemplateError(message, *_place(source, variable.span.index))


def _looped(nodes: Sequence[Node]) -> Mapping[str, Shape]:
    """Return what variables of loops hold, as far as they run over what is known."""
    found: dict[str, Shape] = {}
    for loop in _loops(nodes):
        shape = _shape_of(loop.iterable, {**VARIABLES, **found})
        if isinstance(shape, list):
            found.setdefault(loop.identifier, shape[0])
    return found


def _loops(nodes: Sequence[Node]) -> Iterator[LoopExpression]:
    for node in nodes:
        for expression in node.expressions():
            if isinstance(expression, LoopExpression):
                yield expression
        yield from _loops(list(node.children(_NOWHERE, include_partials=False)))


_NOWHERE: Any = None
"""A context for nodes of other templates, of which there are none."""


def _shape_of(expression: object, shapes: Mapping[str, Shape]) -> Shape | None:
    if not isinstance(expression, Path) or expression.path[0] not in shapes:
        return None
    shape: Shape | None = shapes[str(expression.path[0])]
    for segment in expression.path[1:]:
        if not isinstance(segment, str | int) or shape is None:
            return None
        shape = _part(shape, segment)
    return shape


def _misread(variable: Variable, shape: Shape) -> str:
    """Return what is wrong with the way into a variable, empty for nothing."""
    said = str(variable.segments[0])
    for segment in variable.segments[1:]:
        if not isinstance(segment, str | int):  # read from another variable
            return ""
        if segment == _SIZE:
            return ""
        inner = _part(shape, segment)
        if inner is None:
            known = f"; known are {', '.join(sorted(shape))}" if isinstance(shape, dict) else ""
            return f"there is no {segment} in {said}{known}"
        said, shape = f"{said}.{segment}" if isinstance(segment, str) else said, inner
    return ""


def _part(shape: Shape, segment: str | int) -> Shape | None:
    if isinstance(shape, list):
        return shape[0] if isinstance(segment, int) or segment in _FIRST else None
    if isinstance(shape, dict):
        return shape.get(str(segment))
    assert isinstance(shape, Leaf)
    return None
