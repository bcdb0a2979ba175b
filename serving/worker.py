"""One thread in which answers are computed, so that probes are answered meanwhile."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from serving.problem import Problem

T = TypeVar("T")


class Worker:
    """Runs one computation at a time and refuses when too many wait."""

    def __init__(self, *, most_waiting: int = 128) -> None:
        """Make the thread.

        Args:
            most_waiting: Computations that may wait or run at once, at least 1.
        """
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers")
        self._most_waiting = most_waiting
        self._waiting = 0
        self._lock = threading.Lock()

    async def run(self, compute: Callable[[], T]) -> T:
        """The result of ``compute``.

        Raises:
            Problem: 503 ``overloaded`` if too many computations wait.
        """
        self._take_a_place()
        future = self._thread.submit(compute)
        # Given back when it is done, not when its caller stops waiting: an abandoned computation still runs.
        future.add_done_callback(self._give_back)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Stop taking work; what runs is finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _take_a_place(self) -> None:
        with self._lock:
            if self._waiting < self._most_waiting:
                self._waiting += 1
                return
        raise Problem(
            503,
            "overloaded",
            "Too many requests at once",
            detail=f"{self._most_waiting} requests wait for an answer.",
            advice="Send the request again after a second.",
            headers={"Retry-After": "1"},
        )

    def _give_back(self, _: "Future[T]") -> None:
        with self._lock:
            self._waiting -= 1
