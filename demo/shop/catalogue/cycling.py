"""Bicycles, what to wear on them and what keeps them going."""

from demo.shop.catalogue.running import CLOTHING_SIZES
from demo.shop.catalogue.shelf import Axis, Product, Shelf, same_price


def _bikes(code: str, kind: str, noun: str, products: tuple[Product, ...]) -> Shelf:
    return Shelf(
        code=code,
        category=f"Cycling > Bikes > {kind}",
        title=f"{{brand}} {{name}} {noun}",
        axes=(Axis("size", same_price("S", "M", "L")),),
        cents=0,
        cost_percent=70,
        stock=4,
        products=products,
    )


SHELVES = (
    _bikes(
        "bike-road",
        "Road bikes",
        "road bike",
        (
            ("Corrente", "Strada 1", 1099, "frame=aluminium; gears=18"),
            ("Corrente", "Strada 3", 1899, "frame=carbon; gears=24"),
            ("Corrente", "Strada Pro", 3499, "frame=carbon; gears=24 electronic"),
            ("Bellwether", "Alpine", 1499, "frame=aluminium; gears=22"),
        ),
    ),
    _bikes(
        "bike-gravel",
        "Gravel bikes",
        "gravel bike",
        (
            ("Bellwether", "Backroad", 1349, "frame=steel; gears=20"),
            ("Bellwether", "Backroad Carbon", 2599, "frame=carbon; gears=24"),
            ("Corrente", "Sterrato", 1749, "frame=aluminium; gears=24"),
        ),
    ),
    _bikes(
        "bike-city",
        "City bikes",
        "city bike",
        (
            ("Tuin", "Classic 7-speed", 599, "frame=steel; gears=7"),
            ("Tuin", "Step-through 3-speed", 529, "frame=steel; gears=3"),
            ("Tuin", "Commuter Belt Drive", 999, "frame=aluminium; gears=8"),
            ("Tuin", "E-City 500", 1999, "frame=aluminium; motor=250 W"),
            ("Tuin", "E-Cargo Family", 4299, "frame=aluminium; motor=500 W"),
        ),
    ),
    _bikes(
        "bike-kids",
        "Children's bikes",
        "children's bike",
        (
            ("Little Acorn", "Balance Bike", 119, "age_group=children; age=2-4"),
            ("Little Acorn", "16 in First Pedals", 199, "age_group=children; age=4-6"),
            ("Bellwether", "Junior 24 in", 379, "age_group=children; age=8-11"),
        ),
    ),
    Shelf(
        code="helmet",
        category="Cycling > Helmets",
        title="{brand} {name} helmet",
        axes=(
            Axis("colour", same_price("black", "white", "yellow", "red"), take=1),
            Axis("size", same_price("S", "M", "L")),
        ),
        cost_percent=50,
        stock=22,
        goes_with="Cycling > Bikes",
        products=(
            ("Corrente", "Aero", 189, "use=road"),
            ("Corrente", "Light", 129, "use=road"),
            ("Bellwether", "Trail", 99, "use=gravel"),
            ("Bellwether", "Trail MIPS", 139, "use=gravel"),
            ("Tuin", "Urban", 69, "use=city"),
            ("Tuin", "Urban with Light", 94, "use=city"),
            ("Hatchling", "Commuter Fold", 119, "use=city"),
            ("Hatchling", "Kids Shark", 39, "age_group=children; use=city"),
            ("Hatchling", "Kids Unicorn", 39, "age_group=children; use=city"),
            ("Hatchling", "E-bike", 109, "use=city"),
        ),
    ),
    Shelf(
        code="cycle-wear",
        category="Cycling > Cycling clothing",
        title="{brand} {name}",
        axes=(
            Axis("colour", same_price("black", "navy", "orange"), take=1),
            Axis("size", CLOTHING_SIZES),
        ),
        cents=95,
        cost_percent=46,
        stock=15,
        goes_with="Cycling > Bikes",
        products=(
            ("Corrente", "Men's Bib Shorts", 109, "gender=male"),
            ("Corrente", "Women's Bib Shorts", 109, "gender=female"),
            ("Corrente", "Men's Short-sleeve Jersey", 74, "gender=male"),
            ("Corrente", "Women's Short-sleeve Jersey", 74, "gender=female"),
            ("Corrente", "Thermal Long-sleeve Jersey", 99, "season=winter"),
            ("Bellwether", "Rain Jacket", 129, "season=all"),
            ("Bellwether", "Gilet", 79, "season=spring"),
            ("Bellwether", "Merino Base Layer", 64, "season=winter"),
            ("Bellwether", "Gravel Shorts", 84, "season=summer"),
            ("Tuin", "Rain Cape", 54, "season=all"),
            ("Tuin", "Winter Gloves", 44, "season=winter"),
            ("Hatchling", "Gel Gloves", 27, "season=summer"),
        ),
    ),
    Shelf(
        code="cycle",
        category="Cycling > Parts & tools",
        title="{brand} {name}",
        cost_percent=50,
        stock=55,
        goes_with="Cycling > Bikes",
        products=(
            ("Gripwell", "Road Tire 28 mm", 49, "terrain=road"),
            ("Gripwell", "Gravel Tire 40 mm", 54, "terrain=gravel"),
            ("Gripwell", "Inner Tubes, 2 pack", 13, "consumable=true"),
            ("Gripwell", "Tubeless Sealant 500 ml", 19, "consumable=true"),
            ("Torque", "Multi-tool 18", 32, "material=steel"),
            ("Torque", "Floor Pump", 49, "material=steel"),
            ("Torque", "Mini Pump", 27, "material=aluminium"),
            ("Torque", "Chain Lube All-weather 120 ml", 11, "consumable=true"),
            ("Torque", "Bike Cleaner 1 L", 13, "consumable=true"),
            ("Torque", "11-speed Chain", 36, "gears=11"),
            ("Torque", "Repair Stand", 149, "material=steel"),
            ("Hatchling", "Front Light 800", 74, "battery=6 h"),
            ("Hatchling", "Rear Light with Brake Sensor", 39, "battery=12 h"),
            ("Hatchling", "Bell, brass", 18, "material=brass"),
            ("Hatchling", "U-Lock", 64, "material=steel"),
            ("Hatchling", "Folding Lock", 84, "material=steel"),
            ("Saltmarsh", "Handlebar Bag", 69, "volume=6 L"),
            ("Saltmarsh", "Panniers, pair", 139, "volume=40 L"),
            ("Saltmarsh", "Child Seat", 129, "age_group=children"),
            ("Polestar", "GPS Bike Computer", 299, "battery=20 h"),
            ("Polestar", "Power Meter Pedals", 699, "battery=60 h"),
            ("Corrente", "Indoor Smart Trainer", 799, "season=winter"),
        ),
    ),
)
