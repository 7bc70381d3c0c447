"""Sends a refused lead (400) again, although it stays refused until somebody corrects it."""

import time

from careful import Careful, Lead, Next, run


class RetriesA4xx(Careful):
    def send(self, lead: Lead) -> Next:
        for _ in range(3):
            outcome = super().send(lead)
            if outcome is not Next.SET_ASIDE:
                return outcome
            time.sleep(self.pause)
        return Next.SET_ASIDE


if __name__ == "__main__":
    run(RetriesA4xx)
