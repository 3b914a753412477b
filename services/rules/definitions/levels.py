"""Which level a rule's condition looks like, by what it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from touchpoint.common.v1.vocabulary_pb2 import RuleLevel

MEANINGS: Mapping[RuleLevel.Value.ValueType, str] = {
    RuleLevel.ELIGIBILITY: "what must be",
    RuleLevel.APPLICABILITY: "what is relevant now",
    RuleLevel.SUITABILITY: "what is good for them",
}
_READ_FOR: Mapping[RuleLevel.Value.ValueType, tuple[str, ...]] = {
    RuleLevel.ELIGIBILITY: (
        *("customer.age", "customer.known", "customer.verified"),
        *("customer.consents", "customer.refusals"),
        *("item.min_age", "offer.min_age", "offer.needs_consent"),
        *("offer.for_channel", "offer.in_schedule"),
        *("offer.withdrawn", "offer.excluded_by_caller"),
        *("offer.members_only", "offer.personal", "customer.assurance", "customer.identity_kinds"),
    ),
    RuleLevel.APPLICABILITY: (
        *("item.stock", "offer.stock", "offer.about_sold_out"),
        *("history.owned", "history.times_bought", "history.days_since_bought"),
        *("history.cycle_days", "history.days_since_declined", "history.disliked"),
        *("history.in_cart", "history.about_owned", "history.nothing_to_ask"),
        "history.days_since_answered",
        *("request.cart_value_micros", "request.cart_lines", "request.agent_free"),
        "request.chat_free",
        *("customer.cart_value_micros", "customer.cart_lines"),
    ),
    RuleLevel.SUITABILITY: (
        *("customer.price_sensitivity", "customer.promotion_share", "customer.return_share"),
        *("customer.complaint_open", "customer.days_since_complaint", "customer.complaints"),
        "offer.price_led",
        *("customer.categories", "customer.category_affinities", "customer.category_aversions"),
        *("customer.top_category", "customer.top_category_affinity"),
        *("customer.brands", "customer.brand_affinities", "customer.brand_aversions"),
        *("customer.persona", "customer.persona_probability"),
    ),
}
_LEVEL_OF: Mapping[str, RuleLevel.Value.ValueType] = {
    name: level for level, names in _READ_FOR.items() for name in names
}
"""What is not here says nothing of the level."""


def level_warning(reads: Iterable[str], level: int) -> list[str]:
    """Return a sentence where a condition that reads these looks like another level than this.

    0 is a level that is not given. Nothing is told where it reads anything of its own level.
    """
    given = RuleLevel.Value.ValueType(level or RuleLevel.ELIGIBILITY)
    telling = [name for name in dict.fromkeys(reads) if name in _LEVEL_OF]
    levels = Counter(_LEVEL_OF[name] for name in telling)
    if not levels or given in levels:
        return []
    looks_like = levels.most_common(1)[0][0]
    read = ", ".join(name for name in telling if _LEVEL_OF[name] == looks_like)
    is_given = f"level is {_name(given)}" if level else f"level is not given, so {_name(given)}"
    return [
        f"remove_when reads {read}, which looks like {_name(looks_like)} "
        f"({MEANINGS[looks_like]}); its {is_given} ({MEANINGS[given]})"
    ]


def _name(level: RuleLevel.Value.ValueType) -> str:
    return RuleLevel.Value.Name(level)
