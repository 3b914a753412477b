"""Events of a file come to the same whether they are taken as columns or one by one."""

import pytest

from services.profile.intake import Intake
from services.profile.row_intake import RowIntake
from services.profile.stamping import Stamper
from tests.grpc.profile.edge import KEY, catalogue
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1.transfer_pb2 import EventRows

NOW_US = 1_772_000_000_000_000


@pytest.fixture
def intake():
    return Intake(Stamper(catalogue()), KEY, "US")


def event(number, **fields):
    made = Event(
        event_id=fields.pop("event_id", f"e{number}"),
        type=fields.pop("type", "view"),
        identities=fields.pop("identities", [Identity(kind="customer", value="ada")]),
    )
    made.time.FromMicroseconds(fields.pop("time_us", NOW_US - number))
    if "attributes" in fields:
        made.attributes.update(fields.pop("attributes"))
    if "amount" in fields:
        made.value.amount = fields.pop("amount")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


VARIED = [
    event(0, item_id="shoe", channel=1, session_id="s", duration_s=12.5),
    event(1, type="purchase", item_id="shoe-blue", order_id="o", quantity=2),
    event(2, type="purchase", item_id="laptop", order_id="o", amount="850.00", quantity=1),
    event(3, type="impression", item_id="shoe", offer_id="coupon", decision_id="d", placement="p"),
    event(4, type="search", query="blue shoe"),
    event(5, type="page_view", page="/returns"),
    event(6, type="purchase", item_id="shoe", attributes={"gift": True, "wrapped": 1.5}),
    event(7, type="preference", attributes={"sentiment": "dislike", "category": "Shoes"}),
    event(8, type="consent", attributes={"purpose": "sharing", "source": "desk"}),
    event(9, type="subscribe", channel=4),
    event(12, type="purchase", item_id="shoe", offer_id="coupon"),
    event(11, type="refer", attributes={"referred": "email:Bob@Shop.example"}),
    event(
        10,
        identities=[
            Identity(kind="visitor", value="v"),
            Identity(kind="email", value="Ada@Shop.example"),
        ],
    ),
]
SAME = [
    "place", "key", "event", "identities", "event_id", "caller", "decision_id", "placement",
    "private", "referred",
]  # fmt: skip


def of(arrival):
    return {name: getattr(arrival, name) for name in SAME}


def rows_of(events):
    from cli.importing.event_rows import columns_of

    return columns_of(events)


async def test_columns_and_single_events_make_the_same_arrivals(intake):
    one_by_one = await intake.imported(VARIED, "cli", NOW_US)
    assert not one_by_one.rejected
    at_once = await RowIntake(intake).imported(rows_of(VARIED), "cli", NOW_US)
    assert list(map(of, at_once.arrivals)) == list(map(of, one_by_one.arrivals))


async def test_a_bad_row_is_rejected_alone_and_the_others_come_to_the_same(intake):
    good = await RowIntake(intake).imported(rows_of(VARIED), "cli", NOW_US)
    bad = [
        event(20, type="No Type"),
        event(21, event_id=""),
        event(22, channel=77),
        event(23, quantity=-1.0),
        event(24, time_us=NOW_US + 10**12),
        event(25, amount="much"),
        event(26, identities=[Identity(kind="phone", value="nonsense")]),
        event(27, query="q" * 600),
        event(28, session_id="s" * 200),
        event(29, duration_s=float("nan")),
    ]
    mixed = await RowIntake(intake).imported(rows_of([*VARIED, *bad]), "cli", NOW_US)
    assert [each.place for each in mixed.rejected] == [
        len(VARIED) + number for number in range(len(bad))
    ]
    assert mixed.arrivals == good.arrivals  # the digests too: repeating it changes nothing


async def test_a_column_left_out_is_as_good_as_an_empty_one(intake):
    plain = [event(number, item_id="shoe") for number in range(3)]
    full = rows_of(plain)
    short = EventRows(
        event_ids=full.event_ids,
        types=full.types,
        times_us=full.times_us,
        identity_kinds=full.identity_kinds,
        identity_values=full.identity_values,
        item_ids=full.item_ids,
    )
    taken = RowIntake(intake).imported
    assert await taken(short, "cli", NOW_US) == await taken(full, "cli", NOW_US)


@pytest.mark.parametrize("field", ["types", "times_us", "item_ids", "identity_values"])
async def test_other_content_has_another_digest(intake, field):
    rows = rows_of([event(0, item_id="shoe")])
    [first] = (await RowIntake(intake).imported(rows, "cli", NOW_US)).arrivals
    changed = getattr(rows, field)
    changed[0] = changed[0] - 1 if field == "times_us" else changed[0] + "_x"
    [other] = (await RowIntake(intake).imported(rows, "cli", NOW_US)).arrivals
    assert (other.key, other.digest != first.digest) == (first.key, True)


HOSTILE = (
    '{"number": 1' + "0" * 400 + "}",
    '{"nested": ' + "[" * 500 + "]" * 500 + "}",
    "[" * 100_000,
    "7",
)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_attributes_that_no_event_can_hold_cost_their_own_row_only(intake, hostile):
    rows = rows_of([event(1, attributes={"gift": True}), event(2, attributes={"gift": True})])
    rows.attributes[0] = hostile
    taken = await RowIntake(intake).imported(rows, "cli", NOW_US)
    assert [each.event_id for each in taken.arrivals] == ["e2"]
    assert [each.message.split(":")[0] for each in taken.rejected] == ["attributes"]
