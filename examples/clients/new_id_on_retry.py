"""Makes up an externalLeadId for each try instead of each lead."""

from uuid import uuid4

from careful import Careful, Lead, run


class NewIdOnRetry(Careful):
    def body(self, lead: Lead) -> Lead:
        return {**super().body(lead), "externalLeadId": str(uuid4())}


if __name__ == "__main__":
    run(NewIdOnRetry)
