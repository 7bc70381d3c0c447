"""An endpoint made of the contract alone, and what a calibration says of it."""

from collections.abc import Mapping
from types import MappingProxyType

from aktify_sandbox.calibration.answers import Answered
from aktify_sandbox.calibration.judging import differences, judge_rulings
from aktify_sandbox.calibration.numbers import Numbers
from aktify_sandbox.calibration.playing import Played, Player, Send
from aktify_sandbox.calibration.probes import Asked
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract import answers
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.rulings import RULINGS, Rulings
from aktify_sandbox.exchange import Request
from aktify_sandbox.settings import CampaignSetting, KeySetting

ORIGIN = "http://127.0.0.1:8509"
KEY = "test-key"
DEFAULT = Rulings.of()

FREE = {"text-length": ("1000", "255", "40", "49999"), "short-link": ("https://go.example.com/x",)}
"""Values of rulings that take a number or a URL."""
OTHERS = [
    (name, value)
    for name, ruling in RULINGS.items()
    for value in (*ruling.values, *FREE.get(name, ()))
    if value != ruling.default
]
"""Each value of each ruling that isn't the default."""
UNSEEN = ("campaign-link", "fictional-only")


def key_of(asked: Asked, key: str = KEY) -> str | None:
    """The key that a request is sent with."""
    return {"right": key, "none": None, "unknown": "nobody-knows-this-key", "namespace": f"{key}.calibrate"}[
        asked.key
    ]


class PureEndpoint:
    """Decides by rulings and remembers numbers, without a server."""

    def __init__(self, rulings: Mapping[str, str] = MappingProxyType({}), link: str = "optional") -> None:
        self._campaigns = Campaigns(
            [CampaignSetting("demo", link, (KeySetting(KEY),))], "default", rulings, ORIGIN
        )
        self.leads: set[tuple[str, str]] = set()
        self.asked: list[Asked] = []

    def send(self, asked: Asked) -> Answered:
        """The answer to a request."""
        self.asked.append(asked)
        key = key_of(asked)
        headers = [(b"host", b"sandbox"), *((k.encode(), v.encode()) for k, v in asked.headers.items())]
        headers += [(b"x-api-key", key.encode())] if key else []
        request = Request("POST", asked.path, headers, asked.body.encode())
        answer = decide(
            request,
            self._campaigns.rulings,
            self._campaigns.find,
            lambda *lead: lead in self.leads,
        )
        if answer.status == 201 and answer.access and answer.identity:
            self.leads.add((answer.access.campaign, answer.identity))
            return Answered(201, answers.render_created(answer.lead or {}))
        return Answered(answer.status, answers.render(answer, "detailed")[1])


def played(send: Send, start: int = 0) -> Played:
    """A whole run."""
    return Player(send, Numbers(start), lambda _: None).play()


def found(rulings: Mapping[str, str] = MappingProxyType({}), link: str = "optional") -> dict[str, str]:
    """What is printed of an endpoint that rules like this, against the default rulings."""
    return differences(judge_rulings(played(PureEndpoint(rulings, link).send), ORIGIN), DEFAULT)
