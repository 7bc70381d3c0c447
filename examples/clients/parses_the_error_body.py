"""Reads the body of an error, which isn't in the contract."""

import httpx
from careful import Careful, Lead, log, run


class ParsesTheErrorBody(Careful):
    def post(self, body: Lead) -> httpx.Response:
        answer = super().post(body)
        if answer.is_error:
            log(answer.json()["message"])
        return answer


if __name__ == "__main__":
    run(ParsesTheErrorBody)
