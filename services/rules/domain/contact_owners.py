"""Whose contact an id stands for: ids are chosen by callers, and each is its first caller's."""

from __future__ import annotations

from shared.errors import PermissionDenied


def demand_own(reserved_by: str | None, caller: str | None) -> None:
    """Raise PermissionDenied for a contact that is somebody else's.

    One whose owner is not known (None) may be anybody's; a caller that is empty or not known may
    have all.
    """
    if caller and reserved_by not in (None, caller):
        raise foreign_contact()


def foreign_contact() -> PermissionDenied:
    """Return what is raised for a contact that is somebody else's."""
    return PermissionDenied(
        "this contact is somebody else's", reason="NOT_YOURS", metadata={"field": "contact_id"}
    )
