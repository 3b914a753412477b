"""`touchpoint report audience OFFER`: whom to tell of an offer, by what is expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc

from cli.calling import CALLER, service
from cli.commands.telling_audience import AskedMessage, tell_audience
from cli.console import CommandError, Exit, fail, failures_told, people, say_json
from cli.customers import CustomerIds, name_customers
from cli.reporting import Tell, bar
from cli.showing.offer_audience import (
    SHOWN,
    as_json_audience,
    show_offer_audience,
    write_audience_csv,
)
from cli.whole_file import whole_file
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1.audience_pb2 import (
    FindAudienceRequest,
    OfferAudience,
    OfferAudienceMember,
)
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

_METADATA = ((CALLER_KEY, CALLER),)


@dataclass(frozen=True, slots=True)
class AskedOffer:
    """What people are to be told of, and how."""

    offer: str
    limit: int
    channel: str
    placement: str
    look_at: int
    csv: Path | None
    in_house: bool
    """Whether the file is to have those too who did not agree to sharing."""
    message: AskedMessage
    no_segment: str = ""
    """Why the name is no segment, where it might have been one."""


def report_offer_audience(asked: AskedOffer, home: Path | None, *, as_json: bool) -> None:
    """Find them, and show them or write them to a file, which is opened before the work."""
    if asked.in_house and asked.csv is None:
        fail("--in-house: goes with --csv FILE; what is shown stays here.", Exit.USAGE)
    asked.message.demand_whole(as_json=as_json)
    with (
        failures_told(),
        whole_file(asked.csv, "--csv") as file,
        bar("looking at people", quiet=as_json) as tell,
    ):
        audience, found = _found(asked, home, tell)
        names = _names(asked, found, home, tell, named_all=as_json or file is not None)
        if file is not None:
            write_audience_csv(file, found, names)
    if not as_json:
        show_offer_audience(people, audience, found, names)
        if asked.csv is not None:
            people.print(_written(asked, len(found), len(names)), markup=False, soft_wrap=True)
    sent = None
    if asked.message.send:
        sent = tell_audience(asked.message, audience, found, home, quiet=as_json)
    if as_json:
        say_json(as_json_audience(audience, found, names, sent))


def _found(
    asked: AskedOffer, home: Path | None, tell: Tell
) -> tuple[OfferAudience, list[OfferAudienceMember]]:
    """Return what came of it and who they are; raises CommandError for a name that is none."""
    request = FindAudienceRequest(
        offer_id=asked.offer,
        channel=_channel(asked.channel),
        placement=asked.placement,
        limit=asked.limit,
        look_at=asked.look_at,
        template=asked.message.template,
        campaign=asked.message.campaign,
    )
    audience, found = OfferAudience(), list[OfferAudienceMember]()
    with service("scenario", home) as channel:
        answers = ScenarioServiceStub(channel).FindAudience(request, metadata=_METADATA)
        try:
            for answer in answers:
                if answer.HasField("progress"):
                    tell("looking at people", answer.progress.done, answer.progress.total)
                if answer.HasField("audience"):
                    audience = answer.audience
                found.extend(answer.people)
        except grpc.RpcError as failure:
            error = call_error(failure)
            if error.reason == "OFFER_NOT_FOUND" and asked.no_segment:
                raise CommandError(
                    f"{asked.offer} is neither a segment nor an offer: {asked.no_segment}; "
                    f"{error.message}"
                ) from None
            raise error from None
        finally:
            answers.cancel()
    return audience, found


def _names(
    asked: AskedOffer,
    found: list[OfferAudienceMember],
    home: Path | None,
    tell: Tell,
    *,
    named_all: bool,
) -> CustomerIds:
    """Return what those who are told of are called; each of them is noted as told of."""
    ids = [each.person_id for each in (found if named_all else found[:SHOWN])]
    only_sharing = asked.csv is not None and not asked.in_house
    return name_customers(
        ids,
        home,
        lambda count: tell("naming them", count, len(ids)),
        only_sharing=only_sharing,
    )


def _channel(told: str) -> Channel.Value.ValueType:
    """Read a channel in any case; raises ValueError."""
    if told and told.upper() not in Channel.Value.keys():  # noqa: SIM118  an enum, no mapping
        raise ValueError(f"--channel {told}: must be EMAIL, SMS, PUSH, DIRECT_MAIL or CALL_CENTER")
    return Channel.Value.Value(told.upper()) if told else Channel.UNSPECIFIED


def _written(asked: AskedOffer, found: int, written: int) -> str:
    told = f"{written:,} of {found:,} written to {asked.csv}"
    if asked.in_house or written == found:
        return f"{told}."
    return f"{told}: whoever did not agree to sharing is not in it; --in-house writes everybody."
