"""Events for the domain's tests, said briefly."""

from hypothesis import strategies as st

from services.profile.domain.event import DAY_US, MINUTE_US, Event
from services.profile.domain.fold import fold
from services.profile.domain.state import State, prune

NOON_US = 20_454 * DAY_US + DAY_US // 2
"""A noon in January 2026."""
CATEGORIES = ("A", "A > B", "A > B > C", "D > E")
TYPES = (
    "view",
    "search",
    "purchase",
    "return",
    "add_to_cart",
    "remove_from_cart",
    "decline",
    "accept",
    "ignore",
    "email_open",
    "contact_sent",
    "preference",
    "consent",
    "subscribe",
    "unsubscribe",
    "complaint",
    "checkout_started",
    "faq_view",
    "impression",
    "survey_answer",
    "call_started",
    "ivr_choice",
    "call_topic",
    "agent_note",
    "call_ended",
    "something_else",
)

OFTEN = (*TYPES, *("purchase",) * 6, *("return", "view") * 2)
"""Of what many parts stand on, there is to be more than one in most examples."""
MOMENTS_US = st.one_of(st.sampled_from([0, 0, 20 * MINUTE_US]), st.integers(0, DAY_US))

ABOUT_QUESTIONS = {
    "impression": ({}, {"question": "sport"}, {"question": "size"}),
    "survey_answer": (
        {},
        {"question": "sport", "skipped": "true"},
        {"question": "size"},
        {"question": "size", "attribute": "size", "answer": "4"},
        {"question": "sport", "attribute": "sport", "answer": ""},
        {"question": "sport", "attribute": "sport", "answer": "running"}
        | {"sentiment": "like", "category": "A > B"},
        {"question": "sport", "attribute": "sport", "answer": "none"}
        | {"sentiment": "dislike", "category": "A"},
    ),
}


def happened(kind, minutes=0.0, **what):
    """Return an event so many minutes after noon."""
    channel = what.pop("channel", 1)
    return Event(NOON_US + round(minutes * MINUTE_US), kind, channel, **what)


def state_of(*events):
    state = State()
    fold(state, events)
    prune(state)
    return state


@st.composite
def events(draw):
    kind = draw(st.sampled_from(OFTEN))
    number = draw(st.integers(0, 6))
    details = {}
    if kind == "preference":
        details["sentiment"] = draw(st.sampled_from(["like", "dislike"]))
        details["category"] = draw(st.sampled_from(CATEGORIES))
        details["brand"] = draw(st.sampled_from(["", "X", "Y"]))
    if kind in ("consent", "subscribe", "unsubscribe"):
        details["granted"] = draw(st.sampled_from(["true", "false"]))
        details["purpose"] = draw(st.sampled_from(["", "marketing", "sharing"]))
        details["expires"] = draw(st.sampled_from(["2026-01-02", "2027-01-02", "never"]))
        details["source"] = draw(st.sampled_from(["", "till", "form"]))
        details["channel"] = draw(st.sampled_from(["", "EMAIL"]))
    if kind in ("impression", "survey_answer"):
        details = draw(st.sampled_from(ABOUT_QUESTIONS[kind]))
    if kind in ("ivr_choice", "call_topic"):
        details[kind.partition("_")[2]] = draw(st.sampled_from(["returns", "where is it"]))
    if kind == "complaint":
        details["status"] = draw(st.sampled_from(["", "closed"]))
    return Event(
        NOON_US + draw(st.integers(-90, 0)) * DAY_US + draw(MOMENTS_US),
        kind,
        draw(st.sampled_from([1, 4, 7])),
        number,
        number and (number + 1) // 2,
        draw(st.sampled_from(("", *CATEGORIES))),
        draw(st.sampled_from(["", "X", "Y"])),
        draw(st.sampled_from([0, 1_000_000])),
        draw(st.sampled_from([-1, 400_000])),
        draw(st.sampled_from([1.0, 3.0, 0.1, 0.7, 1 / 3, 1e6])),
        draw(st.integers(0, 9_000_000)),
        draw(st.sampled_from(["", "s1", "s2"])),
        draw(st.sampled_from(["", "o1", "o2", "o3"])),
        draw(st.booleans()),
        float(draw(st.integers(0, 600))),
        draw(st.booleans()),
        draw(st.sampled_from(["", '{"size":"40"}', '{"colour":"red","size":"41"}'])),
        draw(st.integers(0, 3)),
        details,
    )
