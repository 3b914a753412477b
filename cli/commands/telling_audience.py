"""`touchpoint report audience OFFER --send`: tells those who were found, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from cli.calling import call, service
from cli.console import Exit, fail, people
from cli.reporting import bar
from cli.showing.words import several
from touchpoint.scenario.v1.audience_pb2 import (
    OfferAudience,
    OfferAudienceMember,
    PersonToTell,
    TellAudienceRequest,
    TellAudienceResponse,
)
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class AskedMessage:
    """What those who are found are to be sent."""

    template: str
    campaign: str
    send: bool
    yes: bool

    def demand_whole(self, *, as_json: bool) -> None:
        """End the command where it is not said what to send, or nobody could confirm it."""
        if not self.template:
            for given, option in ((self.send, "--send"), (self.campaign, "--campaign")):
                if given:
                    fail(f"{option} goes with --template NAME: what is sent.", Exit.USAGE)
        if self.yes and not self.send:
            fail("--yes goes with --send.", Exit.USAGE)
        if self.send and not self.yes and as_json:
            fail("With --json nobody is asked: say --yes to send.", Exit.USAGE)


def tell_audience(
    message: AskedMessage,
    audience: OfferAudience,
    found: Sequence[OfferAudienceMember],
    home: Path | None,
    *,
    quiet: bool,
) -> TellAudienceResponse:
    """Order the messages when somebody confirmed it, and say how many; 0 of nobody's.

    What breaks off may be repeated: whoever was told is not told again.
    """
    if audience.of_listed.people and not found:
        fail("Only callers in TOUCHPOINT_MAY_EXPORT may send.")
    sent = TellAudienceResponse()
    if not found:
        _say("Nobody is to be told: nothing was sent.", quiet=quiet)
        return sent
    told = several(len(found), "message")
    if not message.yes:
        by = f"by template {message.template}, campaign {audience.campaign}"
        typer.confirm(f"Send {told} of {audience.offer_id} {by}?", abort=True)
    with service("scenario", home) as channel, bar("ordering messages", quiet=quiet) as tell:
        stub = ScenarioServiceStub(channel)
        for begin in range(0, len(found), _AT_ONCE):
            some = found[begin : begin + _AT_ONCE]
            request = TellAudienceRequest(
                offer_id=audience.offer_id,
                template=message.template,
                campaign=message.campaign,
                people=[
                    PersonToTell(person_id=each.person_id, channel=each.channel) for each in some
                ],
            )
            answer = call(stub.TellAudience, request)
            sent.ordered += answer.ordered
            sent.told_already += answer.told_already
            sent.gone += answer.gone
            tell("ordering messages", begin + len(some), len(found))
    _say(_told(sent), quiet=quiet)
    return sent


def _told(sent: TellAudienceResponse) -> str:
    parts = [f"{several(sent.ordered, 'message')} ordered: each is sent as soon as it may be"]
    if sent.told_already:
        parts.append(f"{sent.told_already:,} were told already")
    if sent.gone:
        parts.append(f"{sent.gone:,} are gone")
    return f"{', '.join(parts)}."


def _say(sentence: str, *, quiet: bool) -> None:
    if not quiet:
        people.print(sentence, markup=False, soft_wrap=True)
