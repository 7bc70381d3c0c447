"""The parts of a sandbox that the handlers of the admin API use."""

from collections.abc import Callable
from dataclasses import dataclass

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.endpoint import Endpoint
from aktify_sandbox.history.stream import Stream
from aktify_sandbox.jobs import Jobs
from aktify_sandbox.scenarios.engine import ForcingEngine
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store


@dataclass(frozen=True, slots=True)
class Components:
    """The components of a running sandbox."""

    settings: Settings
    campaigns: Campaigns
    forcing: ForcingEngine
    store: Store
    stream: Stream
    endpoint: Endpoint
    jobs: Jobs
    stop: Callable[[], None] | None
    """None: another server runs the application."""
