"""An edge that is overloaded for a moment: it refuses a call first, and says when to try again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REFUSAL = {
    "code": "resource_exhausted",
    "message": "too many requests",
    "details": [
        {"type": "google.rpc.ErrorInfo", "debug": {"reason": "OVERLOADED"}},
        {"type": "google.rpc.RetryInfo", "debug": {"retryDelay": "0.020s"}},
    ],
}


@dataclass
class Busy:
    """Where it is, and what it was asked: by rpc, the bodies in their order."""

    url: str = ""
    asked: dict[str, list[Any]] = field(default_factory=dict)


@contextmanager
def busy(refusals: int) -> Iterator[Busy]:
    """Refuse each rpc that often, then answer nothing in particular."""
    found = Busy()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked = found.asked.setdefault(self.path.rpartition("/")[2], [])
            asked.append(body)
            refused = len(asked) <= refusals
            answer = json.dumps(REFUSAL if refused else {}).encode()
            self.send_response(429 if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
