"""Sends the key in the address, where every log on the way keeps it."""

import httpx
from careful import Careful, Lead, run


class KeyInTheQuery(Careful):
    def post(self, body: Lead) -> httpx.Response:
        return self.http.post("/api/v1/leads", json=body, params={"x-api-key": self.key})


if __name__ == "__main__":
    run(KeyInTheQuery)
