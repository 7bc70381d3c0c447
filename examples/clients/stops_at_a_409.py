"""Takes a 409 for an error, although the lead is in, and stops."""

from careful import Careful, Next, run


class StopsAtA409(Careful):
    def decide(self, status: int | None) -> Next:
        return Next.STOP if status == 409 else super().decide(status)


if __name__ == "__main__":
    run(StopsAtA409)
