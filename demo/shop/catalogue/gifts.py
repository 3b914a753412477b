"""Presents for every age and occasion."""

from demo.shop.catalogue.shelf import Axis, Product, Shelf, same_price


def _gifts(
    code: str,
    kind: str,
    products: tuple[Product, ...],
    axes: tuple[Axis, ...] = (),
    attributes: str = "",
) -> Shelf:
    return Shelf(
        code=code,
        category=f"Gifts > {kind}",
        title="{brand} {name}",
        axes=axes,
        cost_percent=45,
        stock=50,
        attributes=attributes,
        products=products,
    )


SHELVES = (
    _gifts(
        "home",
        "Candles & home",
        (
            ("Ember & Fig", "Scented Candle 8 oz", 24, "occasion=housewarming"),
            ("Ember & Fig", "Reed Diffuser", 34, "occasion=housewarming"),
            ("Ember & Fig", "Tea Light Set", 18, "occasion=any"),
            ("Ember & Fig", "Bath Salts Trio", 29, "occasion=mother's day"),
        ),
        axes=(Axis("scent", same_price("fig & cedar", "sea salt", "lavender", "neroli"), take=3),),
    ),
    _gifts(
        "jewellery",
        "Jewellery",
        (
            ("Wrenfield", "Initial Pendant Necklace", 69, "gender=female; occasion=birthday"),
            ("Wrenfield", "Pearl Stud Earrings", 54, "gender=female; occasion=anniversary"),
            ("Wrenfield", "Stacking Rings, set of 3", 48, "gender=female; occasion=birthday"),
            ("Wrenfield", "Charm Bracelet", 79, "gender=female; occasion=birthday"),
            ("Wrenfield", "Signet Ring", 89, "gender=male; occasion=graduation"),
            ("Wrenfield", "Cufflinks", 64, "gender=male; occasion=wedding"),
        ),
        axes=(Axis("metal", (("silver", 100), ("gold vermeil", 135))),),
    ),
    _gifts(
        "toy",
        "Toys",
        (
            ("Tumbletop", "Wooden Train Set", 49, "age=3-6"),
            ("Tumbletop", "Marble Run, 120 pieces", 44, "age=5-9"),
            ("Tumbletop", "Stacking Rainbow", 24, "age=1-3"),
            ("Tumbletop", "Play Kitchen", 129, "age=3-6"),
            ("Tumbletop", "Magnetic Tiles, 100 pieces", 59, "age=3-9"),
            ("Little Acorn", "Plush Fox", 22, "age=0-6"),
            ("Little Acorn", "Plush Elephant, large", 39, "age=0-6"),
            ("Little Acorn", "Baby Rattle Gift Set", 27, "age=0-1"),
            ("Rocketlab Jr.", "Volcano Science Kit", 29, "age=8-12"),
            ("Rocketlab Jr.", "Solar Robot Kit", 34, "age=8-12"),
            ("Rocketlab Jr.", "First Telescope", 89, "age=8-14"),
            ("Rocketlab Jr.", "Crystal Growing Lab", 24, "age=8-12"),
        ),
        attributes="age_group=children; occasion=birthday",
    ),
    _gifts(
        "game",
        "Games & puzzles",
        (
            ("Meeple House", "Harvest Valley Board Game", 44, "age=10+"),
            ("Meeple House", "Lighthouse Mystery Board Game", 39, "age=12+"),
            ("Meeple House", "Word Duel Card Game", 16, "age=10+"),
            ("Meeple House", "Pirate Dice", 19, "age=7+"),
            ("Meeple House", "Trivia: Five Decades", 32, "age=16+"),
            ("Puzzlewright", "1000-piece Puzzle: Old Harbor", 19, "age=12+"),
            ("Puzzlewright", "1000-piece Puzzle: Alpine Meadow", 19, "age=12+"),
            ("Puzzlewright", "2000-piece Puzzle: World Map", 29, "age=14+"),
            ("Puzzlewright", "Family Puzzle: Farmyard", 17, "age=4+"),
            ("Puzzlewright", "Wooden Chess Set", 59, "age=7+"),
        ),
    ),
    _gifts(
        "hamper",
        "Food & drink",
        (
            ("Larder Lane", "Breakfast Hamper", 59, "occasion=any"),
            ("Larder Lane", "Italian Supper Hamper", 84, "occasion=housewarming"),
            ("Larder Lane", "Chocolate Lover's Box", 39, "occasion=valentine's day"),
            ("Larder Lane", "Tea Tasting Set", 32, "occasion=mother's day"),
            ("Larder Lane", "Coffee of the World, 6 bags", 46, "occasion=father's day"),
            ("Larder Lane", "Hot Sauce Trio", 24, "occasion=father's day"),
        ),
    ),
    _gifts(
        "desk",
        "Stationery & desk",
        (
            ("Inkstone", "Leather Journal A5", 34, "occasion=graduation"),
            ("Inkstone", "Fountain Pen", 49, "occasion=graduation"),
            ("Inkstone", "Weekly Planner", 22, "occasion=new year"),
            ("Inkstone", "Desk Organiser", 38, "occasion=any"),
            ("Inkstone", "Passport Wallet", 42, "occasion=travel"),
        ),
        axes=(Axis("colour", same_price("forest green", "black", "tan"), take=2),),
    ),
    Shelf(
        code="gift-card",
        category="Gifts > Gift cards",
        title="Touchpoint {name}",
        cents=0,
        cost_percent=97,
        stock=1000,
        axes=(Axis("size", (("$25", 100), ("$50", 200), ("$100", 400), ("$200", 800))),),
        products=(
            ("Touchpoint", "Gift Card", 25, "occasion=any"),
            ("Touchpoint", "Birthday Gift Card", 25, "occasion=birthday"),
        ),
    ),
)
