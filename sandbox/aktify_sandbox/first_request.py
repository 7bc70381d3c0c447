"""The first request: the curl line to paste, and the rules that apply to its lead."""

import json

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.contract.examples import example
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.settings import Settings, first_key


def line_to_paste(settings: Settings, campaigns: Campaigns, key: str | None) -> str | None:
    """A `curl` line whose lead the rulings accept; None if there is none.

    A secret key (None) is read from the environment.
    """
    lead = example(rules_of_first_key(settings, campaigns))
    if lead is None:
        return None
    shown = f"'x-api-key: {key}'" if key else '"x-api-key: $AKTIFY_API_KEY"'
    body = json.dumps(lead)
    return f"curl -i {campaigns.origin}{ENDPOINT} -H {shown} -H 'content-type: application/json' -d '{body}'"


def rules_of_first_key(settings: Settings, campaigns: Campaigns) -> LeadRules:
    """The rules of the first valid key's campaign."""
    access = campaigns.find((first_key(settings.campaigns) or "").encode())
    return access.rules if access else campaigns.rules_of("")
