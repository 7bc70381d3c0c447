"""Sends a lead again while the first request is still under way, as an impatient form or a second worker does."""

from concurrent.futures import ThreadPoolExecutor, as_completed, wait

from careful import Careful, Lead, run


class PostsTwiceInParallel(Careful):
    patience = 0.8

    def attempt(self, lead: Lead) -> tuple[int | None, float]:
        with ThreadPoolExecutor(2) as workers:
            posts = [workers.submit(super().attempt, lead)]
            if not wait(posts, self.patience).done:
                posts.append(workers.submit(super().attempt, lead))
            return next(as_completed(posts)).result()


if __name__ == "__main__":
    run(PostsTwiceInParallel)
