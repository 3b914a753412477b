"""Files of surveys: each answer becomes an event, also where a row holds those of a whole sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cli.importing.kind import QUESTION
from cli.importing.row_file import Advance, BadCell, Row, RowFile, silent


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """A file of answers with one row per answer, however many a row of the file holds."""

    file: RowFile

    @property
    def size(self) -> int:
        return self.file.size

    def columns(self) -> frozenset[str] | None:
        found = self.file.columns()
        if found is None or not any(map(_is_question, found)):
            return found
        return frozenset(name for name in found if not _is_question(name)) | {"question", "answer"}

    def check(self) -> None:
        self.file.check()

    def rows(self, advance: Advance = silent) -> Iterator[tuple[int, Row | BadCell | str]]:
        for number, row in self.file.rows(advance):
            if isinstance(row, str | BadCell) or not any(map(_is_question, row)):
                yield number, row
            else:
                yield from ((number, answered) for answered in _answers(row))


def _is_question(column: str) -> bool:
    return column.startswith(QUESTION)


def _answers(row: Row) -> Iterator[Row]:
    others = {name: cell for name, cell in row.items() if not _is_question(name)}
    for name, cell in row.items():
        if _is_question(name) and cell is not None and cell != "":
            yield {**others, "question": name.removeprefix(QUESTION), "answer": cell}
