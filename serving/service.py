"""The BentoML service: one process, no runners, no dependent services, no model store."""

import warnings
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from data.settings import Settings
from data.telemetry import switch_off

# This module is the edge: BentoML imports it in each of its processes.
switch_off()

with warnings.catch_warnings():
    # BentoML's own import uses a name that pathspec deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from bentoml import asgi_app, on_shutdown, service

TIMEOUT_SECONDS: Final = 10
"""BentoML keeps a timer for this long per request, so it is short; the application's own deadline is shorter."""


class Door:
    """What is mounted when the module is imported; the application behind it comes with the service.

    It is no Starlette application on purpose: BentoML then hands it every path it has no route of its own for,
    so that an unknown path gets this service's answer.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    def lead_to(self, app: ASGIApp) -> None:
        """Hand all requests to ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if self._app is None:
            raise RuntimeError("the service takes requests before it was made; BentoML makes it first")
        await self._app(scope, receive, send)


DOOR: Final = Door()


@asgi_app(DOOR, path="/")
@service(
    name="o2c_risk",
    workers=1,
    traffic={"timeout": TIMEOUT_SECONDS},
    # Each of these costs more than an answer does; /metrics counts requests all the same.
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
class O2CRisk:
    """Scores and limits from the release in force and the online store."""

    def __init__(self) -> None:
        # Here, because BentoML's supervisor imports this module too and needs neither LightGBM nor the features.
        from serving.assembly import Assembly

        self._assembly = Assembly(Settings())
        DOOR.lead_to(self._assembly.app)

    def __is_ready__(self) -> bool:
        """Whether there is a release to answer with."""
        return self._assembly.ready

    @on_shutdown  # type: ignore[untyped-decorator]  # BentoML publishes no types for it
    def close(self) -> None:
        """Stop what the service began."""
        self._assembly.close()
