"""Sends a lead again for as long as there is trouble, and tells nobody."""

from careful import Careful, run


class RetriesWithoutEnd(Careful):
    tries = 1_000_000
    longest_pause = 0.25


if __name__ == "__main__":
    run(RetriesWithoutEnd)
