"""Sends fields under their names in the legacy API."""

from careful import Careful, Lead, run


class LegacyNames(Careful):
    def body(self, lead: Lead) -> Lead:
        legacy = {"firstName": "first_name", "lastName": "last_name", "externalLeadId": "ext_lead_id"}
        return {legacy.get(name, name): value for name, value in super().body(lead).items()}


if __name__ == "__main__":
    run(LegacyNames)
