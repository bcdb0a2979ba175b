"""A thread that takes up a release once it is in force."""

import gc
import logging
import threading
from collections.abc import Callable
from typing import Final

from serving.release import Live

LOGGER: Final = logging.getLogger(__name__)
POLL_SECONDS: Final = 5.0


class Watch:
    """Looks for a release at once, then every few seconds, until it is stopped."""

    def __init__(
        self, live: Live, *, poll_seconds: float = POLL_SECONDS, taken_up: Callable[[], None] | None = None
    ) -> None:
        """Name what to watch.

        Args:
            live: The release in use.
            poll_seconds: Time between two looks.
            taken_up: Called after a release was taken up.
        """
        self._live = live
        self._taken_up = taken_up
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="release-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; a load under way is finished first, for at most a poll."""
        self._stop.set()
        self._thread.join(self._poll_seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._live.refresh() and self._taken_up:
                self._taken_up()
            self._stop.wait(self._poll_seconds)


def settle_memory() -> None:
    """Leave what was loaded out of every later garbage collection, and collect more rarely.

    Measured with BentoML: the pauses of the collector made the slowest hundredth of the answers ten times slower.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 1_000)


def unsettle_memory() -> None:
    """Give everything back to the collector, so that libraries can clear up at the end of the process."""
    gc.unfreeze()
