"""How the grocer abbreviates, and which words need care when spelled out."""

from __future__ import annotations


def _entries(text: str) -> list[str]:
    return [" ".join(entry.split()) for entry in text.split(";") if entry.strip()]


ABBREVIATIONS = dict(
    entry.split(" = ")
    for entry in _entries("""
ACCESS. = accessories; ACCSS = accessories; ALCOHLIC = alcoholic; ALLIEDS = juices;
ASCEPTIC = long-life; ASEPTIC = long-life; ASST = assorted; BBQ = barbecue; BEERALE = beer;
BEERALEMALT = beer, ale & malt; BEV = beverage; BKD = baked; BKFST = breakfast;
BKNGWARES = bakeware; BN = beans; BOYS = boys'; BR = bread; BRD = breaded; BRDS = boards;
BRKFST = breakfast; BTL = bottle; BTR = batter; CAN = cans; CARB = carbonated; CATFD = cat food;
CATSUP = ketchup; CHECKLANE = checkout; CHIX = chicken; CHOC = chocolate; CHOCOCLATE = chocolate;
CHOCOL = chocolate; CHOCOLA = chocolate; CHP = chips; CIG = cigarette; CKE = cake;
CKYS = cookies; CLEANE = cleaner; CLEANG = cleaning; CLOT = cloth; CND = canned;
CNDLES = candles; CNDY = candy; CNTRL = control; COMBIN = combinations; COMPACTOR = bags;
CONC = concentrate; CONTAINR = containers; COOKNG = cooking; COSM = cosmetics;
CRBNTD = carbonated; CRKR = crackers; CRMD = creamed; DECAFFINATED = decaf; DEOD = deodorant;
DIAPR = diapers; DIPILATORIES = hair removal; DISPOSIBLE = disposable; DNR = dinner;
DNRS = dinners; DOGFD = dog food; DPS = dips; DRNK = drink; DRNKING = drinking;
DRNKNG = drinking; DRNKS = drinks; DRP = drops; DRSNG = dressing; DSH = dishes; FASH = fashion;
FD = food; FDS = food; FEM = feminine; FLVR = flavored; FLVRD = flavored; FM = figurines;
FRD = fried; FRE = fresh; FRISK = cans; FRZ = frozen; FRZN = frozen; FS = French style;
GDS = goods; GIFTWARE = gifts; GIRLS = girls'; GM = general; GRND = ground;
HANDKE = handkerchiefs; HBC = health & beauty; HERR = herring; HORSER = horseradish;
HYDROCORTIZONE = hydrocortisone; HYGN = hygiene; INCL = including; INCLUDI = including;
INGRED = ingredients; IQF = quick-frozen; ISOTONIC = sports; IWS = sliced;
JARSLIDSUTENSILSMIS = jars & lids; JCE = juice; JHOOK = small goods:; JUI = juice; JUIC = juice;
KIDS = kids'; KRAUT = sauerkraut; LADIES = ladies'; LINAMENTS = liniments; LIQ = liquid;
LIQS = liquids; LOZNG = lozenges; LSS = less; LTR = lighter; LTRTNL = nutritional;
LUNCHMEAT = lunch meat; MARIN = marinades; MARINAD = marinades; MAY = mayonnaise; MENS = men's;
MICROWAVABLE = microwaveable; MISC = miscellaneous; MISC. = miscellaneous;
MISCELLANEOUS = assorted; MIXS = mixes; MLK = milk; MLT = multi; MNERAL = mineral;
MNRL = mineral; MONODOSE = tablets; MULT = multi; MUST = mustard; MXS = mixes;
NDAIRY = non-dairy; NON-CARB = still; NON-CRBNTD = still; NTRTNL = nutritional;
OJ = orange juice; OT = other; OTHE = other; OTYHER = other; PCKGD = packaged;
PHOTOFINISHING = photo finishing; PICAN = picante; PICANTEE = picante; PICKLD = pickled;
PICKLS = pickles; PK = packs; PKG = packaged; PKGD = packaged; PKLD = pickled; PLSTC = plastic;
PNCH = punch; PNT = peanut; PORTON = portions; PPK = prepacked; PREM = premium; PREP = prepared;
PREPACK = prepacked; PREPORTND = portioned; PRES = preserves; PRESHCOOL = preschool;
PRESLC = sliced; PROD = products; PROTIEN = protein; PRPCK = prepacked; PRSLC = sliced;
PWDR = powder; PWDRS = powders; QSR = quick service; REFIGERATED = chilled; REFRGRATD = chilled;
REFRIG = chilled; REFRIGERATED = chilled; REG = regular; RETL = retail; RTD = ready-to-drink;
RTS = ready-to-serve; RW = random-weight; SAL = salad; SALD = salad; SANDWIC = sandwiches;
SAUCESSALSAPICANTEE = sauces, salsa & picante; SAUS = sausage; SCRATCH = bakery; SEAFD = seafood;
SEASO = seasonings; SECT = sections; SFT = soft; SGL = single; SHERBTS = sherbet;
SHLFSH = shellfish; SLC = slices; SLD = salad; SMI-SWT = semi-sweet; SNDWCH = sandwich;
SNGL = single; SNKS = snacks; SPECILATY = specialty; SPF = SPF; SPLY = supplies; SPRD = spread;
SRV = serve; SRVD = serve; SS = single-serve; STK = stick; SUGARS = sugar; SUP = super;
SUPP = supplements; SUPPLEMEN = supplements; SUPPPLIES = supplies; SV = served; SW = sweet;
SWEETNERS = sweeteners; SWIN = swim; SWT = sweet; SYRP = syrup; TAILERS = pony tailers;
THN = than; TISS = tissues; TN = Tennessee; TORT = tortilla; TOSTADO = tostada;
TRANS = transmission; TRSH = trash; UNSWE = unsweetened; VAC = vacuum; VEG = vegetable;
VEND = vending; WAT = water; WATE = water; WHL = whole; WHLSM = wholesome; WOMENS = women's;
WORCHESTER = Worcestershire; WRA = wraps; WT = weight; WTR = water; XMAS = Christmas;
XPCTRNT = expectorants
""")
)

# Words that keep their capital.
PROPER = {
    name.upper(): name
    for name in _entries("""
Almay; American; Angus; Anjou; Asian; Australian; Barbie; Bartlett; Bosc; Braeburn; British;
Brussels; CD-R; Caesar; Cajun; Calgon; California; Canadian; Christmas; Covergirl; DVD; Danish;
Dijon; Dutch; Easter; English; Fisher; French; Fuji; Gala; German; Graham; Granny; Greek;
Halloween; Hansen; Hispanic; IPA; Indian; Irish; Italian; Japanese; Kosher; Leggs; Loreal; MLB;
Maybelline; Mexican; NFL; NZ; Price; Revlon; Roma; Russet; SPF; Sally; Smith; Spanish; Swiss; TV;
Tennessee; Thai; Valentine; Vienna; Worcestershire
""")
}

# A type that begins with one of these says it before what makes it special: APPLES GALA.
NOUN_FIRST = frozenset(
    _entries("""
APPLES; BEANS; CARROTS; CORN; GRAPES; HERBS; MUSHROOMS; ONIONS; ORANGES; PEACHES; PEARS; PEAS;
PEPPERS; PLUMS; POTATOES; SQUASH; SUNGLASSES; TOMATOES
""")
)

# Types that mean nothing without their category.
VAGUE = frozenset(
    _entries("""
BETTER FOR YOU; BLENDS; BUTTS; CANS; CONTINUITY; COOKED; COOLERS; COORDINATES; CUPS; DECOR; DRY;
ECONOMY; ECONOMY - MEAT; ENHANCED; ENTREES; FLATS; FRESH; FROZEN; GARDEN PLUS; GIFT SETS;
GREAT GIFTS; HAM; INTERNAL; INTERNAL FRESH; JUICE; KIDS/FAMILY; KITS; LEAN; LINKS - COOKED;
LINKS - RAW; LOAVE; MAINSTREAM; MARINATED; MEAT ADDED; MEAT INCLUDED; MICROWAVE; MISC;
MISC HOLIDAYS; MISCELLANEOUS; ORGANIC; OTHER; PACKAGED MIX; PANTRY; PATTIES; PATTIES - RAW;
PLUSH; PRE-COOKED; PREMIUM; PREMIUM - BEEF; PREMIUM - MEAT; PRIMAL; PROCESSED OTHER; PROMO;
PROMO/ENDCAP; PROMOTIONAL; QUARTS; REGULAR GARDEN; RIB; RIBS; ROLLS - FLAVORED/OTHER;
ROLLS - PORK; SBT; SEASONAL; SMOKED/COOKED; SPECIALTY; STICKS/ENROBED; TRADITIONAL; TREATS;
UTILITY; VALUE; VARIETY PACK; WRAP
""")
)
