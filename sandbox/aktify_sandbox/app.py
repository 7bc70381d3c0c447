"""The only wiring: two doors, `/_sandbox` (ours) and everything else (the vendor's)."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.control import Services, control_app
from aktify_sandbox.control.keys import restore, salt_in
from aktify_sandbox.endpoint.delivery import Receive, Send
from aktify_sandbox.endpoint.door import VendorDoor
from aktify_sandbox.endpoint.express import Express
from aktify_sandbox.record.feed import Feed
from aktify_sandbox.record.recorder import Exchange, Recorder
from aktify_sandbox.scenarios.forcing import Forcing
from aktify_sandbox.scenarios.shelf import Shelf
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store


class Application:
    """The whole sandbox as one ASGI application."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        origin: str,
        listener: Callable[[Exchange], None],
        stop: Callable[[], None],
        folders: Iterable[Path] = (),
    ) -> None:
        """`origin` is its address as clients see it: `http://127.0.0.1:8509`.

        `folders` are those in which `scenarios/` may lie; none: the current one.

        Raises `RulingMistake`, `NoSuchScenario`, `DocumentMistakes`.
        """
        salt = salt_in(store)
        self.campaigns = campaigns = Campaigns(
            settings.campaigns, settings.profile, settings.rulings, origin, salt
        )
        notices = restore(store, campaigns)
        campaigns.find(campaigns.default_key.encode())  # its rules are compiled before a request needs them
        self.forcing = Forcing(
            campaigns,
            Shelf(*(tuple(folders) or (Path.cwd(),))),
            active=settings.scenarios,
            numbers=settings.magic,
            seed=settings.seed,
        )
        self.warnings = [*notices, *self.forcing.warnings]
        recorder = Recorder(store, campaigns, listener)
        self.express = Express(settings, campaigns, self.forcing, store, recorder)
        self._vendor = VendorDoor(settings, campaigns, self.forcing, store, recorder)
        self.feed = Feed(store)
        self._control = control_app(
            Services(settings, campaigns, self.forcing, store, self.feed, self._vendor, stop)
        )

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Through which door a request goes."""
        path = scope["path"]
        if path.startswith("/_sandbox") and (len(path) == 9 or path[9] == "/"):
            await self._control(scope, receive, send)
        else:
            await self._vendor(scope, receive, send)
