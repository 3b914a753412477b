"""Bakeware, mixers and what goes into the oven."""

from demo.shop.catalogue.shelf import Axis, Product, Shelf, same_price

BAKEWARE = "Kitchen > Bakeware"


def _tins(
    code: str, kind: str, sizes: tuple[tuple[str, int], ...], products: tuple[Product, ...]
) -> Shelf:
    return Shelf(
        code=code,
        category=f"{BAKEWARE} > {kind}",
        title="{brand} {name}",
        axes=(Axis("size", sizes),),
        cost_percent=45,
        stock=45,
        products=products,
    )


SHELVES = (
    _tins(
        "cake",
        "Cake tins",
        (("8 in", 100), ("9 in", 112), ("10 in", 126)),
        (
            ("Hearthstone", "Non-stick Springform", 19, "material=carbon steel"),
            ("Hearthstone", "Round Layer Cake Tin", 12, "material=carbon steel"),
            ("Hearthstone", "Square Cake Tin", 14, "material=carbon steel"),
            ("Hearthstone", "Heritage Bundt Pan", 34, "material=cast aluminium"),
            ("Marguerite", "Anodised Deep Cake Tin", 22, "material=aluminium"),
            ("Marguerite", "Angel Food Pan", 26, "material=aluminium"),
            ("Sugar Loft", "Heart-shaped Cake Tin", 16, "material=carbon steel"),
            ("Sugar Loft", "Silicone Cake Mould", 13, "material=silicone"),
        ),
    ),
    _tins(
        "bread",
        "Bread & pies",
        (("small", 100), ("large", 130)),
        (
            ("Hearthstone", "Loaf Tin", 13, "material=carbon steel"),
            ("Hearthstone", "Pullman Loaf Tin with Lid", 27, "material=carbon steel"),
            ("Hearthstone", "Fluted Tart Tin", 15, "material=carbon steel"),
            ("Marguerite", "Stoneware Pie Dish", 32, "material=stoneware"),
            ("Marguerite", "Baguette Tray", 21, "material=steel"),
            ("Marguerite", "Cast-iron Bread Oven", 129, "material=cast iron"),
            ("Cordwood", "Banneton Proofing Basket", 18, "material=rattan"),
            ("Cordwood", "Baking Stone", 44, "material=cordierite"),
        ),
    ),
    _tins(
        "cookie",
        "Cookies & muffins",
        (("6 cup", 100), ("12 cup", 140)),
        (
            ("Hearthstone", "Muffin Tray", 16, "material=carbon steel"),
            ("Hearthstone", "Mini Muffin Tray", 15, "material=carbon steel"),
            ("Sugar Loft", "Donut Tray", 17, "material=silicone"),
            ("Sugar Loft", "Madeleine Tray", 19, "material=carbon steel"),
        ),
    ),
    Shelf(
        code="bake",
        category=f"{BAKEWARE} > Tools",
        title="{brand} {name}",
        cost_percent=42,
        stock=65,
        goes_with=f"{BAKEWARE} > Cake tins",
        products=(
            ("Hearthstone", "Cooling Rack, set of 2", 22, "material=steel"),
            ("Hearthstone", "Half-sheet Baking Pan, 2 pack", 29, "material=aluminium"),
            ("Sugar Loft", "Piping Set, 26 pieces", 24, "material=steel"),
            ("Sugar Loft", "Cake Turntable", 34, "material=aluminium"),
            ("Sugar Loft", "Cookie Cutters, 24 pieces", 14, "material=steel"),
            ("Sugar Loft", "Cake Carrier with Handle", 27, "material=plastic"),
            ("Cordwood", "Maple Rolling Pin", 24, "material=maple"),
            ("Cordwood", "French Rolling Pin", 19, "material=beech"),
            ("Cordwood", "Dough Scraper", 9, "material=steel"),
            ("Cordwood", "Bread Lame with Blades", 14, "material=walnut"),
            ("Precisa", "Kitchen Scale 5 kg", 26, "battery=1 year"),
            ("Precisa", "Oven Thermometer", 12, "material=steel"),
            ("Precisa", "Instant-read Thermometer", 34, "battery=2 years"),
            ("Precisa", "Measuring Cups, 7 pieces", 18, "material=steel"),
            ("Precisa", "Flour Sifter", 16, "material=steel"),
            ("Marguerite", "Silicone Spatulas, 4 pieces", 17, "material=silicone"),
            ("Marguerite", "Balloon Whisk", 13, "material=steel"),
            ("Marguerite", "Mixing Bowls, 5 pieces", 39, "material=glass"),
        ),
    ),
    Shelf(
        code="mixer",
        category="Kitchen > Mixers & appliances",
        title="{brand} {name}",
        axes=(Axis("colour", same_price("cream", "red", "mint", "black"), take=3),),
        cost_percent=68,
        stock=12,
        goes_with=BAKEWARE,
        products=(
            ("Whirla", "Stand Mixer 5 qt", 299, "power=800 W"),
            ("Whirla", "Stand Mixer 7 qt Bowl-lift", 449, "power=1000 W"),
            ("Whirla", "Hand Mixer 7-speed", 59, "power=300 W"),
            ("Whirla", "Food Processor 12 cup", 179, "power=750 W"),
            ("Precisa", "Bread Maker 2 lb", 129, "power=600 W"),
            ("Precisa", "Waffle Maker", 69, "power=1000 W"),
        ),
    ),
    Shelf(
        code="ingredient",
        category="Kitchen > Baking ingredients",
        title="{brand} {name}",
        cents=49,
        cost_percent=62,
        stock=180,
        goes_with=BAKEWARE,
        attributes="consumable=true",
        products=(
            ("Millbrook", "Strong Bread Flour 5 lb", 6, "organic=no"),
            ("Millbrook", "Organic Spelt Flour 3 lb", 7, "organic=yes"),
            ("Millbrook", "Rye Flour 3 lb", 5, "organic=no"),
            ("Millbrook", "Instant Dry Yeast 1 lb", 8, "organic=no"),
            ("Vanille & Co", "Madagascar Vanilla Extract 4 oz", 18, "organic=no"),
            ("Vanille & Co", "Vanilla Beans, 6", 15, "organic=yes"),
            ("Cacaoterra", "Dark Baking Chocolate 70% 1 lb", 12, "organic=yes"),
            ("Cacaoterra", "Dutch Cocoa Powder 1 lb", 10, "organic=no"),
            ("Cacaoterra", "White Chocolate Chips 1 lb", 9, "organic=no"),
            ("Sugar Loft", "Royal Icing Mix 2 lb", 8, "organic=no"),
            ("Sugar Loft", "Gel Food Colours, 12", 17, "organic=no"),
            ("Sugar Loft", "Sprinkles Assortment", 11, "organic=no"),
            ("Sugar Loft", "Cupcake Cases, 200", 7, "organic=no"),
            ("Sugar Loft", "Marzipan 1 lb", 9, "organic=no"),
        ),
    ),
)
