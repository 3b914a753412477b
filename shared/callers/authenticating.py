"""Finds out who calls by what they show: a key, a token, or that they are one of our services."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared.call import Call, Caller
from shared.callers.bearer import AUTHORIZATION, IN_ADDRESS, PREFIX, is_service
from shared.callers.book import Book, Profile
from shared.callers.keys import PREFIX as KEY_PREFIX
from shared.callers.keys import id_of, matches
from shared.callers.scopes import EXPORT, LINK, NOTHING, REACH, Grants, ScopeError, grants_of
from shared.callers.tokens import LEEWAY_S, TokenError, verified
from shared.errors import Unauthenticated
from shared.middleware.authentication import Authenticate

CUSTOMER = "x-touchpoint-customer"
"""The metadata by which a browser's request proves which customer it is: a token of the shop's."""
STRANGER = Caller("anonymous", grants=NOTHING)
LONGEST_NAME = 128
"""Of a caller, in what is kept of events and in the audit trail."""
_SCHEME = "bearer"
_MOST_KEPT = 2_000
_IN_ADDRESS_TOLD = (
    "only keys of browsers may stand in an address, which logs keep: send this one as a header, "
    "and make another in its place"
)
_UNKNOWN = "the key is not known, was revoked or has expired"


class Authenticating:
    """Names the caller of each request, or refuses it; what was found is kept for a while."""

    def __init__(
        self,
        book: Callable[[], Book],
        own_bearer: str,
        own_callers: Authenticate,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """Take who may call, what our own services show, and who those are by name."""
        self._book = book
        self._own_bearer = own_bearer
        self._own_callers = own_callers
        self._now_s = now_s
        self._of: Book | None = None
        self._callers: dict[str, tuple[Caller, float]] = {}
        self._customers: dict[str, tuple[str, float]] = {}

    def __call__(self, call: Call) -> Caller:
        """Return who calls: a stranger where nothing is shown; raises Unauthenticated."""
        shown = call.metadata.get(AUTHORIZATION, "")
        if not shown:
            return STRANGER
        scheme, _, credential = shown.partition(" ")
        if scheme.lower() != _SCHEME or not credential:
            raise Unauthenticated("authorization must be: Bearer KEY", reason="NO_CREDENTIAL")
        is_ours = credential.startswith(PREFIX)
        caller = self._service(call, credential) if is_ours else self._caller(credential)
        if IN_ADDRESS in call.metadata and not (caller.is_browser or _is_token(credential)):
            raise Unauthenticated(_IN_ADDRESS_TOLD, reason="KEY_IN_ADDRESS")
        if is_ours:
            return caller
        token = call.metadata.get(CUSTOMER, "")
        return replace(caller, customer_id=self._customer(token)) if token else caller

    def _service(self, call: Call, bearer: str) -> Caller:
        if not is_service(bearer, self._own_bearer):
            raise Unauthenticated(_UNKNOWN, reason="KEY_UNKNOWN")
        return self._own_callers(call)

    def _caller(self, credential: str) -> Caller:
        book, now_s = self._renewed(), self._now_s()
        caller, until_s = self._callers.get(credential, (None, 0.0))
        if caller is None or now_s >= until_s:
            self._callers.pop(credential, None)
            found = _by_key if credential.startswith(KEY_PREFIX) else _by_token
            caller, until_s = found(book, credential, now_s)
            _keep(self._callers, credential, (caller, until_s))
        return caller

    def _customer(self, token: str) -> str:
        book, now_s = self._renewed(), self._now_s()
        customer_id, until_s = self._customers.get(token, ("", 0.0))
        if not customer_id or now_s >= until_s:
            self._customers.pop(token, None)
            claims = _claims(token, book.customer_issuers, now_s)[1]
            customer_id, until_s = _subject(claims), claims["exp"] + LEEWAY_S
            _keep(self._customers, token, (customer_id, until_s))
        return customer_id

    def _renewed(self) -> Book:
        """Return who may call now; after a change nothing found before it counts."""
        book = self._book()
        if book is not self._of:
            self._of = book
            self._callers.clear()
            self._customers.clear()
        return book


def _is_token(credential: str) -> bool:
    """Say whether it is a token, which is over in a few minutes, and no key."""
    return not credential.startswith((KEY_PREFIX, PREFIX))


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = value


def _by_key(book: Book, key: str, now_s: float) -> tuple[Caller, float]:
    holder = book.holders.get(id_of(key))
    if holder is None or not matches(key, holder.hash):
        raise Unauthenticated(_UNKNOWN, reason="KEY_UNKNOWN")
    until_s = float("inf") if holder.ends_s is None else holder.ends_s
    if now_s >= until_s:
        raise Unauthenticated(_UNKNOWN, reason="KEY_UNKNOWN")
    return _caller_of(holder.name, holder.profile, holder.profile.grants), until_s


def _by_token(book: Book, token: str, now_s: float) -> tuple[Caller, float]:
    issuer, claims = _claims(token, [each.issuer for each in book.caller_issuers], now_s)
    profile = next(each for each in book.caller_issuers if each.issuer is issuer).profile
    scopes = claims.get("scope", "")
    if not isinstance(scopes, str):
        raise Unauthenticated("scope of the token must be a text", reason="TOKEN_INVALID")
    try:
        claimed = grants_of(scopes.split(), is_browser=profile.is_browser)
    except ScopeError as error:
        raise Unauthenticated(f"scope of the token: {error}", reason="TOKEN_INVALID") from None
    name = f"{issuer.name} {_subject(claims)}"
    if not name.isascii():  # it goes on in metadata
        raise Unauthenticated("sub of the token must be ASCII", reason="TOKEN_INVALID")
    if len(name) > LONGEST_NAME:
        told = f"iss and sub of the token have more than {LONGEST_NAME - 1} characters together"
        raise Unauthenticated(told, reason="TOKEN_INVALID")
    caller = _caller_of(name, profile, claimed.within(profile.grants))
    return caller, claims["exp"] + LEEWAY_S


def _claims(token: str, issuers: Any, now_s: float) -> tuple[Any, Mapping[str, Any]]:
    try:
        return verified(token, issuers, now_s)
    except TokenError as error:
        raise Unauthenticated(str(error), reason=error.reason) from None


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 256 or not subject.isprintable():
        raise Unauthenticated("the token says of nobody who they are", reason="TOKEN_INVALID")
    return subject


def _caller_of(name: str, profile: Profile, grants: Grants) -> Caller:
    return Caller(
        name,
        may_link=grants.allow(LINK),
        may_export=grants.allow(EXPORT),
        may_reach=grants.allow(REACH),
        grants=grants,
        is_browser=profile.is_browser,
        channel=profile.channel,
        placement=profile.placement,
    )
