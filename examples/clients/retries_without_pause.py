"""Sends a lead again at once."""

from careful import Careful, run


class RetriesWithoutPause(Careful):
    def wait(self, tried: int, retry_after: float) -> float:
        return retry_after


if __name__ == "__main__":
    run(RetriesWithoutPause)
