"""Goes on with the next lead after a 401, although no lead gets in with this key."""

from careful import Careful, Next, run


class GoesOnAfterA401(Careful):
    def decide(self, status: int | None) -> Next:
        return Next.SET_ASIDE if status == 401 else super().decide(status)


if __name__ == "__main__":
    run(GoesOnAfterA401)
