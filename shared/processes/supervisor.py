"""Starts child processes, waits until they are ready, restarts them, and leaves none behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.processes.identity import ProcessIdentity
from shared.processes.lock import FileLock, LockedError
from shared.processes.program import KILL_WAIT_S, Change, ChildFailedError, Program, State
from shared.processes.record import ChildRecord

LEFTOVER_LADDER = ((signal.SIGTERM, 5.0), (signal.SIGKILL, KILL_WAIT_S))
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
STEADY_S = 10.0
"""A child that lived this long is not failing in a row."""


@dataclass(slots=True)
class _Child:
    program: Program
    process: asyncio.subprocess.Process
    state: State = State.STARTING
    stopping: bool = False
    watch: asyncio.Task[None] | None = field(default=None, repr=False)


class AlreadySupervisedError(Exception):
    """Another living process supervises the same folder. Expected; the user's to solve."""


class Supervisor:
    """The children of one folder; used as a context, at whose end all of them are gone.

    `folder/<name>.lock` refuses a second supervisor and names the first; `folder/<name>.json`
    lists the children. Children die with this process even by `kill -9`; on Linux with the
    *thread* that started them, so start them from the main thread's event loop.
    """

    def __init__(
        self, folder: Path, name: str = "up", on_change: Callable[[Change], None] | None = None
    ) -> None:
        self._folder = folder
        self._lock = FileLock(folder / f"{name}.lock")
        self._record = ChildRecord(folder / f"{name}.json")
        self._on_change = on_change
        self._children: dict[str, _Child] = {}
        self.leftovers: list[str] = []
        """Names of the children of an earlier supervisor that were still running and ended."""

    async def __aenter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            await self._lock.acquire(timeout_s=1.0)
        except LockedError as error:
            who = f"process {error.holder.pid}" if error.holder else "another process"
            raise AlreadySupervisedError(
                f"Touchpoint already runs in {self._folder.parent} ({who}): stop it first "
                "(touchpoint down), or choose another TOUCHPOINT_HOME."
            ) from error
        self.leftovers = await self._record.end_leftovers(LEFTOVER_LADDER)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.shield(self.stop_all())
        self._lock.release()

    async def start(self, program: Program) -> None:
        """Start a child and return once it is ready.

        Raises `ChildFailedError`, with the child gone, if it dies first or is too late.
        """
        assert program.name not in self._children, f"{program.name} runs already"
        child = _Child(program, await self._spawn(program))
        self._enter(child, State.STARTING)
        try:
            await self._until_ready(child)
        except BaseException:
            await asyncio.shield(self.stop(program.name))
            raise
        child.watch = asyncio.create_task(self._watch(child), name=f"watch {program.name}")

    async def stop(self, name: str) -> None:
        """End a child: SIGTERM, its grace, SIGKILL. Does nothing if there is none."""
        child = self._children.get(name)
        if child is None:
            return
        child.stopping = True
        if child.watch is not None:
            child.watch.cancel()
            await asyncio.gather(child.watch, return_exceptions=True)
        await _end(child.process, child.program.grace_s)
        self._children.pop(name, None)
        self._enter(child, State.STOPPED)

    async def stop_all(self) -> None:
        """End all children at once."""
        await asyncio.gather(*(self.stop(name) for name in list(self._children)))

    def states(self) -> dict[str, State]:
        return {name: child.state for name, child in self._children.items()}

    def pid(self, name: str) -> int:
        return self._children[name].process.pid

    async def _spawn(self, program: Program) -> asyncio.subprocess.Process:
        program.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        watched = sys.platform != "linux"
        with program.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *program.tied_to_owner(),
                stdin=asyncio.subprocess.PIPE if watched else asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(program.environment),
                # Its own session: Ctrl-C must reach the supervisor alone, who ends them in order.
                start_new_session=True,
            )

    async def _until_ready(self, child: _Child) -> None:
        if child.program.ready is not None:
            ready = asyncio.ensure_future(child.program.ready())
            died = asyncio.ensure_future(child.process.wait())
            try:
                async with asyncio.timeout(child.program.ready_timeout_s):
                    await asyncio.wait({ready, died}, return_when=asyncio.FIRST_COMPLETED)
                failure = _failure(ready, died)
            except TimeoutError:
                failure = f"was not ready within {child.program.ready_timeout_s:g} s"
            finally:
                for task in (ready, died):
                    task.cancel()
                await asyncio.gather(ready, died, return_exceptions=True)
            if failure:
                raise ChildFailedError(f"{child.program.name} {failure}; see {child.program.log}")
        self._enter(child, State.READY)

    async def _watch(self, child: _Child) -> None:
        """Notice the child's death and start it again, ever more slowly while it keeps dying."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            started = loop.time()
            await child.process.wait()
            self._enter(child, State.DIED)
            if not child.program.restart:
                return
            failures = 1 if loop.time() - started > STEADY_S else failures + 1
            await asyncio.sleep(min(FIRST_PAUSE_S * 2 ** (failures - 1), LONGEST_PAUSE_S))
            child.process = await self._spawn(child.program)
            self._enter(child, State.STARTING)
            with contextlib.suppress(ChildFailedError):
                await self._until_ready(child)
            if child.state is not State.READY:
                await _end(child.process, child.program.grace_s)

    def _enter(self, child: _Child, state: State) -> None:
        child.state = state
        if state is not State.STOPPED:
            self._children[child.program.name] = child
        self._record.write(self._identities())
        if self._on_change is not None:
            process = child.process
            self._on_change(Change(child.program.name, state, process.pid, process.returncode))

    def _identities(self) -> dict[str, ProcessIdentity]:
        found = {
            name: ProcessIdentity.of(child.process.pid, child.program.command)
            for name, child in self._children.items()
            if child.process.returncode is None
        }
        return {name: identity for name, identity in found.items() if identity is not None}


def _failure(ready: asyncio.Future[object], died: asyncio.Future[int]) -> str:
    if died.done():
        return f"ended with status {died.result()} while starting"
    error = ready.exception()
    return f"cannot tell whether it is ready: {error!r}" if error else ""


async def _end(process: asyncio.subprocess.Process, grace_s: float) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            # The whole group: what the child itself has started goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
