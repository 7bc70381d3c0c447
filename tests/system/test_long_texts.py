"""Long texts cost time in proportion to their length, in the slower engine too."""

import subprocess
import sys

LONG_TEXTS = """
import json
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from aktify_sandbox.contract.validators import ReferenceValidator

for rules in [LeadRules(Rulings.of(profile), "optional", ReferenceValidator) for profile in PROFILES]:
    for start in ("", "5095551234", "5095551234,", "5095551234x", "a@a.", "http://", "2022-11-15T00:00:00."):
        for chars in (" ", "\\n", ")", ") ", "1", "a", "a.", "@", "a:", "-"):
            text = start + chars * 100_000 + "!"
            for name in ("phoneNumber", "zipCode", "email", "externalCreated", "link"):
                lead = {"phoneNumber": "5095551234", "region": "CA", name: text}
                rules.read(json.dumps(lead).encode(), b"application/json", None)
"""


def test_no_text_keeps_the_slower_engine_for_longer_than_its_length() -> None:
    """In quadratic time one of these texts alone would take minutes, and all of them hours."""
    subprocess.run([sys.executable, "-c", LONG_TEXTS], check=True, timeout=300)
