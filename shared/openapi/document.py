"""The document: a path for each rpc, and how it is asked and answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.binding import Binding, Rpc, StreamRpc
from shared.openapi.schemas import COMPONENTS, Schema, Schemas
from shared.proto_comments import comment_of
from shared.service import Page
from shared.transport.wire_error import CONNECT_NAMES

_PAGES = Path(__file__).parent / "page"
_TIMEOUT = {
    "name": "Connect-Timeout-Ms",
    "in": "header",
    "description": "The deadline, whole milliseconds from now; without it the rpc's own.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 9_999_999_999},
}
_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "Up to 128 letters, digits and ._:/+=-; answered again, made up without it.",
    "schema": {"type": "string", "maxLength": 128},
}
_MESSAGE = {
    "name": "message",
    "in": "query",
    "required": True,
    "description": "The request.",
}
_ERROR: Schema = {
    "type": "object",
    "description": "Why there is no answer.",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "enum": sorted(CONNECT_NAMES.values())},
        "message": {"type": "string", "description": "In words."},
        "details": {
            "type": "array",
            "description": "One ErrorInfo, with BadRequest or RetryInfo where it applies.",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "description": "google.rpc.ErrorInfo and so on."},
                    "value": {"type": "string", "description": "On the wire, in base64."},
                    "debug": {"type": "object", "description": "The same as JSON."},
                },
            },
        },
    },
}


def openapi(title: str, bindings: Sequence[Binding], described: str = "") -> Schema:
    """Return the OpenAPI 3.1 document of all rpcs of some bindings."""
    schemas = Schemas()
    paths = {rpc.method: _path(rpc, schemas) for binding in bindings for rpc in binding.rpcs}
    tags = [
        {"name": binding.service, "description": comment_of(binding.service)}
        for binding in bindings
    ]
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": described},
        "tags": tags,
        "paths": paths,
        "components": {"schemas": {**dict(sorted(schemas.found.items())), "Error": _ERROR}},
    }


def openapi_pages(title: str, bindings: Sequence[Binding], described: str) -> Mapping[str, Page]:
    """Return the document and a page that shows it, by path."""
    document = json.dumps(openapi(title, bindings, described), ensure_ascii=False).encode()
    kinds = {"css": "text/css", "html": "text/html", "js": "text/javascript"}
    shown = {
        f"/openapi{'' if kind == 'html' else '.' + kind}": Page(
            (_PAGES / f"openapi.{kind}").read_bytes(), f"{media}; charset=utf-8"
        )
        for kind, media in kinds.items()
    }
    return {"/openapi.json": Page(document, "application/json"), **shown}


def _path(rpc: Rpc, schemas: Schemas) -> Schema:
    service, _, name = rpc.method[1:].rpartition("/")
    request = schemas.of(rpc.request_type.DESCRIPTOR)
    response = schemas.of(rpc.response_type.DESCRIPTOR)
    said = comment_of(f"{service}.{name}")
    common: dict[str, Any] = {
        "tags": [service],
        "summary": said.partition(". ")[0].rstrip(".:"),
        "description": said,
    }
    headers = [_TIMEOUT, _REQUEST_ID]
    body = {"required": True, "content": {"application/json": {"schema": request}}}
    if not isinstance(rpc, StreamRpc):
        answers = _answers("application/json", response, "The answer.")
        asked = {"operationId": name, "parameters": headers, "requestBody": body}
        return {"post": {**common, **asked, "responses": answers}}
    told = "Server-sent events: each message as JSON, then `end`, or `failed` with an error."
    answers = _answers("text/event-stream", response, told)
    addressed = {**_MESSAGE, "content": {"application/json": {"schema": request}}}
    by_address = {"operationId": name, "parameters": [addressed, *headers]}
    by_body = {"operationId": f"{name}ByBody", "parameters": headers, "requestBody": body}
    return {
        "get": {**common, **by_address, "responses": answers},
        "post": {**common, **by_body, "responses": answers},
    }


def _answers(media: str, response: Schema, told: str) -> Schema:
    error = {"application/json": {"schema": {"$ref": COMPONENTS + "Error"}}}
    return {
        "200": {"description": told, "content": {media: {"schema": response}}},
        "default": {"description": "Why not.", "content": error},
    }
