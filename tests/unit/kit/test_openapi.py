"""The document of the HTTP face agrees with the JSON that is really read and written."""

import json
import re

from google.protobuf.descriptor import FieldDescriptor

from services.aggregator.app import bound  # noqa: F401 registers every message of the edge
from shared.openapi.document import openapi, openapi_pages
from shared.transport.json_codec import JsonCodec
from tests.unit.aggregator.edge import Edge

SCALARS = {
    FieldDescriptor.CPPTYPE_STRING: "x",
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_DOUBLE: 1.5,
    FieldDescriptor.CPPTYPE_FLOAT: 1.5,
    FieldDescriptor.CPPTYPE_ENUM: 1,
}
KINDS = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "object": dict}


async def edge_binding():
    return Edge(ticking=None).binding()


def filled(message, depth=4):
    """Fill every field of a message, and of those in it."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None:
            value = SCALARS.get(field.cpp_type, 7)
            if field.type == FieldDescriptor.TYPE_BYTES:
                value = b"x"
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif field.message_type.full_name == "google.protobuf.Struct":
            getattr(message, field.name).update({"k": "v"})
        elif field.message_type.GetOptions().map_entry:
            continue
        elif depth:
            inner = getattr(message, field.name)
            filled(inner.add() if field.is_repeated else inner, depth - 1)
    return message


def disagreements(value, schema, schemas, path=""):
    """Yield where JSON is not as its schema says; None where nothing is said."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if kind == "array":
        for at, each in enumerate(value):
            yield from disagreements(each, schema["items"], schemas, f"{path}[{at}]")
    elif kind and not isinstance(value, KINDS[kind]):
        yield f"{path}: {value!r} is no {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    elif "properties" in schema:
        for name, each in value.items():
            if name in schema["properties"]:
                inner = schema["properties"][name]
                yield from disagreements(each, inner, schemas, f"{path}.{name}")
            else:
                yield f"{path}.{name}: is not in the schema"


async def test_every_message_written_with_all_its_fields_is_as_the_document_says():
    binding = await edge_binding()
    document, codec = openapi("t", [binding]), JsonCodec()
    schemas = document["components"]["schemas"]
    wrong = []
    for rpc in binding.rpcs:
        for kind in (rpc.request_type, rpc.response_type):
            written = json.loads(codec.encode(filled(kind())))
            schema = schemas[kind.DESCRIPTOR.full_name]
            assert set(written) == set(schema["properties"])
            wrong += disagreements(written, schema, schemas, kind.DESCRIPTOR.name)
    assert wrong == []


async def test_every_rpc_has_a_path_with_what_its_comment_says():
    binding = await edge_binding()
    paths = openapi("t", [binding])["paths"]
    assert set(paths) == {rpc.method for rpc in binding.rpcs}
    for operations in paths.values():
        for operation in operations.values():
            assert len(operation["description"]) > 10
    recommend = paths[f"/{binding.service}/Recommend"]
    watch = paths[f"/{binding.service}/WatchTasks"]
    assert "next best actions" in recommend["post"]["description"]
    assert set(recommend) == {"post"}
    assert "text/event-stream" in watch["get"]["responses"]["200"]["content"]


async def test_every_reference_leads_to_a_schema_and_every_field_is_described():
    document = openapi("t", [await edge_binding()])
    schemas = document["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert named <= set(schemas)
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, of in schema.get("properties", {}).items()
        if name.startswith("touchpoint.") and not of.get("description")
    ]
    assert silent == []


async def test_the_page_asks_no_other_host():
    pages = openapi_pages("t", [await edge_binding()], "told")
    assert set(pages) == {"/openapi", "/openapi.json", "/openapi.css", "/openapi.js"}
    for path in ("/openapi", "/openapi.css", "/openapi.js"):
        assert b"//" not in pages[path].body.replace(b"\n// ", b"")
