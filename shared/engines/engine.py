"""Runs an engine's program as a child that cannot outlive its owner, and waits until it answers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from shared.engines.errors import AlreadyRunningError, EngineError, tail, why
from shared.engines.home import EngineHome
from shared.processes import keeper, launch
from shared.processes.launch import ENVIRONMENT, PYTHON
from shared.processes.lock import FileLock, LockedError
from shared.processes.ports import is_free, private_port

POLL_S = 0.02
PORTS_TRIED = 5


class EmbeddedEngine(ABC):
    """One engine under one home folder: `start` gives its URL, `stop` ends it.

    Only one living process may own a home; what a killed one left is ended first. The engine ends
    when its owner does, even by `kill -9`, and is started again when it dies by itself.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    ladder: ClassVar[Sequence[tuple[int, float]]]
    """Signals to end it and seconds to wait after each, mild first."""
    start_timeout_s: ClassVar[float]

    def __init__(self, home: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._home = EngineHome(Path(home).absolute(), self.name)
        self._environ = environ
        self._lock = FileLock(self._home.lock)
        self._keeper: subprocess.Popen[bytes] | None = None

    @abstractmethod
    async def _prepare(self) -> None:
        """End what was left running and make the data folder; the lock is held."""

    @abstractmethod
    def _program(self, port: int) -> Sequence[str]:
        """Configure the engine for this port and return its command line."""

    @abstractmethod
    async def _answers(self, port: int) -> bool:
        """Tell whether it serves; raises `EngineError` if it never will."""

    @abstractmethod
    def _url(self, port: int) -> str:
        """Return the address with its credentials."""

    def _user(self) -> Mapping[str, Any] | None:
        """Return who the program must run as; None for ourselves."""
        return None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Start, give the URL, and stop on the way out."""
        url = await self.start()
        try:
            yield url
        finally:
            await self.stop()

    async def start(self) -> str:
        """Start it and return its URL once it answers; raises `EngineError`."""
        assert self._keeper is None, f"{self.title} was started before"
        self._home.prepare()
        patience = sum(seconds for _, seconds in self.ladder)
        try:
            await self._lock.acquire(timeout_s=patience)
        except LockedError as error:
            raise self._already_running(error) from error
        try:
            await self._prepare()
            return self._url(await self._serve())
        except BaseException:
            await asyncio.shield(self.stop())
            raise

    async def stop(self) -> None:
        """End it cleanly, within the time of its ladder; does nothing if it does not run."""
        running, self._keeper = self._keeper, None
        if running is not None:
            await self._end(running)
        self._lock.release()

    async def _serve(self) -> int:
        port = private_port(self._home.last_port())
        for _ in range(PORTS_TRIED):
            log_size = self._log_size()
            self._keeper = self._spawn(self._program(port))
            if await self._wait_until_ready(self._keeper, port, log_size):
                self._home.record_port(port)
                return port
            # Another program was quicker to listen there.
            port = private_port()
        raise EngineError(f"{self.title} found no port that stays free")

    async def _wait_until_ready(
        self, running: subprocess.Popen[bytes], port: int, log_size: int
    ) -> bool:
        """Wait until it answers; False if it died because its port was taken."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.start_timeout_s
        while running.poll() is None:
            if await self._answers(port):
                assert running.stdin is not None
                running.stdin.write(b"r")
                running.stdin.flush()
                return True
            if loop.time() > until:
                raise self._failed(f"did not answer within {self.start_timeout_s:.0f} s", log_size)
            await asyncio.sleep(POLL_S)
        if not is_free(port):
            return False
        raise self._failed(f"ended with status {running.returncode} while starting", log_size)

    def _spawn(self, program: Sequence[str]) -> subprocess.Popen[bytes]:
        become = launch.order("{keeper}", self.ladder[0][0], self._user())
        watched = (*PYTHON, launch.__file__, become, *program)
        with self._home.log.open("ab") as log:
            return subprocess.Popen(
                (*PYTHON, keeper.__file__, keeper.order(os.getpid(), watched, self.ladder)),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
                # Its own session: Ctrl-C must reach the owner first, who ends it last.
                start_new_session=True,
                # Held by the keeper too, so the next owner waits until this engine is gone.
                pass_fds=(self._lock.fileno(),),
            )

    async def _end(self, running: subprocess.Popen[bytes]) -> None:
        assert running.stdin is not None
        running.stdin.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + sum(seconds for _, seconds in self.ladder) + 2.0
        while running.poll() is None:
            if loop.time() > until:
                running.send_signal(signal.SIGKILL)
            await asyncio.sleep(POLL_S)

    def _log_size(self) -> int:
        return self._home.log.stat().st_size if self._home.log.exists() else 0

    def _failed(self, what: str, log_size: int) -> EngineError:
        said = tail(self._home.log, log_size)
        return EngineError(f"{self.title} {what}{why(said)}; see {self._home.log}{said}")

    def _already_running(self, error: LockedError) -> AlreadyRunningError:
        who = f" (process {error.holder.pid})" if error.holder else ""
        return AlreadyRunningError(
            f"{self.title} of {self._home.home} is already running{who}: "
            "stop that one first, or choose another TOUCHPOINT_HOME."
        )
