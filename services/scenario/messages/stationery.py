"""What messages are written on: the templates, senders and placements of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.definitions import CompileError
from shared.templates import LiquidText, TemplateError, Values, compile_text, wording_for
from touchpoint.rules.v1 import rules_pb2 as pb
from touchpoint.rules.v1.templates_pb2 import Template, TemplateVariant

HOUSE = "house"
TIME_ZONE = "time_zone"


@dataclass(frozen=True, slots=True)
class Sender:
    """As whom a message is sent."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a message says to its person."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Words:
    """A template, ready to be put together."""

    template: Template
    plain: Mapping[str, LiquidText]
    """Every subject and text, by how it is written."""
    html: Mapping[str, LiquidText]

    def is_for(self, channel: int) -> bool:
        return channel in self.template.channels

    def written(self, channel: int, locale: str, values: Values) -> Written:
        """Put the nearest wording together; raises TemplateError naming what is missing."""
        wording = wording_for(self.template, channel, locale)
        subject, text = self.plain[wording.subject], self.plain[wording.text]
        return Written(
            subject=" ".join(subject.filled_in(values).split()),
            text=text.filled_in(values).strip(),
            html=self.html[wording.html].filled_in(values),
        )


@dataclass(frozen=True, slots=True)
class Stationery:
    """The part of a bundle that messages are written with."""

    templates: Mapping[str, Words] = field(default_factory=dict)
    senders: Mapping[str, Sender] = field(default_factory=dict)
    placements: Mapping[int, str] = field(default_factory=dict)
    """Channel to the first placement of it: where offers are decided that name none."""
    time_zone: str = ""
    """Of persons of whom none is known; empty: UTC."""


def stationery(bundle: pb.Bundle) -> Stationery:
    """Compile the templates of a bundle; raises `CompileError`."""
    placements: dict[int, str] = {}
    for placement in bundle.placements:
        placements.setdefault(placement.channel, placement.placement)
    return Stationery(
        {each.template: _words(each) for each in bundle.templates},
        {each.sender: Sender(each.name, each.address) for each in bundle.senders},
        placements,
        bundle.parameters.get(TIME_ZONE, ""),
    )


def _words(template: Template) -> Words:
    plain, html = {"": compile_text("")}, {"": compile_text("")}
    try:
        written: list[Template | TemplateVariant] = [template, *template.variants]
        for each in written:
            plain.update((source, compile_text(source)) for source in (each.subject, each.text))
            html[each.html] = compile_text(each.html, is_html=True)
    except TemplateError as error:
        raise CompileError(f"template {template.template}: {error.message}") from error
    return Words(template, plain, html)
