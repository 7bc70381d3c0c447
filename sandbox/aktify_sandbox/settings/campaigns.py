"""Campaigns and their keys, as they are configured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeySetting:
    """A key of a campaign. `name` is how it is shown; without one it is shown masked."""

    key: str
    name: str | None = None
    revoked: bool = False
    answer: int | None = None
    """The status that it forces; None: nothing is forced."""

    @property
    def is_ordinary(self) -> bool:
        """Whether its leads get what they deserve."""
        return not self.revoked and self.answer in (None, 201)


@dataclass(frozen=True, slots=True)
class CampaignSetting:
    """A campaign: its kind, its keys and its rulings."""

    name: str
    link: str = "optional"
    keys: tuple[KeySetting, ...] = ()
    profile: str | None = None
    rulings: Mapping[str, str] = field(default_factory=dict)
    scenarios: tuple[str, ...] | None = None
    """The scenarios that are active only in it, instead of the general ones; None: the general ones."""


BUILT_IN_KEYS = (
    KeySetting("test-401", revoked=True),
    *(KeySetting(key) for key in ("test-400", "test-409", "test-429", "test-500", "test-slow")),
)
"""Keys that force an answer, in the first campaign; `scenarios/built-in/keys.yaml` says what they force."""

DEFAULT_CAMPAIGNS = (CampaignSetting("demo", keys=(KeySetting("test-key"),)),)
"""The default without a configuration file, the same as in `fixtures/campaigns.yaml`."""

WELL_KNOWN_KEYS = frozenset(key.key for key in (*BUILT_IN_KEYS, *DEFAULT_CAMPAIGNS[0].keys))
"""Keys that are no secret: everybody's sandbox has them."""


def first_key(campaigns: Iterable[CampaignSetting]) -> str | None:
    """A key that works, if any does; one that forces no answer, if there is one."""
    valid = [key for campaign in campaigns for key in campaign.keys if not key.revoked]
    return next((key.key for key in sorted(valid, key=lambda key: not key.is_ordinary)), None)
