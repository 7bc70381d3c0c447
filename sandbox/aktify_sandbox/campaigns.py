"""Keys and campaigns: which rules and which duplicates apply to a request.

A key is a namespace: `test-key.anything` has the rules of `test-key`, but separate leads, in `demo.anything`. Keys
added at run time are known only by their salted SHA-256, so that no key is ever written to disk.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aktify_sandbox.contract.answers import Access
from aktify_sandbox.contract.keys import KeyMistake, why_unknown
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.errors import CampaignError, RulingError
from aktify_sandbox.originals import secrets
from aktify_sandbox.redaction import FRESH_KEY, Redaction, is_telling, masked_key
from aktify_sandbox.settings import BUILT_IN_KEYS, WELL_KNOWN_KEYS, CampaignSetting, Settings, first_key

MAX_KEY = 200
_MAX_NAME = 64
NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{_MAX_NAME}}}")
_REMEMBERED = 100_000
_REDACTIONS = 1_000
_FRESH_KEY_SHOWN = re.compile("key…[0-9a-f]{3}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown."""

    shown: str
    campaign: str
    revoked: bool = False
    source: str = "configuration"
    """The key's origin: configuration, built in, or added at run time."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign: its kind and its rules."""

    name: str
    link: str = "optional"
    profile: str | None = None
    rulings: Mapping[str, str] = field(default_factory=dict)
    scenarios: tuple[str, ...] | None = None
    """Names of the scenarios that are active in this campaign instead of the general ones; None: the general ones."""
    error_bodies: str | None = None
    """The format of its 4xx bodies. None, also for the next field: that of the whole sandbox."""
    shuffle: bool | None = None
    added: bool = False


class Campaigns:
    """Which keys may post, and into which campaign."""

    def __init__(
        self,
        configured: Iterable[CampaignSetting],
        profile: str,
        rulings: Mapping[str, str],
        origin: str,
        salt: str = "",
    ) -> None:
        """`profile` and `rulings` apply where a campaign doesn't set its own; `origin` is the sandbox's own address.

        `salt` goes into the digests of keys.

        Raises `RulingError`.
        """
        self.rulings = Rulings.of(profile, rulings)
        self.origin = origin
        self._configured = tuple(configured)
        self._salts = tuple(dict.fromkeys((salt, "")))  # folders of earlier versions have no salt
        self._profile = profile
        self._changes = rulings
        self._campaigns: dict[str, Campaign] = {}
        self._keys: dict[str, Key] = {}
        self._found: dict[bytes, Access] = {}
        self._reasons: dict[bytes, KeyMistake] = {}
        """Why keys are unknown, for keys that are sent again and again."""
        self._spelled: dict[tuple[str, str], bytes] = {}
        self._redactions: dict[tuple[str, ...], Redaction] = {}
        self._secrets: set[str] = set()
        self.secrets_seen = 0
        """Counts the changes to the set of secrets."""
        self._has_fresh = False
        self._rules = functools.cache(LeadRules)
        for setting in self._configured:
            self._configure(setting)
        for key in BUILT_IN_KEYS:
            known = Key(key.key, next(iter(self._campaigns)), key.revoked, "built in")
            self._keys.setdefault(self.digest_of(key.key), known)

    def _configure(self, setting: CampaignSetting) -> None:
        campaign = Campaign(setting.name, setting.link, setting.profile, setting.rulings, setting.scenarios)
        self.check(campaign)
        self.put(campaign)
        for key in setting.keys:
            self._keep_secret(key.key)
            shown = key.name or masked_key(key.key)
            self._keys[self.digest_of(key.key)] = Key(shown, setting.name, key.revoked)

    # called for every request

    def find(self, raw: bytes) -> Access | None:
        """What the key opens, or None for an unknown one."""
        return self._found.get(raw) or self._look_up(raw)

    def _look_up(self, raw: bytes) -> Access | None:
        if raw in self._reasons:
            return None
        text = raw.decode("latin-1")
        access = self._open(text)
        if access:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
                self._spelled.clear()
            self._found[raw] = access
            self._spelled[access.key, access.campaign] = raw
        return access

    def why_unknown(self, raw: bytes) -> KeyMistake:
        """Why a key opens nothing."""
        reason = self._reasons.get(raw)
        if reason is None:
            reason = why_unknown(raw, self.find)
            if len(self._reasons) >= _REMEMBERED:
                self._reasons.clear()
            self._reasons[raw] = reason
        return reason

    def _forget_found(self) -> None:
        self._found.clear()
        self._reasons.clear()

    def answers(self) -> dict[str, tuple[str, int]]:
        """The configured keys that force an answer: the key as shown, and the status."""
        keys = (key for setting in self._configured for key in setting.keys)
        return {
            key.key: (self._keys[self.digest_of(key.key)].shown, key.answer)
            for key in keys
            if key.answer is not None
        }

    def digest_of(self, key: str) -> str:
        """The digest by which the key is known, or would be."""
        digests = [digest(key, salt) for salt in self._salts]
        return next((each for each in digests if each in self._keys), digests[0])

    def _known(self, key: str) -> Key | None:
        return self._keys.get(self.digest_of(key))

    def _keep_secret(self, key: str) -> None:
        if FRESH_KEY.fullmatch(key):
            self._expect_fresh()
        elif key not in self._secrets and is_secret(key):
            self._secrets.add(key)
            self._seek_anew()

    def _expect_fresh(self) -> None:
        if not self._has_fresh:
            self._has_fresh = True
            self._seek_anew()

    def _seek_anew(self) -> None:
        self.secrets_seen += 1
        self._redactions.clear()

    def redaction(self, others: tuple[str, ...] = ()) -> Redaction:
        """Masks all keys that are known in full, and `others`. Safe to call from another thread."""
        found = self._redactions.get(others)
        if found is None:
            seen = self.secrets_seen
            if len(self._redactions) >= _REDACTIONS:
                self._redactions.clear()
            found = (
                Redaction(others, self.redaction())
                if others
                else Redaction(tuple(self._secrets), fresh=self._has_fresh)
            )
            if seen == self.secrets_seen:  # otherwise a key was added meanwhile
                self._redactions[others] = found
        return found

    def full_key(self, shown: str, campaign: str | None) -> bytes | None:
        """The full key that is shown like this and opens the campaign; None when only its digest is known."""
        raw = self._spelled.get((shown, campaign or ""))
        if raw is not None:
            return raw
        for key in (*(key for setting in self._configured for key in setting.keys), *BUILT_IN_KEYS):
            access = self.find(key.key.encode())
            inner = f"{key.key}{shown.removeprefix(access.key)}".encode() if access else b""
            found = self.find(inner) if access and shown.startswith(access.key) else None
            if found and (found.key, found.campaign) == (shown, campaign):
                return inner
        return None

    def well_known_key(self, shown: str | None, campaign: str | None) -> str | None:
        """That key, if it isn't secret: one that every sandbox has, or a namespace of one."""
        raw = self.full_key(shown, campaign) if shown else None
        text = raw.decode("latin-1") if raw else ""
        opened = next((key for key in (text, *(base for base, _ in _splits(text))) if self._known(key)), "")
        if opened not in WELL_KNOWN_KEYS:
            return None
        key = self._keys[self.digest_of(opened)]
        alike = [
            each for each in self._keys.values() if (each.shown, each.campaign) == (key.shown, key.campaign)
        ]
        return text if len(alike) == 1 else None

    def _open(self, text: str) -> Access | None:
        if len(text) > MAX_KEY + 1 + _MAX_NAME:
            return None
        key = self._known(text)
        if key:
            self._keep_secret(text)
            return self._access(key, key.campaign, key.shown, (text,))
        for base, name in _splits(text):
            key = self._known(base)
            if key and self.rules_of(key.campaign).rulings["key-namespaces"] == "on":
                if self.redaction().finds(name):  # names appear in messages
                    return None
                self._keep_secret(base)
                inner = (text[:place] for place in range(len(base), len(text)) if text[place] == ".")
                return self._access(key, f"{key.campaign}.{name}", f"{key.shown}.{name}", (text, *inner))
        return None

    def _access(self, key: Key, campaign: str, shown: str, keys: tuple[str, ...]) -> Access:
        rules = self.rules_of(key.campaign)
        short = rules.rulings["short-link"]
        own = self.campaign(key.campaign)
        return Access(
            campaign,
            shown,
            key.revoked,
            rules,
            f"{self.origin}/s" if short == "sandbox" else short.rstrip("/"),
            keys,
            own.error_bodies if own else None,
            own.shuffle if own else None,
        )

    # rules and rulings

    def rules_of(self, campaign: str) -> LeadRules:
        """The rules of a campaign: for a namespace those of its parent, for an unknown campaign the general ones."""
        found = self.campaign(campaign)
        if found is None:
            return self._rules(self.rulings)
        return self._rules(self.rulings_of(found), found.link)

    def rulings_of(self, campaign: Campaign) -> Rulings:
        """The rulings in force for the campaign. Raises `RulingError`."""
        if self.rulings["fictional-only"] == "on" and campaign.rulings.get("fictional-only", "on") != "on":
            raise RulingError(
                "fictional-only",
                f"The campaign {campaign.name} can't switch fictional-only off: it is on for the whole sandbox.",
                "Remove the ruling from the campaign, or start without --fictional-only.",
            )
        return Rulings.of(campaign.profile or self._profile, {**self._changes, **campaign.rulings})

    def rules_for(self, changes: Mapping[str, str], link: str) -> LeadRules:
        """The rules for these differences from the default rulings, as an entry records them."""
        return self._rules(Rulings.of("default", changes), link)

    def campaign(self, name: str) -> Campaign | None:
        """The campaign of that name, or the parent of that namespace."""
        if name in self._campaigns:
            return self._campaigns[name]
        return next((self._campaigns[base] for base, _ in _splits(name) if base in self._campaigns), None)

    def campaigns(self) -> list[Campaign]:
        """All campaigns, configured and added."""
        return list(self._campaigns.values())

    def keys(self) -> dict[str, Key]:
        """All keys by their digests."""
        return dict(self._keys)

    @property
    def default_key(self) -> str | None:
        """A configured key that works now, if any does; one that forces no answer, if there is one."""
        return first_key(
            replace(setting, keys=tuple(key for key in setting.keys if self._works(key.key)))
            for setting in self._configured
        )

    def _works(self, key: str) -> bool:
        known = self._known(key)
        return known is not None and not known.revoked

    # changes at run time

    def check(self, campaign: Campaign) -> None:
        """Compile a campaign's rules, so that mistakes are found before it is added. Raises `RulingError`."""
        self._rules(self.rulings_of(campaign), campaign.link)

    def put(self, campaign: Campaign) -> None:
        """Add a campaign that was checked."""
        self._campaigns[campaign.name] = campaign

    def put_key(self, digested: str, key: Key) -> None:
        """Add or change a key, known by its digest."""
        self._keys[digested] = key
        self._forget_found()

    def restore_key(self, digested: str, key: Key) -> None:
        """Add a key from an earlier run, whose digest may have a different salt or none."""
        if _FRESH_KEY_SHOWN.fullmatch(key.shown):
            self._expect_fresh()
        salt = digested.rpartition("$")[0]
        if salt != self._salts[0]:
            digested = self._digests_of_configured(salt).get(digested, digested)
        known = self._keys.get(digested)
        self.put_key(digested, replace(key, source=known.source) if known else key)

    def _digests_of_configured(self, salt: str) -> dict[str, str]:
        keys = [key.key for setting in self._configured for key in setting.keys]
        return {
            digest(key, salt): self.digest_of(key) for key in (*keys, *(key.key for key in BUILT_IN_KEYS))
        }

    def remove(self, name: str) -> None:
        """Remove a campaign and its keys."""
        self._campaigns.pop(name, None)
        self._keys = {digested: key for digested, key in self._keys.items() if key.campaign != name}
        self._forget_found()

    def as_configured(self, salt: str) -> "Campaigns":
        """A copy with only what was configured, without later additions and revocations."""
        return Campaigns(self._configured, self._profile, self._changes, self.origin, salt)

    def replace_with(self, other: "Campaigns") -> None:
        """Replace all campaigns and keys with those of `other`."""
        self._campaigns, self._keys, self._salts = other._campaigns, other._keys, other._salts
        if other._has_fresh:
            self._expect_fresh()
        self._forget_found()

    def key_named(self, text: str) -> tuple[str, Key]:
        """Find a key by its text, name or masked form. Returns its digest and the key. Raises `CampaignError`."""
        by_itself = self._known(text)
        if by_itself:
            return self.digest_of(text), by_itself
        named = [(digested, key) for digested, key in self._keys.items() if key.shown == text]
        if len(named) == 1:
            return named[0]
        raise CampaignError(
            f"{len(named):,} keys are shown as {text}: use the whole key."
            if named
            else f"Unknown key {masked_key(text)}. Fix: choose one of `aktify-sandbox keys list`."
        )


def digest(key: str, salt: str) -> str:
    """The stored form of a key: the salt, followed by the SHA-256 of salt and key."""
    hashed = hashlib.sha256(f"{salt}{key}".encode("utf-8", "surrogateescape")).hexdigest()
    return f"{salt}${hashed}" if salt else hashed


def salt_for(digests: Iterable[str]) -> str:
    """The salt of these digests; a new one if none of them is salted."""
    salts = (digested.rpartition("$")[0] for digested in digests)
    return next((salt for salt in salts if salt), None) or secrets.token_hex(16)


def fresh_key() -> str:
    """A new, unused key."""
    return f"key-{secrets.token_hex(8)}"


def is_secret(key: str) -> bool:
    """Whether the key is a secret to search texts for: it isn't public, and it is long and distinctive enough."""
    return is_telling(key) and key.partition(".")[0] not in WELL_KNOWN_KEYS and not FRESH_KEY.fullmatch(key)


def fresh_name() -> str:
    """A new, unused campaign name."""
    return f"campaign-{secrets.token_hex(4)}"


def secrets_in(settings: Settings) -> frozenset[str]:
    """The configured keys that are secret."""
    keys = (key.key for campaign in settings.campaigns for key in campaign.keys)
    return frozenset(key for key in keys if is_secret(key))


def row_of(thing: Campaign | Key) -> dict[str, Any]:
    """A campaign or key as a document to store."""
    names = (
        ("name", "link", "profile", "rulings", "scenarios", "error_bodies", "shuffle")
        if isinstance(thing, Campaign)
        else ("shown", "campaign", "revoked")
    )
    return {name: getattr(thing, name) for name in names}


def _splits(text: str) -> Iterator[tuple[str, str]]:
    """Every split of a key at a dot into base and namespace, the shortest name first."""
    for place in range(len(text) - 2, max(0, len(text) - _MAX_NAME - 2), -1):
        if text[place] == "." and NAME.fullmatch(text, place + 1):
            yield text[:place], text[place + 1 :]
