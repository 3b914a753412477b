"""The traits of a snapshot: what a state adds up to, as the columns that all read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from services.profile.domain import cart, habits
from services.profile.domain.aversions import Kind
from services.profile.domain.habits import Measure, Measured
from services.profile.domain.owned import latest
from services.profile.domain.reading import Tiers, attribute, soft_dislikes
from services.profile.domain.stages import stages
from services.profile.domain.state import TIME_ZONE, State
from services.profile.domain.variants import preferences
from touchpoint.common.v1.snapshot_pb2 import Answers, PersonSnapshot

MAX_CATEGORIES = 64


class Moment(NamedTuple):
    """What a state is read by."""

    now_us: int
    tiers: Tiers


def add_kept(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    """Add what was kept: variants, and how often categories are bought."""
    part = snapshot.traits
    if state.variants:
        columns = part.variants
        _extend(
            (columns.categories, columns.names, columns.values, columns.shares),
            preferences(state.variants),
        )
    if state.bought_categories:
        bought = part.bought_categories
        _extend(
            (bought.categories, bought.last_minutes, bought.times, bought.cycle_days),
            [
                (category, each.last_minute, each.times, each.cycle_days)
                for category, each in latest(state.bought_categories, MAX_CATEGORIES)
            ],
        )


def add_habits(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    """Add when and where somebody acts, and how they answer."""
    if state.habits:
        part, known, now_us = snapshot.traits, habits.measured(state.habits), moment.now_us
        hours = habits.local_hours(known, attribute(state, TIME_ZONE), now_us)
        _extend((part.channels, part.channel_shares), habits.shares(known, Measure.CHANNEL))
        _extend((part.hours, part.hour_shares), hours)
        _add_answers(part.answers, known, now_us)


def add_stages(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    """Add how far somebody is with each category in view."""
    part, now_us = snapshot.traits, moment.now_us
    if snapshot.HasField("cart"):
        cart_nos = frozenset(snapshot.cart.offer_nos[:])
    else:
        cart_nos = frozenset(item.offer_no for item in cart.items(state.cart, now_us))
    found = stages(state.log, cart_nos, state.bought_categories, now_us)
    _extend((part.stages.categories, part.stages.stages), found)


def add_soft_dislikes(snapshot: PersonSnapshot, state: State, moment: Moment) -> None:
    """Add what is disliked without having been said."""
    if not state.aversions:
        return
    part, now_us = snapshot.disliked, moment.now_us
    families = soft_dislikes(state, Kind.FAMILY, now_us)
    part.soft_family_nos.extend([int(subject) for subject, _ in families])
    part.soft_family_strengths.extend([strength for _, strength in families])
    for columns, kind in (
        ((part.soft_categories, part.soft_category_strengths), Kind.CATEGORY),
        ((part.soft_brands, part.soft_brand_strengths), Kind.BRAND),
    ):
        _extend(columns, soft_dislikes(state, kind, now_us))


def _add_answers(part: Answers, known: Measured, now_us: int) -> None:
    _extend(
        (part.channels, part.shown, part.accepted_shares),
        habits.answers(known, now_us),
    )
    sent, open_share, click_share = habits.emails(known, now_us)
    part.emails_sent = sent
    part.email_open_share = open_share
    part.email_click_share = click_share


def _extend(columns: tuple[Any, ...], rows: Collection[tuple[Any, ...]]) -> None:
    """Add rows to columns of a message."""
    if rows:
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
