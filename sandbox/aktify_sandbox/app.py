"""The only wiring: two doors, `/_sandbox` (ours) and everything else (the vendor's)."""

from collections.abc import Callable
from typing import Any

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.control import Services, control_app
from aktify_sandbox.control.keys import restore
from aktify_sandbox.endpoint import Receive, Send, VendorDoor
from aktify_sandbox.recorder import Exchange, Recorder
from aktify_sandbox.settings import Settings
from aktify_sandbox.store import Store

Application = Callable[[dict[str, Any], Receive, Send], Any]


def application(
    settings: Settings,
    store: Store,
    origin: str,
    listener: Callable[[Exchange], None],
    stop: Callable[[], None],
) -> Application:
    """The whole sandbox as one ASGI application. `origin` is its address as clients see it: `http://127.0.0.1:8509`."""
    campaigns = Campaigns(settings.campaigns, settings.profile, settings.rulings, origin)
    restore(store, campaigns)
    campaigns.find(
        campaigns.default_key.encode()
    )  # its rules are compiled before the first request needs them
    vendor = VendorDoor(settings, campaigns, store, Recorder(store, campaigns.rulings, listener))
    control = control_app(Services(settings, campaigns, store, stop))

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith("/_sandbox") and (len(path) == 9 or path[9] == "/"):
            await control(scope, receive, send)
        else:
            await vendor(scope, receive, send)

    return app
