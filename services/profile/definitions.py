"""Profile's part of a bundle: what a person is read by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.definitions import BundleFollower
from shared.errors import Unavailable
from touchpoint.rules.v1.rules_pb2 import Bundle


@dataclass(frozen=True, slots=True)
class ProfileDefinitions:
    """What profile makes of a bundle."""

    bundle_hash: str = ""


NO_DEFINITIONS = ProfileDefinitions()
"""Before the first bundle is here."""

DefinitionsOf = Callable[[str], ProfileDefinitions]
"""Finds definitions by the hash of their bundle; empty: the active ones."""


def compile_bundle(bundle: Bundle) -> ProfileDefinitions:
    """Compile profile's part of a bundle; raises `CompileError`."""
    return ProfileDefinitions(bundle.bundle_hash)


def definitions_of(bundles: BundleFollower[ProfileDefinitions]) -> DefinitionsOf:
    """Return what finds definitions among those followed.

    Whoever asks by a bundle that is gone is answered by the active one, and by none before there is
    one: what is known of a person is told in any case.
    """

    def find(bundle_hash: str) -> ProfileDefinitions:
        try:
            return bundles.of(bundle_hash or bundles.active_hash)
        except Unavailable:
            return bundles.active if bundles.is_ready else NO_DEFINITIONS

    return find
