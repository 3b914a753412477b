"""The data dictionary: what stands in an export, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cli.exporting.table import Table

MARKDOWN, JSON = "data-dictionary.md", "data-dictionary.json"


def write(folder: Path, tables: Iterable[Table]) -> None:
    """Write the dictionary beside the tables, each file whole."""
    described = list(tables)
    for name, text in ((MARKDOWN, markdown(described)), (JSON, _as_json(described))):
        draft = folder / f"{name}.draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(folder / name)


def markdown(tables: Iterable[Table]) -> str:
    """Return the dictionary as a document."""
    parts = ["# Data dictionary\n"]
    for table in tables:
        parts.append(f"## {table.name}\n\n{table.text}\n\n{_filed(table)}\n")
        parts.append("| column | type | what it says |\n|---|---|---|")
        parts.extend(
            f"| {column.name} | {column.type}{' (in the house only)' * column.is_personal} "
            f"| {column.text.replace('|', '&#124;')} |"
            for column in table.columns
        )
        parts.append("")
    return "\n".join(parts)


def _filed(table: Table) -> str:
    if table.is_log:
        return (
            f"Grows; filed under the day of `{table.day}` in UTC: `{table.name}/day=YYYY-MM-DD/`."
        )
    return (
        f"Whole in each export; filed under the day of the export: `{table.name}/day=YYYY-MM-DD/`. "
        "Take the latest day."
    )


def _as_json(tables: Iterable[Table]) -> str:
    told: list[dict[str, Any]] = [
        {
            "table": table.name,
            "text": table.text,
            "grows": table.is_log,
            "columns": [
                {
                    "column": column.name,
                    "type": column.type.value,
                    "text": column.text,
                    "in_house_only": column.is_personal,
                }
                for column in table.columns
            ],
        }
        for table in tables
    ]
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
