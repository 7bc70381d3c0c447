"""No timeout: one answer that never comes stops the whole run."""

from careful import Careful, run


class NoTimeout(Careful):
    timeout = None


if __name__ == "__main__":
    run(NoTimeout)
