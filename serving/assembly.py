"""The service put together from its settings: the one place that knows every part of it."""

from datetime import UTC, date, datetime

from starlette.types import ASGIApp

from data.settings import Settings
from serving.app import application
from serving.desk import Desk
from serving.release import Live, source_of
from serving.watch import Watch, settle_memory, unsettle_memory
from serving.worker import Worker


class Assembly:
    """All parts of one running service.

    Attributes:
        app: The application, which answers from the first moment on.
    """

    def __init__(self, settings: Settings) -> None:
        """Put the parts together and begin to look for a release."""
        self._live = Live(source_of(settings.releases, settings.store, verify_key=settings.verify_key))
        self._worker = Worker()
        self._watch = Watch(self._live, taken_up=settle_memory)
        desk = Desk(self._live, business_date, settings.stale_after_days)
        self.app: ASGIApp = application(desk, worker=self._worker)
        self._watch.start()

    @property
    def ready(self) -> bool:
        """Whether there is a release to answer with."""
        return self._live.ready

    def close(self) -> None:
        """Stop looking for releases and computing answers."""
        self._watch.stop()
        self._worker.close()
        unsettle_memory()


def business_date() -> date:
    """Today, by the clock of the edge."""
    return datetime.now(UTC).date()
