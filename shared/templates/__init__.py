"""What messages say: Liquid, checked when it is written and put together when it is sent."""

from shared.templates.lengths import too_long
from shared.templates.liquid_text import LiquidText, TemplateError, compile_text
from shared.templates.variables import SPARSE_SAMPLE, WHOLE_SAMPLE, Values
from shared.templates.wordings import Wording, languages_of, wording_for

__all__ = [
    "SPARSE_SAMPLE",
    "WHOLE_SAMPLE",
    "LiquidText",
    "TemplateError",
    "Values",
    "Wording",
    "compile_text",
    "languages_of",
    "too_long",
    "wording_for",
]
