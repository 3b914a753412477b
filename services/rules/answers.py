"""Parts of answers that are told in several places: balances, constraints, presentations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.rules.domain.catalogue import KINDS
from services.rules.domain.contacts import Approach, Balance, Gate
from services.rules.domain.definitions import Pin, Placement
from services.rules.domain.facts import StoredDecision
from services.rules.domain.promises import OpenPromise
from services.rules.domain.verdict import Removals
from touchpoint.common.v1 import decision_pb2
from touchpoint.common.v1.catalogue_pb2 import PromisedTerms
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, SlatePin
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_pb2 import ContactBalance, Presented, Promise, SlateRule

Constraints = tuple[SlateConstraint, ...]


def balance(found: Balance) -> ContactBalance:
    made = ContactBalance(
        policy=found.policy,
        used=found.used,
        limit=found.limit,
        rule=found.rule,
        channels=[number for number in Channel.Value.values() if found.channels >> number & 1],
        offer_no=found.offer_no,
        group=found.group,
        kinds=[number for number in OfferKind.Value.values() if found.kinds >> number & 1],
    )
    if found.free_us:
        made.free_time.FromMicroseconds(found.free_us)
    return made


def reserved(
    *, granted: bool, gate: Gate | None, left: Balance | None
) -> pb.ReserveContactResponse:
    """Return whether a contact is granted; else what closes it, a limit or `gate`, and how long."""
    response = pb.ReserveContactResponse(granted=granted)
    if left is not None:
        response.balance.CopyFrom(balance(left))
    if granted:
        return response
    free_us = left.free_us if left is not None and not left.left else 0
    response.reason, response.rule = RemovalCode.CONTACT_LIMIT, left.rule if left else ""
    if gate is not None:
        response.reason = RemovalCode.Value.ValueType(gate.code)
        response.rule, free_us = gate.rule, max(gate.free_us, free_us)
    if free_us:
        response.free_time.FromMicroseconds(free_us)
    return response


def decision(found: StoredDecision | None, unconfirmed: bytes) -> pb.GetDecisionResponse:
    """Return what is kept of a decision: as committed, else as it was answered without that."""
    response = pb.GetDecisionResponse(committed=found is not None)
    if unconfirmed:
        response.unconfirmed.ParseFromString(unconfirmed)
    answer = response.unconfirmed
    if found is not None:
        response.trace = found.trace
        response.placements.extend(pb.CommitResponse.FromString(found.answer).placements)
        response.person_ids.extend(found.person_ids)
        response.decided_time.FromMicroseconds(found.decided_us)
    else:
        response.trace = answer.trace
        response.placements.extend(answer.placements)
        response.person_ids.extend(answer.person_ids)
        response.decided_time.CopyFrom(answer.answered_time)
    return response


def promise(found: OpenPromise, terms: PromisedTerms | None, *, sold_out: bool) -> Promise:
    made = Promise(offer_no=found.offer_no, terms=terms, sold_out=sold_out)
    made.made_time.FromMicroseconds(found.made_us)
    made.expires_time.FromMicroseconds(found.expires_us)
    return made


def write_removals(removals: Removals, to: decision_pb2.Removals) -> None:
    """Write columns of removals into a message."""
    to.offer_nos.extend(removals.offer_nos)
    to.codes.extend(removals.codes)  # type: ignore[arg-type]
    to.rules.extend(removals.rules)
    to.levels.extend(removals.levels)  # type: ignore[arg-type]
    to.placements.extend(removals.placements)
    if any(removals.free_us):
        to.free_us.extend(removals.free_us)


def slate_constraints(rules: Iterable[SlateRule], placements: Iterable[str]) -> Constraints:
    """Return what the slate rules demand of placements."""
    return tuple(
        _slate_constraint(rule, placement)
        for rule in rules
        for placement in placements
        if rule.placement in ("", placement)
    )


def _slate_constraint(rule: SlateRule, placement: str) -> SlateConstraint:
    made = SlateConstraint(
        placement=placement,
        attribute=rule.attribute,
        depth=rule.depth,
        value=rule.value,
        at_most=rule.at_most,
        rule=rule.name or _described(rule),
    )
    if rule.at_least:
        made.diversity.at_least, made.diversity.first = rule.at_least, rule.first
    elif rule.HasField("excludes"):
        made.excludes.CopyFrom(rule.excludes)
    elif rule.share:
        made.share.share, made.share.position = rule.share, rule.position or 1
    return made


def _described(rule: SlateRule) -> str:
    """Return what a rule without a name is called by: what it says."""
    of = f"{rule.attribute} {rule.value}".rstrip()
    if rule.at_least:
        return f"at_least {rule.at_least} of {of} among the first {rule.first}"
    if rule.HasField("excludes"):
        return f"{of} excludes {rule.excludes.attribute} {rule.excludes.value}"
    return f"share {rule.share:.4%} of {of}" if rule.share else f"at_most {rule.at_most} of {of}"


def pin_constraint(pin: Pin, placement: str) -> SlateConstraint:
    """Return a pin as it is handed to those who fill the page."""
    return SlateConstraint(
        placement=placement,
        attribute="OFFER",
        value=pin.offer_id,
        rule=pin.name,
        pin=SlatePin(position=pin.position),
    )


def contact_constraints(asked: Sequence[Placement], counted: Approach) -> Constraints:
    """Return what is left of the contact limit as constraints on the slate."""
    kinds = {kind for each in asked if not each.one_contact for kind in each.contact_kinds}
    room = counted.left + len(counted.offer_nos)
    if not 0 < room < _LARGEST_PAGE:
        return ()
    return tuple(
        SlateConstraint(attribute="KIND", value=KINDS[kind], at_most=room, rule="contacts")
        for kind in sorted(kinds)
    )


_LARGEST_PAGE = 16 * 50


def presentations(decisions: Iterable[StoredDecision], limit: int) -> list[Presented]:
    """Return what decisions showed, newest first."""
    shown: list[Presented] = []
    for decision in decisions:
        for placement in pb.CommitResponse.FromString(decision.answer).placements:
            for chosen in placement.chosen:
                made = Presented(
                    offer_no=chosen.offer_no,
                    channel=Channel.Value.ValueType(decision.channel),
                    placement=placement.placement,
                    decision_id=decision.decision_id,
                )
                made.presented_time.FromMicroseconds(decision.decided_us)
                shown.append(made)
        if len(shown) >= limit:
            break
    return shown[:limit]
