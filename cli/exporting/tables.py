"""The tables of an export."""

from __future__ import annotations

from collections.abc import Mapping

from cli.exporting.described import columns_of
from cli.exporting.table import Column, Table, Type
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits

_PROFILE = Column(
    "profile_id", Type.TEXT, "The oldest person of the set: how the customer is named."
)
_PERSON = Column("person_id", Type.TEXT, "The person it is written under; see persons.")
_OFFER = Column("offer_id", Type.TEXT, "The item or offer; null: none.")
_DECISION = Column("decision_id", Type.TEXT, "The decision; null: none. See decisions.")
_PLACEMENT = Column("placement", Type.TEXT, "The place it was shown in; null: none.")
_CHANNEL = Column("channel", Type.TEXT, "Where: WEB, APP, EMAIL, CALL_CENTER …")
_EVENT = Column("event_id", Type.TEXT, "The caller's id.")
_SESSION = Column("session_id", Type.TEXT, "The visit or call.")
_TIME = Column("time", Type.TIME, "When it happened.")
_CURRENCY = Column("currency", Type.TEXT, "ISO 4217.")
_OWN = Column("attributes", Type.JSON, "The shop's own attributes, texts by name.")
_INTERNAL = {"seq", "standing_token", "person_ids", "assurance", "as_of"}
"""Of a snapshot: what means something only within the suite, and what has a column of its own."""

PROFILES = Table(
    "profiles",
    "Customers with their traits, one row each: all persons of a set together, as of the export.",
    [
        _PROFILE,
        Column("person_ids", Type.TEXTS, "All persons of the set, oldest first."),
        Column("as_of", Type.TIME, "When this was read."),
        *(c for c in columns_of(PersonSnapshot.DESCRIPTOR) if c.name not in _INTERNAL),
        *columns_of(Traits.DESCRIPTOR, nested=True),
    ],
)
PERSONS = Table(
    "persons",
    "Who belongs to which customer. Everything else refers to a person_id, which never changes; "
    "profile_id does, with every merge.",
    [
        Column("person_id", Type.TEXT, "The person."),
        _PROFILE,
        Column("created_time", Type.TIME, "When first seen."),
        Column("name", Type.TEXT, "The name.", is_personal=True),
        Column(
            "identities",
            Type.JSON,
            "List of kind, value, verified, first_seen_us, and whom else it fits.",
            is_personal=True,
        ),
        Column("attributes", Type.JSON, "List of name, value and said_us."),
        Column(
            "relationships", Type.JSON, "Who looks after them: role, owner_id, from_us, until_us."
        ),
        Column(
            "referrals",
            Type.JSON,
            "Whom they referred, of those who are known by now: list of person_id and said_us.",
            is_personal=True,
        ),
    ],
)
LINKS = Table(
    "links",
    "Links between persons; what they connect is one customer.",
    [
        Column("link_id", Type.TEXT, "Its id."),
        _PERSON,
        Column("other_person_id", Type.TEXT, "The other person."),
        Column("event_id", Type.TEXT, "The event that linked them; null: an agent did."),
        Column("linked_time", Type.TIME, "When."),
    ],
)
SEGMENTS = Table(
    "segments",
    "Who is in which segment, as of the export.",
    [_PROFILE, Column("segment", Type.TEXT, "The segment.")],
)
ASSIGNMENTS = Table(
    "assignments",
    "The arm of every customer under the active definitions, decided upon or not.",
    [
        _PROFILE,
        Column("arm", Type.TEXT, "HOLDOUT, STATIC or PERSONALISED."),
        Column("bundle_hash", Type.TEXT, "The definitions that share people out."),
        Column("variants", Type.JSON, "The variant by experiment, of what is running; null: none."),
    ],
)
ITEMS = Table(
    "items",
    "The catalogue as of the export.",
    [
        Column("item_id", Type.TEXT, "The item."),
        Column("title", Type.TEXT, "Readable name."),
        Column("category", Type.TEXT, "Category path, `A > B`."),
        Column("brand", Type.TEXT, "Brand."),
        Column("price", Type.MONEY, "Price of one."),
        Column("cost", Type.MONEY, "Cost of one; null: unknown."),
        _CURRENCY,
        Column("stock", Type.WHOLE, "How many are left; null: not tracked."),
        Column("variant_of", Type.TEXT, "The root of its family; null: it is no variant."),
        Column("released", Type.TIME, "When it is or was released; null: unknown."),
        Column("withdrawn", Type.YES, "Taken out of sale."),
        Column("words", Type.JSON, "Its words in other languages.", is_later=True),
        _OWN,
    ],
)
OFFERS = Table(
    "offers",
    "Offers that are no items, as of the export.",
    [
        Column("offer_id", Type.TEXT, "The offer."),
        Column("kind", Type.TEXT, "PROMOTION, CONTENT, SERVICE or SURVEY."),
        Column("title", Type.TEXT, "Headline."),
        Column("text", Type.TEXT, "Body."),
        Column("link", Type.TEXT, "Where it leads."),
        Column("about_categories", Type.TEXTS, "Categories it is about."),
        Column("about_items", Type.TEXTS, "Items it is about."),
        Column("channels", Type.TEXTS, "Where it may be shown; empty: everywhere."),
        Column("value", Type.MONEY, "Worth to the business when accepted."),
        _CURRENCY,
        Column("starts", Type.TIME, "First shown; null: always."),
        Column("ends", Type.TIME, "Last shown; null: no end."),
        Column("lever", Type.NUMBER, "Multiplies the arbitration."),
        Column("withdrawn", Type.YES, "Taken back."),
        Column("is_default", Type.YES, "A placement's default offer."),
        Column("is_defined", Type.YES, "Written by the definitions."),
        Column("is_journey_only", Type.YES, "Proposed by journeys alone."),
        Column("channel_creatives", Type.JSON, "Creatives that differ by channel."),
        Column("words", Type.JSON, "Its words in other languages.", is_later=True),
        _OWN,
    ],
)
RATES = Table(
    "rates",
    "What currencies are worth in the home currency, by the definitions as of the export; amounts "
    "are converted by the last rates that began before their time.",
    [
        Column("currency", Type.TEXT, "ISO 4217."),
        Column("base", Type.TEXT, "The home currency, that others are converted into."),
        Column("as_of", Type.TEXT, "The day of the rates, YYYY-MM-DD; null: it has none."),
        Column("since", Type.TIME, "From when on they hold; null: always, until the next."),
        Column(
            "billionths",
            Type.WHOLE,
            "What one unit is worth in the home currency, billionths; 0: nobody knows, and amounts "
            "count as nothing.",
        ),
    ],
)
EVENTS = Table(
    "events",
    "Everything that happened, one row per event, stamped from the catalogue as of its ingest.",
    [
        _EVENT,
        Column("caller", Type.TEXT, "Who said so; unique together with event_id and owner."),
        _PERSON,
        Column("type", Type.TEXT, "view, purchase, impression …"),
        _TIME,
        Column("received_time", Type.TIME, "When it came in."),
        _CHANNEL,
        Column("origin", Type.TEXT, "LIVE, or HISTORY: imported."),
        _SESSION,
        Column("order_id", Type.TEXT, "The order, of purchases and returns."),
        _OFFER,
        Column("category", Type.TEXT, "Category path as of then, `A > B`."),
        Column("brand", Type.TEXT, "Brand as of then."),
        Column("price", Type.MONEY, "Catalogue price of one as of then; 0: unknown."),
        Column("cost", Type.MONEY, "Cost of one as of then; -0.000001: unknown."),
        Column("quantity", Type.NUMBER, "How many."),
        Column("value", Type.MONEY, "What was paid for the whole quantity."),
        Column(
            "currency",
            Type.TEXT,
            "What price, cost and value are in, ISO 4217: that of the item, else the home one; "
            "null: there is no money in it, or nobody says. See rates.",
            is_derived=True,
        ),
        _DECISION,
        _PLACEMENT,
        Column("gift", Type.YES, "A gift: not the giver's taste."),
        Column("duration_s", Type.NUMBER, "How long it took, seconds."),
        Column("reassurance", Type.YES, "The page was about shipping, returns or questions."),
        Column("topic", Type.WHOLE, "What it was about: 1 shipping, 2 returns, 3 questions."),
        Column("variant", Type.JSON, "What tells the item from others of its family, by name."),
        Column("details", Type.JSON, "Attributes that change a profile, texts by name."),
        Column("private", Type.JSON, "Query, page, all other attributes.", is_personal=True),
        Column(
            "owner",
            Type.TEXT,
            "Whose the event_id is among those whom its caller speaks for, as kind:value; "
            "null: the caller's.",
            is_personal=True,
            is_later=True,
        ),
    ],
    day="time",
)
IMPRESSIONS = Table(
    "impressions",
    "What was seen: the events of type impression.",
    [
        _EVENT,
        _PERSON,
        _TIME,
        _CHANNEL,
        _SESSION,
        _DECISION,
        _PLACEMENT,
        _OFFER,
    ],
    day="time",
)
ANSWERS = Table(
    "answers",
    "What people did about what was proposed: clicks, acceptances, declines, answers, openings.",
    [
        _EVENT,
        _PERSON,
        _TIME,
        _CHANNEL,
        Column(
            "answer",
            Type.TEXT,
            "click, accept, decline, ignore, survey_answer, email_open or email_click.",
        ),
        _DECISION,
        _PLACEMENT,
        _OFFER,
        Column("private", Type.JSON, "All that was said, a survey's answer too.", is_personal=True),
    ],
    day="time",
)
DECISIONS = Table(
    "decisions",
    "What was decided to show, one row per place that was filled.",
    [
        Column("decision_id", Type.TEXT, "The decision."),
        Column("person_id", Type.TEXT, "The oldest person it was made for; null: nobody known."),
        _TIME,
        _CHANNEL,
        Column("arm", Type.TEXT, "HOLDOUT, STATIC or PERSONALISED."),
        Column("variants", Type.JSON, "The variant by experiment; null: in none."),
        Column("bundle_hash", Type.TEXT, "The definitions decided by."),
        Column("model", Type.TEXT, "The model decided by."),
        Column("degraded", Type.YES, "Something behind it did not answer in time."),
        Column("standing", Type.YES, "It repeats a decision that stands."),
        Column("placement", Type.TEXT, "The place; null: nothing was chosen."),
        Column("position", Type.WHOLE, "Position there, from 0."),
        _OFFER,
        Column("acceptance_probability", Type.NUMBER, "Of being accepted, 0 to 1."),
        Column("selection_probability", Type.NUMBER, "Of being chosen there, 0 to 1."),
        Column("score", Type.NUMBER, "Acceptance probability x value x lever."),
        Column("source", Type.TEXT, "Where the candidate came from: FOR_YOU, POPULAR …"),
        Column("replaced", Type.YES, "Stands in for one a race refused: no off-policy evaluation."),
    ],
    day="time",
)
CONTACTS = Table(
    "contacts",
    "How people were approached, one row per change of a contact; the latest row of an id counts.",
    [
        Column("contact_id", Type.TEXT, "Its id."),
        _PERSON,
        _TIME,
        Column("state", Type.TEXT, "RESERVED, CONFIRMED or RELEASED."),
        Column("policy", Type.TEXT, "The contact limit it counts under."),
        _CHANNEL,
        Column("offer_id", Type.TEXT, "What it was about; null: the whole message."),
    ],
    day="time",
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        EVENTS, PROFILES, PERSONS, LINKS, SEGMENTS, ASSIGNMENTS, DECISIONS, IMPRESSIONS, ANSWERS,
        CONTACTS, ITEMS, OFFERS, RATES,
    )
}  # fmt: skip
