"""A value for each word of conditions and each filter that takes not just any text."""

from aktify_sandbox.matching.words import WORDS, Kind

VALUES = {
    "status": "409",
    "after": "r000000001",
    "since": "10m",
    "ruling": "email",
    "reason": "duplicate",
    "phone": "(509) 555-1234",
    **{name: "yes" for name, word in WORDS.items() if word.kind is Kind.YES_OR_NO},
}
