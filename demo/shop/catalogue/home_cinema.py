"""Televisions and the sound that goes with them."""

from demo.shop.catalogue.shelf import Axis, Shelf, same_price

TVS = Shelf(
    code="tv",
    category="Electronics > TVs",
    title="{brand} {name} TV",
    axes=(Axis("screen", (("50 in", 78), ("55 in", 100), ("65 in", 138), ("77 in", 185)), take=3),),
    cost_percent=80,
    stock=8,
    products=(
        ("Sondra", "Vista HD", 329, "panel=LED; resolution=1080p"),
        ("Sondra", "Vista 4K", 449, "panel=LED; resolution=4K"),
        ("Sondra", "Vista QLED", 699, "panel=QLED; resolution=4K"),
        ("Sondra", "Aurora OLED", 1399, "panel=OLED; resolution=4K"),
        ("Sondra", "Aurora OLED Cinema", 2199, "panel=OLED; resolution=4K"),
        ("Oriel", "Frame Gallery", 1299, "panel=QLED; resolution=4K"),
        ("Oriel", "Lumen Mini-LED", 1099, "panel=Mini-LED; resolution=4K"),
        ("Oriel", "Lumen Mini-LED Pro", 1599, "panel=Mini-LED; resolution=4K"),
        ("Oriel", "Master OLED", 2149, "panel=OLED; resolution=4K"),
        ("Oriel", "Master OLED 8K", 2999, "panel=OLED; resolution=8K"),
        ("Kestrel", "Smart 4K", 379, "panel=LED; resolution=4K"),
        ("Kestrel", "Smart QLED", 549, "panel=QLED; resolution=4K"),
        ("Kestrel", "Game 120 Hz", 799, "panel=QLED; resolution=4K; refresh=120 Hz"),
        ("Kestrel", "Outdoor 4K", 1899, "panel=LED; resolution=4K"),
        ("Velour", "Home 4K", 419, "panel=LED; resolution=4K"),
        ("Velour", "Home OLED", 1249, "panel=OLED; resolution=4K"),
    ),
)

SOUND = Shelf(
    code="sound",
    category="Electronics > Home cinema",
    title="{brand} {name}",
    axes=(Axis("colour", same_price("black", "white"), take=1),),
    cost_percent=66,
    stock=20,
    goes_with="Electronics > TVs",
    products=(
        ("Sondra", "Soundbar 2.1", 149, "power=120 W"),
        ("Sondra", "Soundbar 3.1.2 Atmos", 349, "power=320 W"),
        ("Sondra", "Soundbar 7.1.4 Atmos", 899, "power=720 W"),
        ("Oriel", "Wireless Subwoofer", 299, "power=200 W"),
        ("Oriel", "Rear Speaker Pair", 249, "power=100 W"),
        ("Kestrel", "Compact Soundbar", 99, "power=80 W"),
        ("Velour", "Bookshelf Speakers", 219, "power=140 W"),
        ("Velour", "AV Receiver 7.2", 549, "power=630 W"),
        ("Sondra", "4K Blu-ray Player", 199, "resolution=4K"),
        ("Kestrel", "DVD and Blu-ray Player", 79, "resolution=1080p"),
        ("Portway", "Full-motion TV Wall Mount", 69, "material=steel"),
        ("Portway", "Flat TV Wall Mount", 34, "material=steel"),
        ("Portway", "HDMI 2.1 Cable 2 m", 14, "connection=HDMI"),
        ("Oriel", "Streaming Stick 4K", 44, "resolution=4K"),
    ),
)

SHELVES = (TVS, SOUND)
