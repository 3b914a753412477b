"""Handbags and shoes."""

from demo.shop.catalogue.shelf import Axis, Product, Shelf, same_price

LEATHER = same_price("black", "cognac", "navy", "burgundy", "cream", "olive")
WOMEN_SIZES = same_price("6", "7", "8", "9", "10")
MEN_SIZES = same_price("8", "9", "10", "11", "12")
CHILD_SIZES = same_price("10K", "11K", "12K", "13K", "1Y")


def _bags(code: str, kind: str, noun: str, products: tuple[Product, ...]) -> Shelf:
    return Shelf(
        code=code,
        category=f"Fashion > Handbags > {kind}",
        title=f"{{brand}} {{name}} {noun}",
        axes=(Axis("colour", LEATHER, take=4),),
        cents=0,
        cost_percent=44,
        stock=14,
        attributes="gender=female",
        products=products,
    )


def _shoes(
    code: str, kind: str, axes: tuple[Axis, ...], attributes: str, products: tuple[Product, ...]
) -> Shelf:
    return Shelf(
        code=code,
        category=f"Fashion > Shoes > {kind}'s shoes",
        title=f"{{brand}} {kind.lower()}'s {{name}}".replace("children's", "kids'"),
        axes=axes,
        cents=95,
        cost_percent=48,
        stock=9,
        attributes=attributes,
        products=products,
    )


SHELVES = (
    _bags(
        "tote",
        "Totes",
        "tote",
        (
            ("Marchetti", "Livia", 189, "material=leather"),
            ("Marchetti", "Livia Large", 229, "material=leather"),
            ("Marchetti", "Aurelia Work", 279, "material=leather"),
            ("Coralie", "Market", 79, "material=canvas"),
            ("Coralie", "Everyday Zip", 99, "material=vegan leather"),
            ("Fenwick & Rowe", "Archive", 329, "material=leather"),
            ("Fenwick & Rowe", "Commuter 15 in", 259, "material=leather"),
            ("Saltmarsh", "Weekender", 149, "material=waxed cotton"),
        ),
    ),
    _bags(
        "crossbody",
        "Crossbody bags",
        "crossbody bag",
        (
            ("Marchetti", "Nina", 139, "material=leather"),
            ("Marchetti", "Nina Mini", 109, "material=leather"),
            ("Coralie", "Camera", 59, "material=vegan leather"),
            ("Coralie", "Phone Pouch", 39, "material=vegan leather"),
            ("Fenwick & Rowe", "Saddle", 219, "material=leather"),
            ("Fenwick & Rowe", "Half Moon", 199, "material=leather"),
            ("Saltmarsh", "Sling", 69, "material=nylon"),
            ("Saltmarsh", "Field", 89, "material=waxed cotton"),
        ),
    ),
    _bags(
        "evening",
        "Evening bags",
        "clutch",
        (
            ("Marchetti", "Stella", 119, "material=satin"),
            ("Marchetti", "Stella Pearl", 159, "material=satin"),
            ("Coralie", "Envelope", 49, "material=vegan leather"),
            ("Coralie", "Sparkle", 55, "material=sequins"),
            ("Fenwick & Rowe", "Box", 249, "material=leather"),
            ("Fenwick & Rowe", "Wristlet", 129, "material=leather"),
        ),
    ),
    _shoes(
        "shoe-w",
        "Women",
        (
            Axis("colour", same_price("black", "tan", "white", "navy", "rose"), take=3),
            Axis("size", WOMEN_SIZES),
        ),
        "gender=female; age_group=adult",
        (
            ("Marchetti", "Lucia Leather Loafers", 139, "style=loafer"),
            ("Marchetti", "Sofia Block-heel Pumps", 149, "style=pump"),
            ("Marchetti", "Giulia Ankle Boots", 189, "style=boot"),
            ("Marchetti", "Bianca Slingbacks", 159, "style=pump"),
            ("Coralie", "Ballet Flats", 49, "style=flat"),
            ("Coralie", "Espadrille Wedges", 64, "style=sandal"),
            ("Coralie", "Canvas Sneakers", 44, "style=sneaker"),
            ("Coralie", "Chelsea Rain Boots", 59, "style=boot"),
            ("Coralie", "Strappy Sandals", 54, "style=sandal"),
            ("Fenwick & Rowe", "Riding Boots", 289, "style=boot"),
            ("Fenwick & Rowe", "Suede Chelsea Boots", 219, "style=boot"),
            ("Fenwick & Rowe", "Penny Loafers", 179, "style=loafer"),
            ("Arbor", "Court Leather Sneakers", 89, "style=sneaker"),
            ("Arbor", "Platform Sneakers", 99, "style=sneaker"),
            ("Arbor", "Knit Slip-ons", 69, "style=sneaker"),
            ("Arbor", "Wool Clogs", 79, "style=clog"),
            ("Stonepath", "Trail Sandals", 84, "style=sandal"),
            ("Stonepath", "Waterproof Hiking Boots", 169, "style=boot"),
            ("Stonepath", "Insulated Snow Boots", 149, "style=boot"),
            ("Stonepath", "Recovery Slides", 39, "style=sandal"),
        ),
    ),
    _shoes(
        "shoe-m",
        "Men",
        (
            Axis("colour", same_price("black", "brown", "navy", "grey"), take=2),
            Axis("size", MEN_SIZES),
        ),
        "gender=male; age_group=adult",
        (
            ("Fenwick & Rowe", "Cap-toe Oxfords", 199, "style=oxford"),
            ("Fenwick & Rowe", "Wingtip Brogues", 219, "style=oxford"),
            ("Fenwick & Rowe", "Suede Desert Boots", 169, "style=boot"),
            ("Fenwick & Rowe", "Leather Chelsea Boots", 229, "style=boot"),
            ("Harrow", "Derby Shoes", 99, "style=oxford"),
            ("Harrow", "Driving Moccasins", 84, "style=loafer"),
            ("Harrow", "Boat Shoes", 79, "style=loafer"),
            ("Harrow", "Work Boots", 139, "style=boot"),
            ("Arbor", "Court Sneakers", 89, "style=sneaker"),
            ("Arbor", "Retro Runner Sneakers", 94, "style=sneaker"),
            ("Arbor", "Knit Slip-on Sneakers", 69, "style=sneaker"),
            ("Stonepath", "Hiking Boots GTX", 179, "style=boot"),
            ("Stonepath", "Trail Sandals", 84, "style=sandal"),
            ("Stonepath", "Winter Pac Boots", 159, "style=boot"),
            ("Stonepath", "Recovery Slides", 39, "style=sandal"),
        ),
    ),
    _shoes(
        "shoe-k",
        "Children",
        (Axis("size", CHILD_SIZES),),
        "age_group=children",
        (
            ("Little Acorn", "First Day School Shoes", 39, "style=school"),
            ("Little Acorn", "Light-up Sneakers", 34, "style=sneaker"),
            ("Little Acorn", "Puddle Rain Boots", 24, "style=boot"),
            ("Little Acorn", "Dinosaur Slippers", 19, "style=slipper"),
            ("Little Acorn", "Velcro Sandals", 26, "style=sandal"),
            ("Stonepath", "Junior Hiking Boots", 64, "style=boot"),
            ("Arbor", "Junior Canvas Sneakers", 32, "style=sneaker"),
            ("Arbor", "Junior Court Sneakers", 44, "style=sneaker"),
        ),
    ),
)
