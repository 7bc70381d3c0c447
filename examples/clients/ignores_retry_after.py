"""Comes back when its own pause is over, not when it was told to."""

from careful import Careful, run


class IgnoresRetryAfter(Careful):
    def wait(self, tried: int, retry_after: float) -> float:
        return super().wait(tried, 0)


if __name__ == "__main__":
    run(IgnoresRetryAfter)
