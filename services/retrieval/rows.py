"""Entries of the catalogue as the rows that travel."""

from __future__ import annotations

from services.retrieval.domain.catalogue import CatalogueSlice, Entry
from services.retrieval.domain.levers import NEUTRAL
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow


def encode_row(entry: Entry) -> CatalogueRow:
    """Return the row of an entry: its content with the numbers that writing gave it."""
    row = CatalogueRow.FromString(entry.content)
    row.offer_no = entry.offer_no
    row.family_no = entry.family_no
    row.about_nos.extend(entry.about_nos)
    if entry.set_lever != NEUTRAL:
        row.set_lever, row.set_lever_until_us = entry.set_lever, entry.set_lever_until_us
    return row


def encode_batch(part: CatalogueSlice) -> CatalogueBatch:
    """Return the batch of a slice."""
    return CatalogueBatch(
        previous_version=part.previous_version,
        version=part.version,
        rows=[encode_row(entry) for entry in part.entries],
    )
