"""Sends the same state for every lead."""

from careful import Careful, Lead, run


class HardCodedState(Careful):
    def body(self, lead: Lead) -> Lead:
        return {**super().body(lead), "region": "CA"}


if __name__ == "__main__":
    run(HardCodedState)
