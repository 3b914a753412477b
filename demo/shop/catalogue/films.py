"""Films and series on disc."""

from demo.shop.catalogue.shelf import Axis, Product, Shelf

DISC = (Axis("format", (("DVD", 100), ("Blu-ray", 140), ("4K UHD", 190))),)


def _genre(code: str, genre: str, products: tuple[Product, ...], attributes: str = "") -> Shelf:
    return Shelf(
        code=f"dvd-{code}",
        category=f"DVDs > {genre} films",
        title="{name} ({year})",
        axes=DISC,
        cost_percent=58,
        stock=35,
        goes_with="Electronics > Home cinema",
        attributes=attributes,
        products=products,
    )


SHELVES = (
    _genre(
        "drama",
        "Drama",
        (
            ("Lantern Pictures", "The Lighthouse Keeper's Daughter", 12, "year=2021; rating=PG-13"),
            ("Lantern Pictures", "A Winter in Trieste", 11, "year=2019; rating=PG-13"),
            ("Lantern Pictures", "Harbor Street", 13, "year=2022; rating=R"),
            ("Meridian", "Letters to Nobody", 9, "year=2016; rating=PG"),
            ("Meridian", "The Cellist", 12, "year=2020; rating=PG-13"),
            ("Meridian", "What the River Kept", 14, "year=2023; rating=PG-13"),
            ("Meridian", "Three Sisters of Salem Road", 10, "year=2018; rating=PG"),
            ("Blue Barn", "Field of Barley", 8, "year=2012; rating=PG"),
            ("Blue Barn", "The Last Ferry Home", 12, "year=2021; rating=PG-13"),
            ("Blue Barn", "Mercer and Sons", 15, "year=2024; rating=R"),
            ("Oxbow", "An Honest Woman", 11, "year=2019; rating=R"),
            ("Oxbow", "Night Shift at St. Anne's", 13, "year=2022; rating=PG-13"),
        ),
    ),
    _genre(
        "comedy",
        "Comedy",
        (
            ("Meridian", "Wedding Season, Again", 11, "year=2020; rating=PG-13"),
            ("Meridian", "My Landlord Is a Ghost", 12, "year=2022; rating=PG-13"),
            ("Paper Moon", "The Substitute Pilot", 10, "year=2018; rating=PG-13"),
            ("Paper Moon", "Two Weeks' Notice to Quit", 9, "year=2017; rating=R"),
            ("Paper Moon", "Grandpa Joins the Band", 12, "year=2021; rating=PG"),
            ("Paper Moon", "How to Lose a Camel", 13, "year=2023; rating=PG"),
            ("Oxbow", "The Understudies", 11, "year=2019; rating=R"),
            ("Oxbow", "Office Hours: The Complete Series", 34, "year=2022; rating=PG-13"),
            ("Blue Barn", "Potluck", 8, "year=2015; rating=PG-13"),
            ("Blue Barn", "Best Man, Worst Man", 10, "year=2018; rating=R"),
        ),
    ),
    _genre(
        "thriller",
        "Thriller",
        (
            ("Northgate", "The Ninth Witness", 13, "year=2022; rating=R"),
            ("Northgate", "Dead Reckoning Bay", 11, "year=2019; rating=R"),
            ("Northgate", "Cold Platform", 12, "year=2020; rating=R"),
            ("Northgate", "The Forger", 14, "year=2023; rating=PG-13"),
            ("Lantern Pictures", "Glass Key", 9, "year=2014; rating=R"),
            ("Lantern Pictures", "Room 1408 Rue Morel", 12, "year=2021; rating=R"),
            ("Oxbow", "Silent Cargo", 13, "year=2022; rating=R"),
            ("Oxbow", "The Marsh Murders: Season 1", 24, "year=2021; series=The Marsh Murders"),
            ("Oxbow", "The Marsh Murders: Season 2", 26, "year=2022; series=The Marsh Murders"),
            ("Oxbow", "The Marsh Murders: Season 3", 29, "year=2024; series=The Marsh Murders"),
            ("Meridian", "Double Entry", 10, "year=2017; rating=R"),
            ("Meridian", "The Quiet Extraction", 12, "year=2020; rating=PG-13"),
        ),
        attributes="min_age=18",
    ),
    _genre(
        "scifi",
        "Science fiction",
        (
            ("Paper Moon", "Europa Station", 14, "year=2022; rating=PG-13"),
            ("Paper Moon", "Europa Station: Return", 17, "year=2024; rating=PG-13"),
            ("Northgate", "The Long Orbit", 12, "year=2019; rating=PG-13"),
            ("Northgate", "Machine Lullaby", 13, "year=2021; rating=R"),
            ("Northgate", "Copy of a Copy", 11, "year=2018; rating=PG-13"),
            ("Lantern Pictures", "Terra Nullius", 15, "year=2023; rating=PG-13"),
            ("Oxbow", "Signal Loss: Season 1", 27, "year=2020; series=Signal Loss"),
            ("Oxbow", "Signal Loss: Season 2", 29, "year=2021; series=Signal Loss"),
            ("Oxbow", "Signal Loss: Season 3", 32, "year=2023; series=Signal Loss"),
            ("Meridian", "The Kepler Garden", 10, "year=2016; rating=PG"),
            ("Meridian", "Yesterday's Android", 12, "year=2020; rating=PG-13"),
            ("Blue Barn", "Static", 9, "year=2015; rating=R"),
        ),
    ),
    _genre(
        "family",
        "Family",
        (
            ("Button Animation", "Pip and the Paper Dragon", 16, "year=2023; rating=G"),
            ("Button Animation", "Pip and the Clockwork Whale", 18, "year=2024; rating=G"),
            ("Button Animation", "The Hedgehog Post Office", 13, "year=2020; rating=G"),
            ("Button Animation", "Sir Barnaby Bear", 11, "year=2018; rating=G"),
            ("Button Animation", "Moonlight Zoo", 12, "year=2019; rating=G"),
            ("Paper Moon", "The Treehouse Detectives", 13, "year=2021; rating=PG"),
            ("Paper Moon", "Snow Day Rescue", 10, "year=2017; rating=PG"),
            ("Blue Barn", "Pony Summer", 9, "year=2016; rating=G"),
            ("Blue Barn", "The Girl Who Talked to Trains", 14, "year=2022; rating=PG"),
            ("Meridian", "Captain Teaspoon", 12, "year=2020; rating=G"),
        ),
        attributes="age_group=children",
    ),
    _genre(
        "documentary",
        "Documentary",
        (
            ("Longview", "Deep Blue Year", 17, "year=2022; rating=G"),
            ("Longview", "Wild Highlands", 15, "year=2020; rating=G"),
            ("Longview", "The Salt Harvesters", 12, "year=2018; rating=PG"),
            ("Longview", "Marathon: 26.2 Stories", 14, "year=2021; theme=running"),
            ("Longview", "Above the Tree Line", 13, "year=2019; rating=PG"),
            ("Longview", "The Great Climbs: 100 Years of Racing", 16, "year=2023; theme=cycling"),
            ("Longview", "Bread: A Love Story", 11, "year=2019; theme=baking"),
            ("Longview", "The Chip Makers", 12, "year=2022; theme=computing"),
        ),
    ),
)
