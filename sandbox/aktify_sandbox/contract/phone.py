"""Phone numbers in E.164, whatever their spelling.

Only the form counts. Aktify checks for landlines, do-not-contact lists and the like after the 201. The area code is
never compared with the region: the page's own example mixes 509 (Washington) with CA.
"""

import functools
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from . import page
from .sources import Source, documented, ruling
from .wrapping import wrapped

_SEPARATORS = str.maketrans("", "", " ().-/")
_NANP = re.compile(r"(?:\+?1)?([2-9](?!11)[0-8][0-9][2-9][0-9]{6})")
_SIGNS = "Use only digits, spaces and ().-/ characters."
_EXTENSION = re.compile(r"(?ai)^(.*?[0-9)]) *(?:, *)?(?:x|ext\.?|extension|#) *(?:: *)?([0-9]{1,7})\Z")

_EXOTIC_SPACES = (
    "\t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f"
    "\u3000"  # and zero-width ones, which are copied along from web pages and address books:
    "\xad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_PLAIN = str.maketrans(dict.fromkeys(_EXOTIC_SPACES, " ") | dict.fromkeys(_DASHES, "-"))


_BETWEEN = r" ().\-/"
_MARK = r"(?:[xX]|[eE][xX][tT](?:\.|[eE][nN][sS][iI][oO][nN])?|#)"


def _escaped(chars: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in chars)


@functools.cache
def pattern(spaces: str = "trim", extension: str = "refuse", fictional: str = "off") -> str:
    """The numbers that `identity` accepts under these rulings, as one pattern for a JSON Schema."""
    more = spaces == "any"
    signs = _BETWEEN + (_escaped(_EXOTIC_SPACES + _DASHES) if more else "")
    space, between = (f"[ {_escaped(_EXOTIC_SPACES)}]*" if more else " *"), f"[{signs}]*"
    begin, end = between, between
    if spaces == "refuse":
        begin, end = rf"(?:[().\-/]{between})?", rf"(?:{between}[().\-/])?"
    if extension == "drop":
        end = rf"(?:{end}|(?:{between}\))?{space}(?:,{space})?{_MARK}{space}(?::{space})?[0-9]{{1,7}})"
    area = f"[2-9]{between}(?:[02-8]{between}[0-9]|1{between}[02-9])"
    line = f"[2-9](?:{between}[0-9]){{6}}"
    if fictional == "on":
        line = f"{between.join('55501')}(?:{between}[0-9]){{2}}"
    country = rf"(?:\+{between}1{between}|1{between})?"
    return rf"^{begin}{country}{area}{between}{line}{end}$(?!\n)"


Taken = Callable[[str], bool]

EXAMPLE = "(509) 555-1234"
"""The page's example."""
FICTIONAL_EXAMPLE = "(509) 555-0123"


class PhoneProblem(NamedTuple):
    """Why a text isn't a valid phone number."""

    message: str
    hint: str
    source: Source


def identity(text: str) -> str | None:
    """The E.164 number, such as `+15095551234`, or None, by the value `nanp` of the ruling `phone-format`."""
    found = _NANP.fullmatch(text.translate(_SEPARATORS))
    return f"+1{found[1]}" if found else None


def plain(text: str) -> str:
    """The text with ordinary spaces and hyphens instead of other kinds."""
    return text.translate(_PLAIN)


def without_extension(text: str) -> str | None:
    """The number before an extension, or None if there is no extension."""
    found = _EXTENSION.match(text)
    return found[1] if found else None


def is_fictional(phone: str) -> bool:
    """Whether the E.164 number is in 555-0100 to 555-0199, which is reserved for fiction."""
    return phone[5:10] == "55501"


def libphonenumber() -> Callable[[str], str | None]:
    """Like `identity`, but with libphonenumber; loaded only if the ruling is in force."""
    import phonenumbers

    def identify(text: str) -> str | None:
        if not text.isascii():
            return None
        try:
            number = phonenumbers.parse(text, "US")
        except phonenumbers.NumberParseException:
            return None
        valid = number.country_code == 1 and not number.extension and phonenumbers.is_valid_number(number)
        return f"+1{number.national_number}" if valid and identity(text) else None

    return identify


_FORM = ruling("phone-format")


def problem_with(text: str, fits: Taken | None = None) -> PhoneProblem:
    """What is wrong with a text that isn't a phone number, and what to write instead.

    `fits` says whether a number would be accepted; a hint suggests only those.
    """
    taken = fits or (lambda number: identity(number) is not None)
    found = _first_problem(text, taken)
    if text.strip() and not any(map(str.isdigit, text)):  # it can't be a number in any form
        hint = f"Write ten digits, as in {EXAMPLE}."
        return PhoneProblem(f"{_quoted(text)} has no digits.", hint, documented(page.PHONE))
    return found._replace(source=documented(page.PHONE)) if text and not text.strip() else found


def _first_problem(text: str, taken: Taken) -> PhoneProblem:
    for look in (_empty, _spaces, _exotic, _wrapped, _spreadsheet, _several, _extension):
        found = look(text, taken)
        if found:
            return found
    for explain in (_letters, _country, _length, _digits):
        found = explain(text)
        if found:
            return found
    return PhoneProblem(f"{_quoted(text)} isn't a US phone number.", f"Write it as {EXAMPLE}.", _FORM)


def _quoted(text: str) -> str:
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def _empty(text: str, _: Taken) -> PhoneProblem | None:
    if text.strip():
        return None
    return PhoneProblem("It is empty.", f"Write a phone number, as in {EXAMPLE}.", ruling("empty-string"))


def _spaces(text: str, taken: Taken) -> PhoneProblem | None:
    bare = text.strip(" ")
    if bare == text or not identity(bare):
        return None
    hint = f"Write {bare}." if taken(bare) else f"Write it as {EXAMPLE}."
    return PhoneProblem(f"{_quoted(text)} has spaces around it.", hint, ruling("phone-spaces"))


def _exotic(text: str, taken: Taken) -> PhoneProblem | None:
    strange = next((char for char in text if not " " <= char <= "~"), None)
    if strange is None:
        return None
    name = unicodedata.name(strange, "a control character").lower()
    ordinary = unicodedata.normalize("NFKC", plain(text)).strip()
    hint = f"Write {ordinary}." if taken(ordinary) else _SIGNS
    source = ruling("phone-spaces") if plain(strange) != strange else _FORM
    return PhoneProblem(f"It contains U+{ord(strange):04X} ({name}).", hint, source)


def _wrapped(text: str, taken: Taken) -> PhoneProblem | None:
    found = wrapped(text.strip())
    bare = found.inner.strip().removeprefix("//") if found else ""
    if not found or not taken(bare):
        return None
    message = f"{_quoted(text)} has “{found.wrapping}” around the number."
    return PhoneProblem(message, f"Remove “{found.wrapping}”. Write {bare}.", _FORM)


def _spreadsheet(text: str, taken: Taken) -> PhoneProblem | None:
    text = text.strip()
    if re.fullmatch(r"[0-9](?:[.,][0-9]+)?[eE]\+?(?:0?9|10)", text):
        number = str(int(Decimal(text.replace(",", "."))))
        digits = len(re.sub(r"[^0-9]", "", re.split("[eE]", text)[0]))
        lost = "lost its last digits: export it again with the column formatted as text"
        hint = (
            f"Write {number}."
            if taken(number) and digits >= 10
            else f"A spreadsheet shortened it and {lost}."
        )
        return PhoneProblem(
            f"{_quoted(text)} is a number in a spreadsheet's scientific notation.", hint, _FORM
        )
    if re.fullmatch(r"[0-9]{10,11}\.0+", text):
        number = text.partition(".")[0]
        right = f": write {number}." if taken(number) else f"; write the number as {EXAMPLE}."
        return PhoneProblem(
            f"{_quoted(text)} is a decimal number.", f"A spreadsheet added “.0”{right}", _FORM
        )
    return None


def _several(text: str, taken: Taken) -> PhoneProblem | None:
    parts = [part.strip() for part in re.split(r"[,;|]| or | / ", text) if identity(part)]
    if len(parts) < 2:
        return None
    right = next((part for part in parts if taken(part)), EXAMPLE)
    return PhoneProblem(f"{_quoted(text)} is more than one number.", f"Send one: {right}.", _FORM)


def _extension(text: str, taken: Taken) -> PhoneProblem | None:
    number = without_extension(text)
    if number is None:
        return None
    right = number.strip() if taken(number.strip()) else f"ten digits, as in {EXAMPLE}"
    hint = f"Text messages can't reach an extension: write {right}."
    return PhoneProblem(f"{_quoted(text)} has an extension.", hint, ruling("phone-extension"))


def _letters(text: str) -> PhoneProblem | None:
    if not re.search(r"[A-Za-z]", text):
        return None
    return PhoneProblem(f"{_quoted(text)} contains letters.", _SIGNS, _FORM)


def _country(text: str) -> PhoneProblem | None:
    found = re.match(r"[ (]*(?:\+|00(?=[1-9]))[ (]*([0-9]{1,3})", text)
    if not found or found[1].startswith("1") or identity(text.replace("+", "", 1)):
        return None
    return PhoneProblem(f"{_quoted(text)} isn't a US number (+1).", "Send US numbers only.", _FORM)


def _length(text: str) -> PhoneProblem | None:
    digits = re.sub(r"[^0-9]", "", text)
    if len(digits) in (10, 11) and (len(digits) == 10 or digits[0] == "1"):
        return None
    hint = f"Write ten digits, as in {EXAMPLE}."
    if len(digits) == 7:
        hint = f"The area code is missing: write ten digits, as in {EXAMPLE}."
    many = "no digits" if not digits else "1 digit" if len(digits) == 1 else f"{len(digits)} digits"
    return PhoneProblem(f"{_quoted(text)} has {many}; a US number has ten.", hint, _FORM)


def _digits(text: str) -> PhoneProblem | None:
    digits = re.sub(r"[^0-9]", "", text)[-10:]
    area, exchange = digits[:3], digits[3:6]
    if re.search(r"[^0-9+ ().\-/]", text):
        strange = re.sub(r"[0-9+ ().\-/]", "", text)[0]
        return PhoneProblem(
            f"{_quoted(text)} contains a character that isn't allowed: {strange}", _SIGNS, _FORM
        )
    if not re.fullmatch("[2-9](?!11)[0-8][0-9]", area):
        return PhoneProblem(
            f"{area} can't be an area code.",
            "Correct the area code: it begins with 2-9, its middle digit is 0-8, and N11 codes are reserved.",
            _FORM,
        )
    if exchange[0] in "01":
        return PhoneProblem(
            f"{exchange} can't follow an area code.",
            "Correct the seven digits after the area code: they begin with 2-9.",
            _FORM,
        )
    return None
