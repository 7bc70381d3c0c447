"""Gives a lead up at the first 5xx, and goes on with the next one."""

from careful import Careful, Next, run


class GivesUpAfterOne503(Careful):
    def decide(self, status: int | None) -> Next:
        return Next.SET_ASIDE if status is not None and status >= 500 else super().decide(status)


if __name__ == "__main__":
    run(GivesUpAfterOne503)
