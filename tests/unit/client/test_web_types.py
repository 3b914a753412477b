"""The types of the TypeScript client name only what the protos have."""

import re
from pathlib import Path

import pytest

from touchpoint.aggregator.v1 import aggregator_pb2, aggregator_service_pb2
from touchpoint.common.v1 import event_pb2, identity_pb2, money_pb2

TYPES = Path(__file__).parents[3] / "clients" / "web" / "src" / "api.ts"
FILES = (aggregator_pb2, aggregator_service_pb2, event_pb2, identity_pb2, money_pb2)
MESSAGES = {name: message for file in FILES for name, message in vars(file).items()}
EXTENDED = re.compile(r"interface (\w+)(?: extends (\w+))? \{(.*?)\n\}", re.S)


def interfaces():
    return {name: body for name, _, body in EXTENDED.findall(TYPES.read_text())}


@pytest.mark.parametrize("name", sorted(interfaces()))
def test_every_field_of_a_type_is_one_of_its_message(name):
    fields = set(re.findall(r"^  (\w+)\??:", interfaces()[name], re.M))
    message = MESSAGES["Event" if name == "Facts" else name].DESCRIPTOR
    assert fields
    assert fields <= {field.json_name for field in message.fields}
