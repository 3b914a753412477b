"""The grocer's departments in plain words, and what is left out or treated apart."""

from __future__ import annotations

DEPARTMENTS = {
    "GROCERY": "Grocery",
    "DRUG GM": "Drugstore & home",
    "PRODUCE": "Fruit & vegetables",
    "COSMETICS": "Cosmetics",
    "NUTRITION": "Natural foods",
    "MEAT": "Meat",
    "MEAT-PCKGD": "Packaged meat",
    "DELI": "Deli",
    "PASTRY": "Bakery",
    "FLORAL": "Flowers",
    "SEAFOOD": "Seafood",
    "SEAFOOD-PCKGD": "Packaged seafood",
    "SPIRITS": "Spirits",
    "GARDEN CENTER": "Garden",
    "RESTAURANT": "Restaurant",
    "SALAD BAR": "Salad bar",
    "FROZEN GROCERY": "Frozen",
    "CHEF SHOPPE": "Chef's shop",
    "TRAVEL & LEISURE": "Fruit & vegetables",
    "TOYS": "Drugstore & home",
    "HOUSEWARES": "Drugstore & home",
}

# What is no product of the shop but a service, a coupon or fuel.
LEFT_OUT_DEPARTMENTS = frozenset(
    (
        "FUEL", "MISCELLANEOUS", "COUPON", "CNTRL/STORE SUP", "POSTAL CENTER", "PHOTO & VIDEO",
        "CHARITABLE CONT", "PROD-WHS SALES", "AUTOMOTIVE", "ELECT &PLUMBING", "GM MERCH EXP",
    )
)  # fmt: skip
LEFT_OUT_CATEGORIES = frozenset(
    (
        "COUPON/MISC ITEMS", "COUPON", "COUPONS/STORE & MFG", "BOTTLE DEPOSITS", "TICKETS",
        "PROD SUPPLIES", "MEAT SUPPLIES", "DELI SUPPLIES", "PHARMACY",
    )
)  # fmt: skip

ADULT_CATEGORIES = frozenset(
    (
        "BEERS/ALES", "DOMESTIC WINE", "IMPORTED WINE", "MISC WINE", "LIQUOR", "CIGARETTES",
        "CIGARS", "TOBACCO OTHER",
    )
)  # fmt: skip
