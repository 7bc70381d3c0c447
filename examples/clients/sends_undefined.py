"""Sends the word undefined where a lead has no value."""

from careful import Careful, Lead, run


class SendsUndefined(Careful):
    def body(self, lead: Lead) -> Lead:
        return {name: value or "undefined" for name, value in lead.items()}


if __name__ == "__main__":
    run(SendsUndefined)
