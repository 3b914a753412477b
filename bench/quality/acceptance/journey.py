"""The Complete Journey: which household redeems a coupon of which campaign that it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.tables import Answers, Asked, catalogue_of, text_column
from bench.quality.shop import ShopMissingError
from services.ranker.domain.situation import Situation
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, Source

_DAY_US = 86_400_000_000
_FIRST_START = np.datetime64("2017-02-01")
_TEST_START = np.datetime64("2017-09-01")
_BEGIN = np.datetime64("2017-01-01")
_DEMOGRAPHICS = (
    *("age", "income", "home_ownership", "marital_status"),
    *("household_size", "household_comp", "kids_count"),
)
_TOTALS = ("visits", "spend", "lines", "coupon_spend", "about_spend")
"""Told by the week: the log begins with the year, so that totals would tell the date."""
TEST_START = int(_TEST_START.astype("datetime64[D]").astype(np.int64))
"""Campaigns that start from this day on (days since 1970) are foretold."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables, households by number."""

    households: NDArray[np.int64]
    """Their ids, ascending."""
    lines: dict[str, NDArray[Any]]
    redemptions: dict[str, NDArray[Any]]
    mailings: dict[str, NDArray[Any]]
    campaigns: dict[str, NDArray[Any]]
    products: dict[int, NDArray[np.int64]]
    """Of each campaign's coupons, ascending."""
    coupons: dict[int, int]
    demographics: dict[int, list[str]]


def load() -> Answers:
    """Return one question per household and campaign, by start. Raises ShopMissingError.

    What is told of a household is what it did before the campaign starts; whether it redeemed is
    known when the campaign ends.
    """
    from demo.grocer.source import GrocerMissingError, find_source

    try:
        source = find_source()
    except GrocerMissingError as error:
        raise ShopMissingError(str(error)) from error
    tables = _read(source)
    campaigns = tables.campaigns
    wanted = np.flatnonzero(campaigns["start"] >= _FIRST_START)
    order = wanted[np.lexsort((campaigns["campaign_id"][wanted], campaigns["start"][wanted]))]
    return _joined(tables, [_of_campaign(tables, int(at)) for at in order])


def _of_campaign(tables: _Tables, at: int) -> dict[str, Any]:
    """Return the mailed households of a campaign, with what they did before it starts."""
    campaign = int(tables.campaigns["campaign_id"][at])
    start, end = tables.campaigns["start"][at], tables.campaigns["end"][at]
    mailed = tables.mailings["household"][tables.mailings["campaign_id"] == campaign]
    weeks = (start - _BEGIN).astype(np.int64) / 7
    known = _bought(tables, campaign, start) | _answered(tables, start)
    numbers = {name: values[mailed] for name, values in known.items()}
    for name in _TOTALS:
        numbers[f"{name}_per_week"] = numbers.pop(name) / weeks
    redeemed = tables.redemptions["household"][tables.redemptions["campaign_id"] == campaign]
    return {
        "campaign": campaign,
        "type": str(tables.campaigns["campaign_type"][at]),
        "start": int(start.astype(np.int64)),
        "end": int(end.astype(np.int64)),
        "coupons": tables.coupons[campaign],
        "households": mailed,
        "numbers": numbers,
        "accepted": np.isin(mailed, redeemed),
    }


def _bought(tables: _Tables, campaign: int, start: Any) -> dict[str, NDArray[np.float64]]:
    """Return what each household bought before a day."""
    lines, count = tables.lines, len(tables.households)
    before = lines["time"] < start
    who = lines["household"][before]

    def total(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(who, values[before].astype(np.float64), count).astype(np.float64)

    last = np.full(count, -1.0)
    np.maximum.at(last, who, (lines["time"][before] - _BEGIN) / np.timedelta64(1, "D"))
    since = (start - _BEGIN) / np.timedelta64(1, "D") - last
    spend, saved = total(lines["sales_value"]), total(np.abs(lines["retail_disc"]))
    about = np.isin(lines["product_id"], tables.products[campaign])
    lines_before = total(np.ones(len(before)))
    return {
        "visits": total(lines["is_first_of_basket"]),
        "spend": spend,
        "lines": lines_before,
        "all_lines": lines_before,
        "recency_days": np.where(last >= 0, since, np.nan),
        "promotion_share": saved / np.maximum(spend + saved, 1e-9),
        "coupon_lines": total(np.abs(lines["coupon_disc"]) > 0),
        "coupon_spend": total(np.abs(lines["coupon_disc"])),
        "about_lines": total(about),
        "about_spend": total(about * lines["sales_value"]),
    }


def _answered(tables: _Tables, start: Any) -> dict[str, NDArray[np.float64]]:
    """Return what each household was sent and redeemed before a day."""
    count = len(tables.households)
    redemptions, mailings = tables.redemptions, tables.mailings
    before = redemptions["time"] < start
    who = redemptions["household"][before]
    last = np.full(count, -1.0)
    np.maximum.at(last, who, (redemptions["time"][before] - _BEGIN) / np.timedelta64(1, "D"))
    pairs = np.unique(np.stack((who, redemptions["campaign_id"][before]), 1), axis=0)
    accepted = np.bincount(pairs[:, 0], minlength=count).astype(np.float64)
    sent = np.bincount(mailings["household"][mailings["start"] < start], minlength=count)
    since = (start - _BEGIN) / np.timedelta64(1, "D") - last
    return {
        "shown": sent.astype(np.float64),
        "accepted_share": np.where(sent > 0, accepted / np.maximum(sent, 1), np.nan),
        "redeemed": np.bincount(who, minlength=count).astype(np.float64),
        "redeemed_days": np.where(last >= 0, since, np.nan),
    }


def _joined(tables: _Tables, parts: list[dict[str, Any]]) -> Answers:
    """Return the campaigns as one table, and as questions to the ranker."""
    names = list(parts[0]["numbers"])
    sizes = [len(part["households"]) for part in parts]
    households = np.concatenate([part["households"] for part in parts])
    numbers = np.stack(
        [np.concatenate([part["numbers"][name] for part in parts]) for name in names], 1
    )
    of_campaign = np.array(
        [[part["coupons"], part["end"] - part["start"], part["start"]] for part in parts]
    )
    types = np.array([part["type"] for part in parts])
    starts = np.repeat([part["start"] for part in parts], sizes)
    told = [tables.demographics.get(int(each), [""] * len(_DEMOGRAPHICS)) for each in households]
    asked = [
        _asked(number, parts[number], dict(zip(names, values)), person)
        for number, values, person in zip(
            np.repeat(np.arange(len(parts)), sizes).tolist(), numbers.tolist(), told
        )
    ]
    return Answers(
        asked=asked,
        catalogue=catalogue_of([_offer(no, part) for no, part in enumerate(parts, start=1)]),
        accepted=np.concatenate([part["accepted"] for part in parts]),
        people=households,
        asked_at=starts,
        known_at=np.repeat([part["end"] for part in parts], sizes),
        numbers=np.concatenate([numbers, np.repeat(of_campaign, sizes, axis=0)], axis=1),
        texts=np.concatenate([np.array(told), np.repeat(types, sizes)[:, None]], axis=1),
    )


def _offer(offer_no: int, part: dict[str, Any]) -> CatalogueRow:
    return CatalogueRow(
        offer_no=offer_no,
        offer_id=f"campaign-{part['campaign']}",
        kind=OfferKind.PROMOTION,
        attributes={"type": part["type"]},
        starts_us=part["start"] * _DAY_US,
        ends_us=part["end"] * _DAY_US,
        lever=1.0,
    )


def _asked(no: int, part: dict[str, Any], known: dict[str, float], person: list[str]) -> Asked:
    """Return the question as profile and retrieval would put it.

    The evidence is how many of the lines were of what the coupons are about.
    """
    recency = known["recency_days"]
    told = {name: value for name, value in known.items() if value == value}
    about, lines = told["about_lines"], told.pop("all_lines")
    return Asked(
        no + 1,
        Situation(
            Channel.DIRECT_MAIL,
            ["mail.campaign"],
            assurance=Assurance.VERIFIED,
            recency_days=recency if recency == recency else -1.0,
            attributes=[f"{name}={text}" for name, text in zip(_DEMOGRAPHICS, person) if text],
            numbers=list(told.items()),
            told=[f"coupons={part['coupons']}"],
            now_us=part["start"] * _DAY_US,
        ),
        Source.OFFER,
        evidence_count=int(about),
        evidence_total=max(int(lines), 1),
    )


def _read(source: Path) -> _Tables:
    from demo.grocer.source import read

    lines = _columns(
        read(
            source,
            "transactions",
            [
                *("household_id", "basket_id", "product_id", "sales_value"),
                *("retail_disc", "coupon_disc", "transaction_timestamp"),
            ],
        )
    )
    households = np.unique(lines["household_id"])
    lines["time"] = lines["transaction_timestamp"].astype("datetime64[us]")
    lines["household"] = households.searchsorted(lines["household_id"])
    _, first = np.unique(lines["basket_id"], return_index=True)
    lines["is_first_of_basket"] = np.zeros(len(lines["time"]), np.bool_)
    lines["is_first_of_basket"][first] = True
    campaigns = _columns(read(source, "campaign_descriptions"))
    campaigns["start"] = _days(campaigns["start_date"])
    campaigns["end"] = _days(campaigns["end_date"])
    mailings = _columns(read(source, "campaigns"))
    mailings["household"] = households.searchsorted(mailings["household_id"])
    order = np.argsort(campaigns["campaign_id"])
    at = order[campaigns["campaign_id"][order].searchsorted(mailings["campaign_id"])]
    mailings["start"] = campaigns["start"][at]
    redemptions = _columns(read(source, "coupon_redemptions"))
    redemptions["household"] = households.searchsorted(redemptions["household_id"])
    redemptions["time"] = _days(redemptions["redemption_date"])
    coupons = _columns(read(source, "coupons"))
    of_campaign = {
        int(campaign): coupons["campaign_id"] == campaign
        for campaign in np.unique(coupons["campaign_id"])
    }
    people = read(source, "demographics")
    texts = [text_column(people[name]) for name in _DEMOGRAPHICS]
    ids = households.searchsorted(people["household_id"].to_numpy()).tolist()
    return _Tables(
        households=households,
        lines=lines,
        redemptions=redemptions,
        mailings=mailings,
        campaigns=campaigns,
        products={no: np.unique(coupons["product_id"][own]) for no, own in of_campaign.items()},
        coupons={no: len(np.unique(coupons["coupon_upc"][own])) for no, own in of_campaign.items()},
        demographics=dict(zip(ids, (list(row) for row in zip(*texts)))),
    )


def _columns(table: Any) -> dict[str, NDArray[Any]]:
    return {name: table[name].to_numpy() for name in table.column_names}


def _days(values: NDArray[Any]) -> NDArray[Any]:
    """Return dates, whatever the file holds them as."""
    return np.array([str(value)[:10] for value in values], "datetime64[D]")
