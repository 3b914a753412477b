"""Sample pages that stand on the edge's own API; copy them, or serve your own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shared.service import Page

_FOLDER = Path(__file__).parent
_FILES = {
    "/preferences": ("preferences.html", "text/html; charset=utf-8"),
    "/preferences.css": ("preferences.css", "text/css; charset=utf-8"),
    "/preferences.js": ("preferences.js", "text/javascript; charset=utf-8"),
    "/unsubscribe": ("unsubscribe.html", "text/html; charset=utf-8"),
    "/unsubscribe.js": ("unsubscribe.js", "text/javascript; charset=utf-8"),
}
API = "Touchpoint"
API_TOLD = (
    "Each rpc is a POST of JSON: lowerCamelCase out, both in, unknown fields are errors, and what "
    "is at its default is left out of answers. Streams come as server-sent events; connect-web and "
    "gRPC-Web call the same paths."
)
CLICKS = {"/unsubscribe": "/touchpoint.aggregator.v1.AggregatorService/Unsubscribe"}
"""A link in a message: whoever opens it is asked, whoever posts to it has said so (RFC 8058)."""
BEACONS = {"/track": "/touchpoint.aggregator.v1.AggregatorService/Track"}
"""What a page has still to say while it is being left."""


def sample_pages() -> Mapping[str, Page]:
    """Return the pages by path."""
    return {
        path: Page((_FOLDER / name).read_bytes(), content_type)
        for path, (name, content_type) in _FILES.items()
    }
