"""The names of the measures: what reports tell and what experiments may be about.

What each is made of the ranker defines; docs/measures.md tells it.
"""

from __future__ import annotations

from collections.abc import Mapping

MEASURES: Mapping[str, bool] = {
    "contribution": True,
    "revenue": True,
    "revenue_per_visit": True,
    "contribution_per_visit": True,
    "orders": True,
    "order_value": True,
    "look_to_book": True,
    "acceptance": True,
    "clicks": True,
    "visits": True,
    "stickiness": True,
    "products_considered": True,
    "cart_abandonment": False,
    "returned": False,
    "repeat_rate": True,
    "retention": True,
    "referral": True,
    "satisfaction": True,
    "declines": False,
    "opt_outs": False,
    "complaints": False,
}
"""Measure to whether more of it is better."""
