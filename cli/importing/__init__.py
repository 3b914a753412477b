"""Brings files into the suite: read, checked row by row, sent in slices, reported by row."""

from cli.importing.importer import Importer
from cli.importing.kind import Kind
from cli.importing.kinds import KINDS
from cli.importing.report import Report, RowError
from cli.importing.row_file import BrokenFileError
from cli.importing.target import Target

__all__ = ["KINDS", "BrokenFileError", "Importer", "Kind", "Report", "RowError", "Target"]
