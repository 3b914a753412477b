"""An edge that is closed: who may call it, and how they show who they are."""

from contextlib import asynccontextmanager

from services.aggregator.admission import NEEDS, EdgeAdmission
from shared.callers.authenticating import CUSTOMER, Authenticating
from shared.callers.bearer import service_bearer
from shared.callers.book import Book, CallerIssuer, KeyHolder, Profile
from shared.callers.keys import hash_of
from shared.callers.scopes import grants_of
from shared.callers.tokens import Issuer, signing_key
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.grpc import grpc_service
from tests.unit.aggregator.edge import KEY
from tests.unit.callers.signing import NOW_S, material
from touchpoint.common.v1.vocabulary_pb2 import Channel

BROWSER_SCOPES = [
    "offers:read:WEB",
    "events:write:WEB",
    "visitors:issue",
    "questions:ask:WEB",
    "identities:link",
]


def key_of(name):
    return f"tpk_{name}_{'5' * 64}"


def holder(name, *scopes, browser=False, ends_s=None, **profile):
    grants = grants_of(scopes, is_browser=browser)
    return KeyHolder(name, name, hash_of(key_of(name)), Profile(grants, browser, **profile), ends_s)


def issuer(name="https://shop.example"):
    signing = {"key-EdDSA": signing_key("key-EdDSA", "EdDSA", material("EdDSA"))}
    return Issuer(name, "touchpoint", signing)


def book(*holders, callers=()):
    return Book({each.key_id: each for each in holders}, callers, [issuer()])


BOOK = book(
    holder("page", *BROWSER_SCOPES, browser=True),
    holder(
        "banner",
        *BROWSER_SCOPES,
        browser=True,
        channel=Channel.WEB,
        placement="web.home.banner",
    ),
    holder("shop", "offers:read", "events:write", "customers:read", "identities:link"),
    holder("ivr", "offers:read:IVR", "events:write:IVR", "contacts:reserve:IVR"),
    holder("nothing"),
    holder("everything", "*"),
    holder("former", "*", ends_s=NOW_S - 1.0),
    callers=[
        CallerIssuer(
            issuer("https://login.example"),
            Profile(grants_of(["offers:read", "customers:read"])),
        )
    ],
)


def as_caller(credential, customer=""):
    """Return the metadata of a caller who shows a key's name, a key or a token."""
    shown = credential if "." in credential or "_" in credential else key_of(credential)
    told = (("authorization", f"Bearer {shown}"),)
    return (*told, (CUSTOMER, customer)) if customer else told


def closed(edge, of=BOOK, now_s=lambda: NOW_S, **defaults):
    return Hooks(
        authenticate=Authenticating(lambda: of, service_bearer(KEY), by_name({"*"}), now_s),
        needs=NEEDS,
        admits=EdgeAdmission(edge.identification.visitors, **defaults),
    )


@asynccontextmanager
async def guarded(edge, **how):
    """Serve an edge that is closed, and lend a channel to it."""
    async with grpc_service(edge.binding(), hooks=closed(edge, **how)) as channel:
        yield channel
