"""The HTTP face of a service: the bindings that it offers there, behind what browsers ask for."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from shared.config import ServiceSettings
from shared.health import Health
from shared.service import HttpFace
from shared.setting_types import Listen
from shared.tls import ServerTls
from shared.transport.cors import with_cors
from shared.transport.hosts import only_here
from shared.transport.http import Doors, http_app
from shared.transport.routes import Routes
from shared.transport.web_protocol import WebProtocol
from shared.transport.web_server import served


def served_face(
    face: HttpFace, found: Routes, health: Health, settings: ServiceSettings, tls: ServerTls | None
) -> AbstractAsyncContextManager[Listen]:
    """Serve a face within the context and lend where it listens; raises PortTakenError."""
    offered = {rpc.method for binding in face.bindings for rpc in binding.rpcs}
    is_open = settings.keys_file() is None
    app = http_app(
        {method: route for method, route in found.items() if method in offered},
        health.readiness if is_open else health.outline,
        settings.max_request_bytes,
        Doors(face.pages, face.clicks, face.beacons),
    )
    crossing = with_cors(app, face.allowed_origins, guarded=face.beacons)
    if is_open:
        crossing = only_here(crossing, face.allowed_origins)
    return served(crossing, face.listen, _shared_by(settings.connections_of_one_address()), tls)


def _shared_by(most: int) -> type[WebProtocol]:
    """Return a protocol of which one address may have so many connections."""

    class Shared(WebProtocol):
        most_of_peer = most

    return Shared
