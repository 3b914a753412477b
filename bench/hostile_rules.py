"""Definitions that are meant to be slow or huge; each must be refused, and at once."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from touchpoint.rules.v1.rules_pb2 import DefinitionFile

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""Written in C where there is one: a megabyte takes the other most of a second."""
_MEGABYTE = 1 << 20
_PATH = "hostile.yaml"


def _condition(text: str) -> str:
    rule = {"name": "hostile", "code": "OWNED", "level": "APPLICABILITY", "remove_when": text}
    return str(yaml.dump({"rules": [rule]}, Dumper=_DUMPER))


def _nested(depth: int) -> str:
    condition = "x == y"
    for number in range(depth):
        condition = f"customer.segments.all(x{number}, {condition})"
    return condition.replace("x == y", "history.owned")


HOSTILE: Mapping[str, DefinitionFile] = {
    name: DefinitionFile(path=_PATH, text=text)
    for name, text in {
        "exponential macros": _condition(_nested(7)),
        "chained macros": _condition(
            "[1, 2]" + "".join(f".map(x{n}, x{n} + x{n})" for n in range(24)) + ".size() > 0"
        ),
        "string doubling": _condition(
            '["a"]' + "".join(f".map(x{n}, x{n} + x{n})" for n in range(24)) + '[0] == "a"'
        ),
        "a megabyte of condition": _condition("history.owned || " * (_MEGABYTE // 17) + "true"),
        "a megabyte of YAML": "rules: [" + "a, " * (_MEGABYTE // 3) + "a]",
        "deep brackets": _condition("(" * 2_000 + "history.owned" + ")" * 2_000),
        "deep YAML": "rules: " + "[" * 20_000 + "]" * 20_000,
        "deep YAML that looks flat": "rules: " + '["]",' * 50_000,
        "a pattern of the candidate": _condition("offer.brand.matches(offer.id)"),
    }.items()
}
"""By what is nasty about them."""

HARMLESS = DefinitionFile(
    path="harmless.yaml",
    text="""\
placements:
  - {placement: web, channel: WEB, kinds: [CONTENT], limit: 1, default_offers: [default.new]}
offers:
  - {offer_id: default.new, kind: CONTENT, title: New, is_default: true}
""",
)
"""The least that definitions need: nothing else in them is a reason to refuse them."""
