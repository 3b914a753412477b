"""Scenarios as tests write them."""

from __future__ import annotations

from google.protobuf.json_format import ParseDict

from services.scenario.reading import read_scenario
from touchpoint.rules.v1 import rules_pb2 as pb


def stage(name, *, offer="", send="", call=False, lasts=0, **fields):
    """Make a stage; `lasts` in microseconds, all else as the message has it in JSON."""
    written = {"stage": name, **fields}
    if offer:
        written["propose"] = {"offer": offer}
    if send:
        plain = {"template": send, "channels": ["EMAIL"]}
        written["send"] = send if isinstance(send, dict) else plain
    if call:
        written["task"] = {"kind": "call"}
    if lasts:
        written["lasts"] = f"{lasts // 1_000_000}s"
    return ParseDict(written, pb.Stage())


def scenario(*stages, **fields):
    made = pb.Scenario(scenario="s", starts_on=["view"], stages=stages)
    for field, value in fields.items():
        current = getattr(made, field)
        if isinstance(value, (list, tuple)):
            current.extend(value)
        elif hasattr(current, "CopyFrom"):
            current.CopyFrom(value)
        else:
            setattr(made, field, value)
    return read_scenario(made)
