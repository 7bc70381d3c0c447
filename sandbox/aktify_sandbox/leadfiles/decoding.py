"""Which encoding a file is in.

A rule of our own, because the general guessers do worse on these files: charset-normalizer 3.4 read 11 of 21 small
tables in Windows-1252 as something else (cp775, Big5, HP Roman-8). Exports come in three encodings, which tell
themselves apart: UTF-8 proves itself, UTF-16 has a byte order mark or a zero in every second byte, and the rest is what
Excel calls CSV in the US.
"""

import codecs
from typing import NamedTuple

from aktify_sandbox.errors import LeadFileError

WINDOWS_1252 = "Windows-1252"

COMMON_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": WINDOWS_1252,
    "latin-1": "Latin-1",
    "mac-roman": "Mac Roman",
}
"""Those that exports come in, as Python and as people call them; any other of Python's can be named too."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_OTHER_FORMATS = (
    (b"PK\x03\x04", "a workbook (.xlsx, .ods, .numbers) or another ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"SQLite format 3", "a database"),
)


class Encoding(NamedTuple):
    """An encoding by two names."""

    codec: str
    """As Python calls it."""
    label: str
    """As people call it."""


def encoding_of(content: bytes, chosen: str | None = None) -> Encoding:
    """The encoding that all of `content` is in; `chosen` is the user's word for it.

    Raises `LeadFileError` when the content isn't text, or isn't text in the chosen encoding.
    """
    for start, what in _OTHER_FORMATS:
        if content.startswith(start):
            raise LeadFileError(f"The file is {what}, not a text table.", "export it as CSV (UTF-8).")
    found = _named(chosen, content) if chosen else _guessed(content)
    try:
        # piece by piece, as it is read later: UTF-16 without a byte order mark is decoded only as a whole
        codecs.getincrementaldecoder(found.codec)().decode(content, final=True)
    except UnicodeError as error:
        raise _undecodable(content, found, error) from None
    return found


def _named(name: str, content: bytes) -> Encoding:
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)
    except (LookupError, UnicodeError):
        known = "utf-8, utf-16, cp1252, latin-1, mac-roman"
        raise LeadFileError(f"Unknown encoding “{name}”.", f"choose one, such as {known}.") from None
    if codec == "utf-16" and (guessed := _guessed(content)).label == "UTF-16":  # which of its two orders
        return guessed
    label = {"cp1252": WINDOWS_1252, "utf-8": "UTF-8", "utf-16": "UTF-16"}.get(codec, codec)
    return Encoding({"utf-8": "utf-8-sig"}.get(codec, codec), label)


def _guessed(content: bytes) -> Encoding:
    for mark, codec, label in _MARKS:
        if content.startswith(mark):
            return Encoding(codec, label)
    start = content[:4096]
    for first, codec in ((0, "utf-16-be"), (1, "utf-16-le")):
        zeros = start[first::2].count(0)
        if len(start) >= 4 and zeros > len(start) // 4 and start[1 - first :: 2].count(0) < zeros // 8 + 1:
            return Encoding(codec, "UTF-16")
    try:
        content.decode()
    except UnicodeDecodeError:
        return Encoding("cp1252", WINDOWS_1252)
    return Encoding("utf-8", "UTF-8")


def _undecodable(content: bytes, encoding: Encoding, error: UnicodeError) -> LeadFileError:
    fix = "save the file as CSV UTF-8, or name its encoding with --encoding."
    if not isinstance(error, UnicodeDecodeError):
        return LeadFileError(f"The file isn't text in {encoding.label}.", fix)
    line = content.count(b"\n", 0, error.start) + 1
    byte = f"byte 0x{content[error.start]:02X}"
    return LeadFileError(f"The file isn't text in {encoding.label}: {byte}.", fix, line)
