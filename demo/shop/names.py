"""Names and places that the shop's people are made of."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = _words(
    "Abigail Alice Amara Amelia Anita Anna Aria Beatriz Bianca Camila Carmen Chloe Clara "
    "Daniela Deborah Diana Elena Elise Emily Erin Esther Eva Fatima Fiona Florence Gabriela "
    "Gemma Greta Hannah Harriet Helen Ingrid Irene Isabel Ivy Jade Janet Jasmine Joanna "
    "Josephine Judith Julia Karen Kavita Keiko Laura Leah Leila Lena Lucia Lydia Maeve Margaret "
    "Maria Marta Maya Mei Mia Miriam Monica Nadia Naomi Natalie Nina Nora Olivia Paula Petra "
    "Priya Rachel Rebecca Renee Rosa Ruth Sandra Sara Selma Sofia Sonia Stella Susan Tamara "
    "Teresa Thea Valerie Vera Victoria Yasmin Yuki Zoe "
)

MALE = _words(
    "Aaron Adam Adrian Ahmed Alan Albert Amir Andre Anthony Antonio Arjun Arthur Benjamin Bruno "
    "Caleb Carlos Cedric Charles Christian Connor Daniel David Diego Dominic Edgar Elias Emil "
    "Eric Ethan Felix Fernando Francis Frank Gabriel George Gilbert Gustav Hassan Henry Hugo "
    "Ian Ibrahim Ivan Jacob James Javier Jerome Joel Jonas Jordan Joseph Julian Kenji Kevin "
    "Kofi Lars Leo Leon Liam Louis Lucas Luis Malik Marcus Mario Martin Mateo Max Miguel Milan "
    "Nathan Neil Noah Oliver Omar Oscar Pablo Patrick Paul Pedro Peter Philip Rafael Raj Ravi "
    "Robert Roman Samuel Sean Simon Stefan Theo Thomas Tobias Victor Vincent Walter Wei William "
    "Yusuf "
)

LAST = _words(
    "Abbott Adeyemi Aguilar Alvarez Anderson Baker Barnes Becker Bennett Bergman Blake Bose "
    "Brooks Burke Calder Campbell Carvalho Castillo Chan Chen Clarke Cohen Collins Cortez Cruz "
    "Dalton Das Davies Delgado Diaz Doyle Duarte Dubois Eklund Ellis Evans Farrell Ferreira "
    "Fischer Fleming Flores Foster Franklin Fuentes Gallagher Garcia Gibson Gomez Grant Greene "
    "Gupta Haas Hale Hansen Harper Hayes Hernandez Hoffman Holt Hughes Hussain Ibarra Ito "
    "Jackson Jansen Jimenez Johansson Kapoor Keller Kelly Khan Kim Klein Kowalski Kumar Lambert "
    "Larsen Lee Lindgren Lopez Lowe Mahoney Marsh Martinez Mbeki Medina Mehta Mendez Meyer "
    "Moore Morales Moreau Murphy Nakamura Navarro Nguyen Nielsen Novak Obi Oliveira Ortega Osei "
    "Owens Park Patel Pereira Perry Pham Porter Quinn Ramirez Reed Reyes Rivera Romano Rossi "
    "Roy Russo Salazar Sanchez Santos Sato Schmidt Schneider Shah Sharma Silva Singh Soto Stone "
    "Suarez Sullivan Suzuki Tanaka Torres Tran Turner Vargas Vasquez Vogel Wagner Walsh Wang "
    "Weber West Wong Yamada Young Zhang Zimmerman "
)

# city, state, telephone area code, time zone, hours from UTC (daylight saving is left out: the
# simulated people need evenings, not exact ones)
CITIES = (
    ("New York", "NY", "212", "America/New_York", -5),
    ("Brooklyn", "NY", "718", "America/New_York", -5),
    ("Boston", "MA", "617", "America/New_York", -5),
    ("Philadelphia", "PA", "215", "America/New_York", -5),
    ("Washington", "DC", "202", "America/New_York", -5),
    ("Atlanta", "GA", "404", "America/New_York", -5),
    ("Miami", "FL", "305", "America/New_York", -5),
    ("Columbus", "OH", "614", "America/New_York", -5),
    ("Chicago", "IL", "312", "America/Chicago", -6),
    ("Minneapolis", "MN", "612", "America/Chicago", -6),
    ("Nashville", "TN", "615", "America/Chicago", -6),
    ("Austin", "TX", "512", "America/Chicago", -6),
    ("Dallas", "TX", "214", "America/Chicago", -6),
    ("Houston", "TX", "713", "America/Chicago", -6),
    ("Denver", "CO", "303", "America/Denver", -7),
    ("Salt Lake City", "UT", "801", "America/Denver", -7),
    ("Phoenix", "AZ", "602", "America/Phoenix", -7),
    ("Seattle", "WA", "206", "America/Los_Angeles", -8),
    ("Portland", "OR", "503", "America/Los_Angeles", -8),
    ("San Francisco", "CA", "415", "America/Los_Angeles", -8),
    ("Los Angeles", "CA", "213", "America/Los_Angeles", -8),
    ("San Diego", "CA", "619", "America/Los_Angeles", -8),
)
