"""Generates typed conditions about one person, and persons that they are asked of."""

from hypothesis import strategies as st

from touchpoint.common.v1.snapshot_pb2 import (
    Cart,
    Declined,
    Disliked,
    Owned,
    PersonSnapshot,
    Session,
    Traits,
)

NOW_US = 1_772_000_000_000_000
TEXTS = ("", "a", "b", "top", "A > B", "A", "marketing", "é")
INTS = ("0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "params.orders")
DOUBLES = ("0.0", "-1.0", "0.5", "30.0", "1e308", "params.share", "days(params.after)")
INT_FIELDS = ("customer.age", "customer.frequency", "customer.monetary_micros", "session.items")
DOUBLE_FIELDS = ("customer.recency_days", "customer.top_category_affinity", "session.minutes")
TEXT_FIELDS = ("customer.value_tier", "customer.locale", "session.category", "session.channel")
LISTS = ("customer.consents", "customer.categories", "customer.disliked_brands", '["a", "b"]')
MAPS = ("customer.attributes", "customer.score_stages")
NUMBER_MAPS = ("customer.category_affinities", "customer.scores", "customer.brand_affinities")


def _text_literals():
    return st.sampled_from([f'"{text}"' for text in TEXTS])


def ints(depth):
    leaves = st.sampled_from([*INT_FIELDS, *INTS])
    if not depth:
        return leaves
    inner = ints(depth - 1)
    return st.one_of(
        leaves,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
        st.builds("(-{})".format, st.sampled_from(INT_FIELDS)),
        st.builds("size({})".format, st.one_of(st.sampled_from([*LISTS, *MAPS]), texts(depth - 1))),
        st.builds("({} ? {} : {})".format, bools(depth - 1), inner, inner),
    )


def doubles(depth):
    leaves = st.sampled_from([*DOUBLE_FIELDS, *DOUBLES])
    if not depth:
        return leaves
    inner = doubles(depth - 1)
    return st.one_of(
        leaves,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(-{})".format, st.sampled_from(DOUBLE_FIELDS)),
        st.builds("double({})".format, ints(depth - 1)),
        st.builds("{}[{}]".format, st.sampled_from(NUMBER_MAPS), texts(depth - 1)),
        st.builds("({} ? {} : {})".format, bools(depth - 1), inner, inner),
    )


def texts(depth):
    leaves = st.one_of(st.sampled_from([*TEXT_FIELDS, "customer.attributes.k"]), _text_literals())
    if not depth:
        return leaves
    inner = texts(depth - 1)
    return st.one_of(
        leaves,
        st.builds("({} + {})".format, inner, inner),
        st.builds("{}[{}]".format, st.sampled_from(MAPS), inner),
        st.builds("{}[{}]".format, st.sampled_from(LISTS), ints(depth - 1)),
        st.builds("({} ? {} : {})".format, bools(depth - 1), inner, inner),
    )


def bools(depth):
    leaves = st.sampled_from(
        [
            "customer.complaint_open",
            "session.hesitating",
            "true",
            "false",
            "has(customer.attributes.k)",
            "has(customer.age)",
            "has(customer.locale)",
            "has(customer.categories)",
            "has(session.last_time)",
            '"k" in customer.attributes',
            "now - session.last_time > duration('30m')",
            "session.last_time < now",
            "now.getHours() < 12",
            "params.flag",
        ]
    )
    if not depth:
        return leaves
    inner = bools(depth - 1)
    ordered = st.sampled_from(("<", "<=", ">", ">=", "==", "!="))
    tests = st.sampled_from(("startsWith", "endsWith", "contains"))
    ranges = st.sampled_from([*LISTS, *MAPS, *NUMBER_MAPS])
    predicates = st.one_of(
        st.builds("{}.{}(x)".format, texts(depth - 1), tests),
        st.builds("x == {}".format, texts(depth - 1)),
        st.builds("x.startsWith({}) && {}".format, texts(depth - 1), inner),
        st.builds("customer.category_affinities[x] > {}".format, doubles(0)),
        st.builds("customer.consents.exists(y, y == x || {})".format, bools(0)),
        st.builds("x in {}".format, st.sampled_from(LISTS)),
    )
    return st.one_of(
        leaves,
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("({} {} {})".format, ints(depth - 1), ordered, ints(depth - 1)),
        st.builds("({} {} {})".format, doubles(depth - 1), ordered, doubles(depth - 1)),
        st.builds("({} {} {})".format, texts(depth - 1), ordered, texts(depth - 1)),
        st.builds("{}.{}({})".format, texts(depth - 1), tests, texts(depth - 1)),
        st.builds("({} in {})".format, texts(depth - 1), st.sampled_from([*LISTS, *MAPS])),
        st.builds("({} in [1, 3, 7])".format, ints(depth - 1)),
        st.builds("{}.matches('a+|B')".format, texts(depth - 1)),
        st.builds("{}.{}(x, {})".format, ranges, st.sampled_from(("exists", "all")), predicates),
        st.builds(
            "size({}.filter(x, x != {})) > 0".format, st.sampled_from(LISTS), _text_literals()
        ),
    )


CONDITIONS = bools(3)


@st.composite
def people(draw):
    """Draw what is known of somebody."""
    some = st.lists(st.sampled_from(TEXTS), max_size=3, unique=True)
    shares = st.sampled_from((0.0, 0.25, 0.5, 1.0))
    categories, brands = draw(some), draw(some)
    return PersonSnapshot(
        as_of_us=NOW_US,
        age=draw(st.sampled_from((0, 17, 40))),
        locale=draw(st.sampled_from(TEXTS)),
        complaint_open=draw(st.booleans()),
        consents=draw(some),
        refusals=draw(some),
        attributes=draw(st.dictionaries(st.sampled_from(("k", "a")), st.sampled_from(TEXTS))),
        traits=Traits(
            recency_days=draw(st.sampled_from((-1.0, 0.0, 0.5, 31.0))),
            frequency=draw(st.integers(0, 9)),
            monetary_micros=draw(st.sampled_from((0, 1, 2**40))),
            value_tier=draw(st.sampled_from(TEXTS)),
            categories=categories,
            category_affinities=[draw(shares) for _ in categories],
            brands=brands,
            brand_affinities=[draw(shares) for _ in brands],
            scores=draw(st.dictionaries(st.sampled_from(TEXTS), st.sampled_from((0.0, 1.5)))),
            score_stages=draw(st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(TEXTS))),
        ),
        disliked=Disliked(brands=draw(some)),
        declined=Declined(offer_nos=[1] * draw(st.integers(0, 2))),
        owned=Owned(family_nos=[1] * draw(st.integers(0, 2))),
        cart=Cart(value_micros=draw(st.sampled_from((0, 7)))),
        session=Session(
            category=draw(st.sampled_from(TEXTS)),
            minutes=draw(st.sampled_from((0.0, 0.5, 7.0))),
            hesitating=draw(st.booleans()),
            offer_nos=[1] * draw(st.integers(0, 2)),
            channel=draw(st.sampled_from((0, 1, 4))),
            last_us=draw(st.sampled_from((0, NOW_US, NOW_US - 3_600_000_000))),
        ),
    )
