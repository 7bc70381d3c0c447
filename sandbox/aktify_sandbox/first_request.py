"""The first request: the curl line to paste, and the rules that apply to its lead."""

import json

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.contract.examples import example
from aktify_sandbox.contract.lead import LeadRules


def line_to_paste(campaigns: Campaigns, key: str | None) -> str | None:
    """A `curl` line whose lead the rulings accept; None if there is none.

    A secret key (None) is read from the environment.
    """
    lead = example(rules_of_default_key(campaigns))
    if lead is None:
        return None
    shown = f"'x-api-key: {key}'" if key else '"x-api-key: $AKTIFY_API_KEY"'
    body = json.dumps(lead)
    return f"curl -i {campaigns.origin}{ENDPOINT} -H {shown} -H 'content-type: application/json' -d '{body}'"


def rules_of_default_key(campaigns: Campaigns) -> LeadRules:
    """The rules of the campaign of `Campaigns.default_key`."""
    access = campaigns.find((campaigns.default_key or "").encode())
    return access.rules if access else campaigns.rules_of("")
