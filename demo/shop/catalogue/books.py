"""Novels and children's books."""

from demo.shop.catalogue.shelf import Axis, Product, Shelf

PRINT = (Axis("format", (("paperback", 100), ("hardcover", 175))),)


def book_shelf(code: str, kind: str, products: tuple[Product, ...], attributes: str = "") -> Shelf:
    """Describe books of one kind, each in paperback and hardcover."""
    return Shelf(
        code=f"book-{code}",
        category=f"Books > {kind}",
        title="{name} by {author}",
        axes=PRINT,
        cost_percent=56,
        stock=30,
        attributes=attributes,
        products=products,
    )


SHELVES = (
    book_shelf(
        "classics",
        "Classics",
        (
            ("Quill Classics", "Pride and Prejudice", 8, "author=Jane Austen"),
            ("Quill Classics", "Emma", 8, "author=Jane Austen"),
            ("Quill Classics", "Jane Eyre", 9, "author=Charlotte Brontë"),
            ("Quill Classics", "Wuthering Heights", 9, "author=Emily Brontë"),
            ("Quill Classics", "Middlemarch", 12, "author=George Eliot"),
            ("Quill Classics", "Great Expectations", 10, "author=Charles Dickens"),
            ("Quill Classics", "A Tale of Two Cities", 9, "author=Charles Dickens"),
            ("Quill Classics", "Moby-Dick", 11, "author=Herman Melville"),
            ("Quill Classics", "The Count of Monte Cristo", 14, "author=Alexandre Dumas"),
            ("Quill Classics", "Anna Karenina", 13, "author=Leo Tolstoy"),
            ("Quill Classics", "Crime and Punishment", 12, "author=Fyodor Dostoevsky"),
            ("Quill Classics", "Frankenstein", 8, "author=Mary Shelley"),
            ("Quill Classics", "Dracula", 9, "author=Bram Stoker"),
            ("Quill Classics", "The Picture of Dorian Gray", 8, "author=Oscar Wilde"),
            ("Quill Classics", "Walden", 9, "author=Henry David Thoreau"),
            ("Quill Classics", "Little Women", 10, "author=Louisa May Alcott"),
        ),
    ),
    book_shelf(
        "fiction",
        "Fiction",
        (
            ("Ninth Street Press", "The Salt Road", 15, "author=Ida Falk"),
            ("Ninth Street Press", "An Inventory of Small Mercies", 16, "author=Ida Falk"),
            ("Ninth Street Press", "The Orchard at Dusk", 14, "author=Samuel Okoro"),
            ("Ninth Street Press", "What We Owe the Sea", 15, "author=Marina Teles"),
            ("Ninth Street Press", "Paper Boats", 13, "author=Hana Ishida"),
            ("Ninth Street Press", "The Weight of Feathers and Stones", 16, "author=Clare Donovan"),
            ("Harborlight", "A House with Nine Doors", 15, "author=Peter Lund"),
            ("Harborlight", "Summer People", 12, "author=Rosalind Carr"),
            ("Harborlight", "The Bellmaker's Wife", 14, "author=Rosalind Carr"),
            ("Harborlight", "Lisbon, Later", 15, "author=Marina Teles"),
            ("Harborlight", "Ordinary Weather", 13, "author=Tom Ashby"),
            ("Harborlight", "The Translator", 16, "author=Elif Demir"),
            ("Harborlight", "Sisters of the Fourth Floor", 14, "author=Naomi Feld"),
            ("Brick Lane Books", "Low Tide", 12, "author=Samuel Okoro"),
            ("Brick Lane Books", "The Apprentice Cartographer", 17, "author=Peter Lund"),
            ("Brick Lane Books", "Everything but the Piano", 14, "author=Naomi Feld"),
            ("Brick Lane Books", "Tomorrow Is a Long Street", 15, "author=Elif Demir"),
            ("Brick Lane Books", "The Unsent Letters of Mr. Hale", 13, "author=Tom Ashby"),
        ),
    ),
    book_shelf(
        "crime",
        "Crime novels",
        (
            ("Black Anchor", "Murder at Hollow Quay", 12, "author=R. J. Mercer; series=Insp. Vane"),
            ("Black Anchor", "The Drowned Bell", 12, "author=R. J. Mercer; series=Insp. Vane"),
            (
                "Black Anchor",
                "A Knife for the Verger",
                13,
                "author=R. J. Mercer; series=Insp. Vane",
            ),
            ("Black Anchor", "The Third Mrs. Crane", 13, "author=R. J. Mercer; series=Insp. Vane"),
            ("Black Anchor", "Cold Ground", 11, "author=Sigrid Haugen"),
            ("Black Anchor", "The Ice Witness", 12, "author=Sigrid Haugen"),
            ("Black Anchor", "Blood Oranges", 11, "author=Luca Ferrante"),
            ("Black Anchor", "A Death in Palermo", 12, "author=Luca Ferrante"),
            ("Ninth Street Press", "The Alibi Club", 14, "author=Dana Whitlock"),
            ("Ninth Street Press", "No One Leaves Early", 14, "author=Dana Whitlock"),
            ("Harborlight", "The Poisoner's Garden", 13, "author=Felicity Marsh"),
            ("Harborlight", "Tea, Cake and Arsenic", 11, "author=Felicity Marsh"),
            ("Brick Lane Books", "Night Bus 43", 12, "author=Kwame Adjei"),
            ("Brick Lane Books", "The Informant's Daughter", 13, "author=Kwame Adjei"),
        ),
    ),
    book_shelf(
        "scifi",
        "Science fiction & fantasy",
        (
            ("Farpoint", "The Tidal Engine", 14, "author=A. K. Voss; series=Tidal"),
            ("Farpoint", "The Tidal Crown", 15, "author=A. K. Voss; series=Tidal"),
            ("Farpoint", "The Tidal War", 16, "author=A. K. Voss; series=Tidal"),
            ("Farpoint", "A Map of Dead Stars", 13, "author=Jun Takeda"),
            ("Farpoint", "Children of the Ringworks", 14, "author=Jun Takeda"),
            ("Farpoint", "The Glass Republic", 13, "author=Mira Solano"),
            ("Farpoint", "Salt and Circuitry", 12, "author=Mira Solano"),
            ("Farpoint", "The Wolf Who Wore the Moon", 15, "author=Ewan Grey"),
            ("Farpoint", "Thorn and Ember", 14, "author=Ewan Grey; series=Emberlands"),
            ("Farpoint", "Ember and Ash", 15, "author=Ewan Grey; series=Emberlands"),
            ("Quill Classics", "The Time Machine", 8, "author=H. G. Wells"),
            ("Quill Classics", "Twenty Thousand Leagues Under the Seas", 10, "author=Jules Verne"),
        ),
    ),
    book_shelf(
        "children",
        "Children's books",
        (
            ("Acorn Books", "Goodnight, Little Fox", 9, "author=Polly Winter; age=0-4"),
            ("Acorn Books", "Ten Sleepy Sheep", 8, "author=Polly Winter; age=0-4"),
            ("Acorn Books", "The Very Grumpy Hippo", 9, "author=Olu Bankole; age=3-6"),
            ("Acorn Books", "Where Do Buses Sleep?", 9, "author=Olu Bankole; age=3-6"),
            ("Acorn Books", "Maya Builds a Rocket", 10, "author=Sunita Rao; age=4-8"),
            ("Acorn Books", "Maya Finds a Dinosaur", 10, "author=Sunita Rao; age=4-8"),
            ("Acorn Books", "The Secret of Lantern Lane", 11, "author=Greta Holm; age=8-12"),
            ("Acorn Books", "The Midnight Map", 11, "author=Greta Holm; age=8-12"),
            ("Acorn Books", "Skeleton Island", 10, "author=Finn Brady; age=8-12"),
            ("Acorn Books", "How Things Float", 14, "author=Sunita Rao; age=8-12"),
            ("Quill Classics", "The Wind in the Willows", 9, "author=Kenneth Grahame; age=8-12"),
            ("Quill Classics", "Alice in Wonderland", 9, "author=Lewis Carroll; age=8-12"),
            ("Quill Classics", "Treasure Island", 9, "author=R. L. Stevenson; age=8-12"),
            ("Quill Classics", "The Secret Garden", 9, "author=F. H. Burnett; age=8-12"),
        ),
        attributes="age_group=children",
    ),
)
