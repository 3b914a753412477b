"""Who may act towards persons by their ids: decide for them, and learn how to write to them."""

from __future__ import annotations

from shared.call import Call
from shared.errors import PermissionDenied


def demand_reach(call: Call) -> None:
    """Raise PermissionDenied unless the caller may reach persons by their ids."""
    if not call.caller.may_reach:
        raise PermissionDenied(
            "this caller may not reach persons; TOUCHPOINT_MAY_REACH names those that may",
            reason="MAY_NOT_REACH",
        )
