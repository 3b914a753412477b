"""The product tables of the story shop, by department."""

from demo.shop.catalogue import (
    books,
    computers,
    cycling,
    fashion,
    films,
    gifts,
    home_cinema,
    kitchen,
    nonfiction,
    running,
)
from demo.shop.catalogue.shelf import Axis, Shelf, read_attributes

SHELVES: tuple[Shelf, ...] = (
    *computers.SHELVES,
    *home_cinema.SHELVES,
    *films.SHELVES,
    *fashion.SHELVES,
    *running.SHELVES,
    *cycling.SHELVES,
    *kitchen.SHELVES,
    *books.SHELVES,
    *nonfiction.SHELVES,
    *gifts.SHELVES,
)

__all__ = ["SHELVES", "Axis", "Shelf", "read_attributes"]
