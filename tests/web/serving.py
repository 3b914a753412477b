"""The edge over fake peers behind its real web server, and a page of another origin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from services.aggregator.pages import BEACONS
from shared.middleware.order import layers
from shared.setting_types import Listen
from shared.testing.clock import FakeClock
from shared.transport.asgi import JSON, App, body_of, respond
from shared.transport.cors import with_cors
from shared.transport.http import Doors, http_app
from shared.transport.routes import routes
from shared.transport.web_server import served
from tests.unit.aggregator.edge import Edge
from touchpoint.scenario.v1.scenario_service_pb2 import WatchTasksResponse

ANYWHERE = Listen("127.0.0.1", 0)
_PAGE = b"""<!doctype html><meta charset="utf-8"><title>A shop</title>
<body style="margin:0"><script type="module" src="/in_browser.js"></script>"""


class TwoTasks:
    """A stream of two tasks that then goes on in silence."""

    def __call__(self, request: Any, **_: Any) -> TwoTasks:
        return self

    def cancel(self) -> bool:
        return True

    async def __aiter__(self) -> AsyncIterator[WatchTasksResponse]:
        for number in range(2):
            yield WatchTasksResponse(task={"task_id": f"t{number}"})
        await asyncio.Event().wait()


@dataclass
class Addresses:
    """Where the edge and the page are, and what the page reports in the end."""

    edge: str
    page: str
    report: asyncio.Future[dict[str, str]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


@asynccontextmanager
async def serving(bundles: Path) -> AsyncIterator[Addresses]:
    """Serve both; pages of the second may call the first."""
    edge = Edge(ticking=None)
    edge.clock = FakeClock(datetime.now(UTC))
    edge.peers.scenario.WatchTasks = TwoTasks()
    await edge.popular.refresh()
    found: list[Addresses] = []
    page = served(_page_app(bundles, found), ANYWHERE)
    async with page as at:
        app = with_cors(_edge_app(edge), {f"http://{at}"}, guarded=BEACONS)
        async with served(app, ANYWHERE) as edge_at:
            found.append(Addresses(f"http://{edge_at}", f"http://{at}"))
            yield found[0]


def _edge_app(edge: Edge) -> App:
    binding = edge.binding()
    found = routes([binding], layers([binding]))
    app = http_app(found, lambda: (True, {}), 1024 * 1024, Doors(beacons=BEACONS))

    async def with_more(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/received":
            await respond(
                send, 200, json.dumps(_received(edge)).encode(), [(b"content-type", JSON)]
            )
        elif scope["path"].startswith("/hanging"):
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await app(scope, receive, send)

    return with_more


def _received(edge: Edge) -> list[dict[str, Any]]:
    return [
        {**MessageToDict(event), "batch": number}
        for number, request in enumerate(edge.peers.profile.RecordEvents.requests)
        for event in request.events
    ]


def _page_app(bundles: Path, found: list[Addresses]) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        html, script = [(b"content-type", b"text/html")], [(b"content-type", b"text/javascript")]
        if scope["path"] == "/":
            await respond(send, 200, _PAGE, html)
        elif scope["path"] == "/in_browser.js":
            await respond(send, 200, (bundles / "in_browser.js").read_bytes(), script)
        elif scope["path"] == "/report":
            body = await body_of(receive, 1024 * 1024)
            await respond(send, 204, b"", [])
            found[0].report.set_result(json.loads(body or b"{}"))
        else:
            await respond(send, 404, b"", html)

    return app
