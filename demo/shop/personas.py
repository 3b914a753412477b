"""The hidden kinds of people that shop here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """A kind of person: what they like, what they spend, how they shop.

    ``share`` weighs how common they are, ``interests`` are category prefixes with weights,
    ``visits`` the usual number of web and app sessions in 60 days, ``store`` of store visits;
    ``female``, ``app``, ``thrift`` and ``openness`` lie between 0 and 1.
    """

    name: str
    share: int
    interests: tuple[tuple[str, float], ...]
    female: float
    visits: float
    store: float
    app: float
    thrift: float
    openness: float


PERSONAS = (
    Persona(
        "pc enthusiast", 10,
        (("Electronics > PCs", 8), ("Books > Computing books", 3),
         ("DVDs > Science fiction films", 1), ("Books > Science fiction & fantasy", 1)),
        female=0.3, visits=10, store=0.8, app=0.3, thrift=0.3, openness=0.4,
    ),
    Persona(
        "home office", 8,
        (("Electronics > PCs", 6), ("Gifts > Stationery & desk", 2),
         ("Books > Home & garden books", 1)),
        female=0.5, visits=7, store=0.8, app=0.2, thrift=0.5, openness=0.4,
    ),
    Persona(
        "film fan", 9,
        (("DVDs", 8), ("Electronics > TVs", 2), ("Electronics > Home cinema", 2)),
        female=0.45, visits=9, store=1.4, app=0.3, thrift=0.6, openness=0.6,
    ),
    Persona(
        "home cinema builder", 5,
        (("Electronics > TVs", 6), ("Electronics > Home cinema", 5), ("DVDs", 2)),
        female=0.35, visits=8, store=1.0, app=0.2, thrift=0.2, openness=0.3,
    ),
    Persona(
        "runner", 11,
        (("Running", 9), ("Books > Sport books", 1.5), ("DVDs > Documentary films", 0.5)),
        female=0.5, visits=9, store=1.5, app=0.5, thrift=0.4, openness=0.6,
    ),
    Persona(
        "cyclist", 9,
        (("Cycling", 9), ("Books > Sport books", 1.2), ("Books > Travel books", 0.8)),
        female=0.4, visits=8, store=1.6, app=0.4, thrift=0.3, openness=0.5,
    ),
    Persona(
        "home baker", 10,
        (("Kitchen", 9), ("Books > Cookery books", 3)),
        female=0.65, visits=8, store=2.2, app=0.3, thrift=0.5, openness=0.7,
    ),
    Persona(
        "bookworm", 12,
        (("Books", 9), ("Gifts > Games & puzzles", 1), ("DVDs > Drama films", 1)),
        female=0.6, visits=9, store=2.0, app=0.3, thrift=0.5, openness=0.5,
    ),
    Persona(
        "fashion lover", 11,
        (("Fashion", 9), ("Gifts > Jewellery", 2), ("Gifts > Candles & home", 1)),
        female=0.88, visits=11, store=1.5, app=0.6, thrift=0.3, openness=0.6,
    ),
    Persona(
        "well-shod gentleman", 4,
        (("Fashion > Shoes > Men's shoes", 8), ("Books > History & biography", 1),
         ("Running", 0.6)),
        female=0.02, visits=5, store=1.2, app=0.2, thrift=0.2, openness=0.3,
    ),
    Persona(
        "young parent", 8,
        (("Gifts > Toys", 5), ("Books > Children's books", 5),
         ("Fashion > Shoes > Children's shoes", 5), ("DVDs > Family films", 3),
         ("Cycling > Bikes > Children's bikes", 1)),
        female=0.6, visits=8, store=1.8, app=0.5, thrift=0.7, openness=0.8,
    ),
    Persona(
        "gift giver", 7,
        (("Gifts", 8), ("Books", 1), ("Kitchen > Baking ingredients", 0.6)),
        female=0.55, visits=5, store=1.2, app=0.2, thrift=0.4, openness=0.5,
    ),
)  # fmt: skip
