"""The queries by which every figure of the results is recomputed from an export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files

from services.ranker.domain.answers import ANSWERING, CREDITED, is_acceptance
from services.ranker.domain.measures.channels import SPLITS, Over
from services.ranker.domain.measures.definitions import MEASURES, Measure
from services.ranker.domain.measures.log import TYPES, VISITING, Period
from services.ranker.domain.measures.paths import BOUGHT_US, parts_of
from services.ranker.domain.measures.persons import COLUMNS, REPEAT_US
from services.ranker.domain.measures.splits import step_of
from services.ranker.domain.measures.visits import CART_US, SILENCE_US
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

_SCRIPT, _QUERY = ("measures.sql", "channels.sql"), "measure_query.sql"
_SPLIT_QUERY = "channels_query.sql"
_OF_PAIRS: Mapping[Over, Mapping[str, str]] = {
    Over.EVERYBODY: {"keys": "", "using": "ON true", "more": ""},
    Over.SEEN: {
        "keys": "seen, ",
        "using": "USING (seen)",
        "more": " UNION SELECT DISTINCT seen, 'UNSPECIFIED' FROM wholes",
    },
    Over.PAIR: {
        "keys": "seen, bought, ",
        "using": "USING (seen, bought)",
        "more": " UNION SELECT DISTINCT seen, bought FROM wholes",
    },
}
_DERIVED = {"people": "1", "visitors": "visits > 0", "buyers": "orders > 0"}


def setup(
    period: Period,
    rates: Mapping[int, Mapping[str, int]],
    seen_when_decided: Iterable[str],
) -> str:
    """Return what makes the tables that all queries are on.

    `rates` are those that the report went by, in billionths: by when they began to hold, and by
    currency.
    """
    acceptances = [
        f"({_text(kind)}, {_text(name)})"
        for kind, number in OfferKind.Value.items()
        for name in TYPES
        if is_acceptance(number, name)
    ]
    told = [
        f"({_text(currency)}, {since_us}, {billionths})"
        for since_us, each in rates.items()
        for currency, billionths in each.items()
        if currency
    ]
    placements = [f"({_text(name)})" for name in sorted(seen_when_decided)]
    return "".join(map(_read, _SCRIPT)).format(
        since_us=period.since_us,
        until_us=period.until_us,
        step_us=step_of(period),
        rates=", ".join(told) or "('', 0, 1000000000)",
        placements=", ".join(placements) or "('')",
        acceptances=", ".join(acceptances),
        types=_listed(TYPES),
        visiting=_listed(VISITING),
        answering=_listed(sorted(ANSWERING | CREDITED)),
        crediting=_listed(sorted(CREDITED)),
        silence_us=SILENCE_US,
        cart_us=CART_US,
        bought_us=BOUGHT_US,
        repeat_us=REPEAT_US,
        columns=", ".join(_columns()),
    )


def measure_query(measure: Measure) -> str:
    """Return what makes a measure by arm: customers who add to it, totals, value and its error."""
    return _grouped(measure, "arm", "customer_measures")


def channels_query(measure: str) -> str:
    """Return what splits a measure by the channels where things were seen and bought."""
    split = SPLITS[measure]
    return (
        _read(_SPLIT_QUERY)
        .rstrip()
        .format(
            part=split.part,
            whole=split.whole,
            part_parts=parts_of(split.part),
            whole_parts=parts_of(split.whole),
            **_OF_PAIRS[split.over],
        )
    )


def segments_query() -> str:
    """Return what makes every measure by segment."""
    of_each = [
        " ".join(["SELECT", _text(name), "AS measure, * FROM (", _grouped(each, *_MEMBERS), ")"])
        for name, each in MEASURES.items()
    ]
    return "\nUNION ALL\n".join(of_each)


_MEMBERS = ("segment", "customer_measures JOIN members USING (profile_id)")
OFFERS_QUERY = """\
SELECT offer_id, count(DISTINCT profile_id) AS people, count(*) AS shown,
    count(*) FILTER (is_clicked) AS clicks, count(*) FILTER (is_accepted) AS accepted,
    count(*) FILTER (is_declined) AS declined, sum(revenue) / 1e6 AS revenue,
    sum(contribution) / 1e6 AS contribution, sum(worth) / 1e6 AS worth,
    sum(worth) / 1e3 / count(*) AS worth_per_1000
FROM showings GROUP BY offer_id ORDER BY shown DESC, offer_id"""
KINDS_QUERY = """\
WITH told AS (
    SELECT coalesce(nullif(kind, ''), 'UNSPECIFIED') AS kind, profile_id, count(*) AS shown,
        count(*) FILTER (is_clicked) AS clicks, count(*) FILTER (is_accepted) AS accepted,
        count(*) FILTER (is_declined) AS declined
    FROM showings GROUP BY ALL
), shares AS (
    SELECT *, sum(accepted) OVER (PARTITION BY kind) / sum(shown) OVER (PARTITION BY kind) AS share
    FROM told
)
SELECT kind, count(*) AS people, sum(shown) AS shown, sum(clicks) AS clicks,
    sum(accepted) AS accepted, sum(declined) AS declined, any_value(share) AS acceptance,
    sqrt(var_samp(accepted - share * shown) / count(*)) / avg(shown) AS error
FROM shares GROUP BY kind ORDER BY kind"""
SHOWN_QUERY = """\
SELECT channel, arm, count(*) AS shown, count(*) FILTER (is_clicked) AS clicks,
    count(*) FILTER (is_accepted) AS accepted, count(*) FILTER (is_declined) AS declined
FROM showings JOIN arms USING (profile_id) GROUP BY channel, arm ORDER BY channel, arm"""
CHANNELS_QUERY = """\
SELECT seen.channel AS seen, deeds.channel AS bought, count(*) AS purchases,
    sum(deeds.value) / 1e6 AS revenue, sum(deeds.value - deeds.cost) / 1e6 AS contribution
FROM deeds LEFT JOIN credits ON credits.deed = deeds.deed AND is_paid
LEFT JOIN seen USING (place)
WHERE deeds.type = 'purchase' GROUP BY seen.channel, deeds.channel ORDER BY seen, bought"""
POINTS_QUERY = """\
SELECT time_us // step_us * step_us AS begin_us, arm,
    sum(CASE type WHEN 'purchase' THEN value ELSE -value END) / 1e6 AS revenue,
    sum(CASE type WHEN 'purchase' THEN value - cost ELSE cost - value END) / 1e6 AS contribution
FROM deeds JOIN arms USING (profile_id) CROSS JOIN period
WHERE type IN ('purchase', 'return') GROUP BY begin_us, arm ORDER BY begin_us, arm"""


def _columns() -> list[str]:
    """Return how each column of `PersonMeasures` is made."""
    return [f"coalesce(({_DERIVED.get(name, name)})::DOUBLE, 0) AS {name}" for name in COLUMNS]


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_text, names))


def _grouped(measure: Measure, by: str, table: str) -> str:
    template = _read(_QUERY).rstrip()
    return template.format(by=by, part=measure.part, whole=measure.whole, table=table)


def _read(name: str) -> str:
    return files("services.ranker").joinpath(name).read_text("utf-8")
