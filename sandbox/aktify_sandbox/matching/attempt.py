"""A live request, in the form that conditions use."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aktify_sandbox.matching.condition import Texts


class Attempt(NamedTuple):
    """A request whose default answer is known."""

    keys: Texts
    """Its key and those of which it is a namespace; empty without a key."""
    campaign: str
    """Empty if the key is unknown."""
    phone: str | None
    """E.164, if the number is valid."""
    lead: Mapping[str, Any]
    """The body as sent; empty if it couldn't be parsed."""
    headers: list[tuple[bytes, bytes]]
    """Names in lower case."""
    default_status: int
    """The status of its default answer."""
    moment: float
    """Seconds of a monotonic clock."""

    def texts(self, name: str) -> Texts:
        """The values that a condition on that name compares; empty if it is missing."""
        match name:
            case "key":
                return self.keys
            case "campaign":
                return (self.campaign, *parents_of(self.campaign)) if self.campaign else ()
            case "phoneNumber" if self.phone:
                return (self.phone, self.phone[5:])
            case _ if name.startswith("header "):
                wanted = name[7:].encode("latin-1", "replace")
                return tuple(value.decode("latin-1") for found, value in self.headers if found == wanted)
            case _ if name.startswith("metadata."):
                metadata = self.lead.get("metadata")
                return _text(metadata, name[9:]) if isinstance(metadata, dict) else ()
            case _:
                return _text(self.lead, name)


def parents_of(campaign: str) -> Texts:
    """The campaigns of which the name is a namespace: `demo` for `demo.mine`."""
    return tuple(campaign[:place] for place in range(len(campaign)) if campaign[place] == ".")


def _text(values: Mapping[str, Any], name: str) -> Texts:
    value = values.get(name)
    if value is None:
        return ()
    return (value if isinstance(value, str) else str(value),)
