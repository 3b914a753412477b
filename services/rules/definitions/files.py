"""Reads the files of a folder of definitions into entries by section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.rules.definitions.problems import Place, Problems, place_of, suggestion
from services.rules.definitions.reading import Entry, Reader, read_entry
from services.rules.definitions.sections import PARAMETERS, SECTIONS, SINGLE
from services.rules.definitions.yaml_nodes import compose
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

MAX_FILES = 500
MAX_BYTES = 256 * 1024
PARAMETER_NAME = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_PARAMETER_NAME = re.compile(PARAMETER_NAME, re.ASCII)
_LONGEST_PARAMETER = 256
_NO_BRACKETS = re.compile(r"[^\[\]{}]+")
_DEEPEST = 500
"""Far more than anything has that means something, texts with a bracket left open among it."""


@dataclass(slots=True)
class Entries:
    """Everything that the files define."""

    parameters: dict[str, str] = field(default_factory=dict)
    parameter_places: dict[str, Place] = field(default_factory=dict)
    by_section: dict[str, list[Entry]] = field(
        default_factory=lambda: {name: [] for name in SECTIONS}
    )


def read_folder(folder: Path) -> list[DefinitionFile]:
    """Return the YAML files of a folder and those below it, in the order of their paths."""
    return [
        DefinitionFile(
            path=path.relative_to(folder).as_posix(), text=path.read_text(encoding="utf-8")
        )
        for path in sorted(folder.rglob("*.yaml"))
    ]


def read_files(files: Iterable[DefinitionFile], problems: Problems) -> Entries:
    """Read all files; parameters first, because every other value may refer to them."""
    entries = Entries()
    roots = [(file.path, root) for file in files for root in _compose(file, problems)]
    for path, root in roots:
        for key, value in _sections(path, root, problems):
            if key.value == PARAMETERS:
                _read_parameters(Reader(path, problems, {}), value, entries)
    for path, root in roots:
        for key, value in _sections(path, root, Problems()):
            if key.value in SECTIONS:
                reader = Reader(path, problems, entries.parameters)
                _read_section(reader, key.value, value, entries)
    return entries


def _compose(file: DefinitionFile, problems: Problems) -> Iterator[Node]:
    """Yield the root node of a file, unless it is empty or no YAML."""
    if len(file.text.encode()) > MAX_BYTES:
        problems.add(Place(file.path), f"is larger than {MAX_BYTES // 1024} KiB")
        return
    if _is_too_deep(file.text):
        problems.add(Place(file.path), f"has lists or mappings over {_DEEPEST} levels deep")
        return
    try:
        root = compose(file.text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(file.path, mark.line + 1, mark.column + 1) if mark else Place(file.path)
        problems.add(place, f"is no YAML: {error.problem}")
    except (yaml.YAMLError, RecursionError):
        problems.add(Place(file.path), "is no YAML")
    else:
        if root is not None:
            yield root


def _is_too_deep(text: str) -> bool:
    """Say whether brackets open ever deeper: reading them takes the square of their depth."""
    brackets = np.frombuffer(_NO_BRACKETS.sub("", text).encode(), np.uint8)
    opening = (brackets == ord("[")) | (brackets == ord("{"))
    height = np.cumsum(np.where(opening, 1, -1))
    # What closes though nothing is open does not count: the lowest point so far is the ground.
    ground = np.minimum.accumulate(np.minimum(height, 0))
    return int((height - ground).max(initial=0)) > _DEEPEST


def _sections(path: str, root: Node, problems: Problems) -> Iterator[tuple[ScalarNode, Node]]:
    """Yield the sections of a file."""
    known = (PARAMETERS, *SECTIONS)
    if not isinstance(root, MappingNode):
        problems.add(place_of(root, path), f"must be a mapping of sections: {', '.join(known)}")
        return
    seen: set[str] = set()
    for key, value in root.value:
        name = key.value if isinstance(key, ScalarNode) else ""
        if name not in known:
            message = f"unknown section {name}{suggestion(name, known)}"
            problems.add(place_of(key, path), message)
        elif name in seen:
            problems.add(place_of(key, path), f"{name} is given twice")
        else:
            seen.add(name)
            yield key, value


def _read_parameters(reader: Reader, node: Node, entries: Entries) -> None:
    if not isinstance(node, MappingNode):
        reader.mistake(node, "must be a mapping of parameters")
        return
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else ""
        if not _PARAMETER_NAME.fullmatch(name):
            reader.mistake(key, f"{name!r} is no name; write lower_case words joined by points")
        elif name in entries.parameters:
            reader.mistake(key, f"{name} is given twice")
        elif not isinstance(value, ScalarNode) or not 0 < len(value.value) <= _LONGEST_PARAMETER:
            reader.mistake(value, f"{name} must be a single value")
        else:
            entries.parameters[name] = value.value
            entries.parameter_places[name] = reader.place(value)


def _read_section(reader: Reader, name: str, node: Node, entries: Entries) -> None:
    if name not in SINGLE and not isinstance(node, SequenceNode):
        reader.mistake(node, f"{name} must be a list")
        return
    section = SECTIONS[name]
    for part in (node,) if name in SINGLE else node.value:
        entry = read_entry(reader, part, section.fields, section.required)
        if entry is not None:
            entries.by_section[name].append(entry)
