"""Everything for runners."""

from demo.shop.catalogue.fashion import MEN_SIZES, WOMEN_SIZES
from demo.shop.catalogue.shelf import Axis, Product, Shelf, same_price

CLOTHING_SIZES = same_price("XS", "S", "M", "L", "XL")
BRIGHT = same_price("blue", "coral", "black", "lime")


def _shoes(
    code: str, kind: str, axes: tuple[Axis, ...], attributes: str, products: tuple[Product, ...]
) -> Shelf:
    return Shelf(
        code=code,
        category=f"Running > Shoes > {kind}'s running shoes",
        title=f"{{brand}} {{name}} {kind.lower()}'s running shoes",
        axes=axes,
        cents=95,
        cost_percent=54,
        stock=10,
        attributes=attributes,
        products=products,
    )


def _clothing(code: str, kind: str, attributes: str, products: tuple[Product, ...]) -> Shelf:
    return Shelf(
        code=code,
        category=f"Running > Clothing > {kind}'s running clothing",
        title=f"{{brand}} {kind.lower()}'s {{name}}",
        axes=(Axis("colour", BRIGHT, take=2), Axis("size", CLOTHING_SIZES)),
        cents=95,
        cost_percent=46,
        stock=16,
        goes_with="Running > Shoes",
        attributes=attributes,
        products=products,
    )


WATCHES = Shelf(
    code="run-watch",
    category="Running > Watches & sensors",
    title="{brand} {name}",
    axes=(Axis("colour", same_price("black", "white", "slate"), take=2),),
    cents=99,
    cost_percent=68,
    stock=18,
    goes_with="Running > Shoes",
    products=(
        ("Polestar", "Pace 3 GPS Watch", 229, "battery=14 days"),
        ("Polestar", "Pace 5 GPS Watch", 349, "battery=20 days"),
        ("Polestar", "Ultra GPS Watch", 599, "battery=30 days"),
        ("Polestar", "Chest Strap Heart Rate Monitor", 79, "battery=1 year"),
        ("Polestar", "Foot Pod", 59, "battery=1 year"),
    ),
)

EXTRAS = Shelf(
    code="run",
    category="Running > Running accessories",
    title="{brand} {name}",
    cost_percent=44,
    stock=70,
    goes_with="Running > Shoes",
    products=(
        ("Swiftwater", "Hydration Vest 5 L", 109, "volume=5 L"),
        ("Swiftwater", "Handheld Bottle 500 ml", 24, "volume=0.5 L"),
        ("Swiftwater", "Race Belt", 19, "season=all"),
        ("Swiftwater", "Headlamp 400", 49, "season=winter"),
        ("Swiftwater", "Reflective Armbands, pair", 12, "season=winter"),
        ("Kinetik", "Cushioned Socks, 3 pairs", 26, "material=merino"),
        ("Kinetik", "Compression Sleeves", 34, "material=knit"),
        ("Kinetik", "Foam Roller", 29, "material=foam"),
        ("Kinetik", "Massage Gun Mini", 99, "battery=4 h"),
        ("Kinetik", "Running Cap", 24, "season=summer"),
        ("Kinetik", "Thermal Gloves", 22, "season=winter"),
    ),
)

NUTRITION = Shelf(
    code="run-food",
    category="Running > Nutrition",
    title="{brand} {name}",
    cost_percent=50,
    stock=140,
    goes_with="Running > Shoes",
    attributes="consumable=true",
    products=(
        ("Fuelwell", "Energy Gel Citrus, 12 pack", 21, "flavour=citrus"),
        ("Fuelwell", "Energy Gel Berry, 12 pack", 21, "flavour=berry"),
        ("Fuelwell", "Energy Gel Espresso with Caffeine, 12 pack", 24, "flavour=espresso"),
        ("Fuelwell", "Electrolyte Tablets, 40", 14, "flavour=lemon"),
        ("Fuelwell", "Recovery Shake Chocolate 1 kg", 36, "flavour=chocolate"),
        ("Fuelwell", "Oat Bars, 16 pack", 27, "flavour=honey"),
    ),
)

MODELS = (
    ("Aerolite", "Glide 4", 129, "terrain=road; support=neutral"),
    ("Aerolite", "Tempo 2", 159, "terrain=road; support=neutral"),
    ("Kinetik", "Steady 9", 139, "terrain=road; support=stability"),
    ("Kinetik", "Cloudbank", 169, "terrain=road; support=max cushion"),
    ("Kinetik", "Ridgeline", 144, "terrain=trail; support=neutral"),
    ("Zephyr", "Carbon Race", 249, "terrain=race; support=neutral"),
    ("Zephyr", "Daily", 109, "terrain=road; support=neutral"),
)
"""Of shoes, for women and for men alike."""

SHELVES = (
    _shoes(
        "run-shoe-w",
        "Women",
        (Axis("colour", BRIGHT, take=3), Axis("size", WOMEN_SIZES)),
        "gender=female",
        MODELS,
    ),
    _shoes(
        "run-shoe-m",
        "Men",
        (Axis("colour", BRIGHT, take=3), Axis("size", MEN_SIZES)),
        "gender=male",
        MODELS,
    ),
    _clothing(
        "run-wear-w",
        "Women",
        "gender=female",
        (
            ("Aerolite", "Singlet", 34, "season=summer"),
            ("Aerolite", "Split Shorts 4 in", 42, "season=summer"),
            ("Kinetik", "7/8 Running Tights", 79, "season=all"),
            ("Kinetik", "High-support Sports Bra", 54, "season=all"),
            ("Zephyr", "Packable Wind Jacket", 109, "season=spring"),
            ("Zephyr", "Thermal Half-zip", 84, "season=winter"),
        ),
    ),
    _clothing(
        "run-wear-m",
        "Men",
        "gender=male",
        (
            ("Aerolite", "Singlet", 34, "season=summer"),
            ("Aerolite", "2-in-1 Shorts 7 in", 54, "season=summer"),
            ("Kinetik", "Running Tights", 74, "season=all"),
            ("Kinetik", "Tech T-shirt", 32, "season=all"),
            ("Zephyr", "Packable Wind Jacket", 109, "season=spring"),
            ("Zephyr", "Thermal Half-zip", 84, "season=winter"),
        ),
    ),
    WATCHES,
    EXTRAS,
    NUTRITION,
)
