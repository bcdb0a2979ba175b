"""Growing trees on a Dask cluster: LightGBM's data-parallel training, one stretch of the cases on each worker.

On one worker the trees are those that this process would grow, bit for bit. On several they are other trees of equal
worth: each worker draws its own sample of its cases, cuts the values of its share of the features by what it holds of
them, and the sums of all workers are added in another order. With as many workers, equal cases give equal texts.

That is why LightGBM's own estimators for Dask are not used here: they leave it to the scheduler which worker gets which
part, and two trainings of the same cases then differ (tried: two different models in six runs). What they do is done
here with each part sent to a worker by name.

LightGBM's workers talk to each other by ports of their own at the addresses by which the cluster knows them. While
several of them train, LightGBM has those ports open on every network interface of their machines: put a cluster where
nobody else can reach it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlparse

import numpy as np

from training.fitting.fit import Sample

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS: Final = 20
# Ports and addresses of one run, which LightGBM writes into a model: they say nothing about it, and it has defaults.
RUN: Final[Mapping[str, str]] = {"machines": "", "local_listen_port": "12400", "time_out": "120"}


class DaskMissingError(RuntimeError):
    """Training by Dask was asked for, and it is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "The engine dask needs dask.distributed, which is not installed: pip install 'o2c-risk[dask]', "
            "or train with --engine local."
        )


class NoClusterError(ConnectionError):
    """The scheduler does not answer, or has no workers."""

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(
            f"The Dask scheduler at {address} {problem}: start it and its workers, correct "
            "O2C_RISK_DASK_SCHEDULER, or unset it to use this machine's cores."
        )
        self.address = address


class OnDask:
    """Trees grown by the workers of a Dask cluster.

    Attributes:
        workers: How many take part.
    """

    def __init__(self, client: "Client") -> None:
        """Take all workers that the scheduler knows now.

        Args:
            client: Connected to it.
        """
        self._client = client
        found = client.scheduler_info(n_workers=-1)["workers"]
        # By name, not by address: ports differ from run to run, and the order decides which cases a worker gets.
        self._addresses = [address for address, _ in sorted(found.items(), key=lambda item: str(item[1]["name"]))]

    @property
    def workers(self) -> int:
        """How many take part."""
        return len(self._addresses)

    @property
    def told(self) -> Mapping[str, int | str]:
        """What makes two trainings differ: into how many parts the cases were divided."""
        return {} if self.workers == 1 else {"tree_learner": "data", "num_machines": self.workers}

    def grown(self, sample: Sample, trees: int, asked: Sequence[Mapping[str, Any]], *, threads: int) -> tuple[str, ...]:
        """A model text for each set of parameters; each worker uses so many threads."""
        bounds = np.linspace(0, len(sample.bad), self.workers + 1).astype(int)
        parts = [
            self._client.scatter([_stretch(sample, start, end)], workers=[address], hash=False)[0]  # type: ignore[no-untyped-call]
            for address, start, end in zip(self._addresses, bounds[:-1], bounds[1:], strict=True)
        ]
        return tuple(self._one(parts, {**one, "num_iterations": trees}) for one in asked)

    def _one(self, parts: Sequence[Any], asked: Mapping[str, Any]) -> str:
        network = self._network() if self.workers > 1 else [dict[str, Any]()]
        grow = _growing()
        texts = self._client.gather(  # type: ignore[no-untyped-call]
            [
                self._client.submit(
                    grow, part, {**asked, **own}, workers=[address], allow_other_workers=False, pure=False
                )
                for address, part, own in zip(self._addresses, parts, network, strict=True)
            ]
        )
        return without_traces(texts[0])

    def _network(self) -> list[dict[str, Any]]:
        """What each worker is told of the others."""
        machines = self._machines()
        return [
            {
                "tree_learner": "data",
                "num_machines": self.workers,
                "machines": machines,
                "local_listen_port": int(machine.rpartition(":")[2]),
            }
            for machine in machines.split(",")
        ]

    def _machines(self) -> str:
        """Each worker with a free port, in the order of their names: LightGBM's ranks, and with them its sums."""

        def free_port() -> int:
            import socket

            with socket.socket() as found:
                found.bind(("", 0))
                return int(found.getsockname()[1])

        ports = self._client.run(free_port, workers=self._addresses)
        return ",".join(f"{urlparse(address).hostname}:{ports[address]}" for address in self._addresses)


def _stretch(sample: Sample, start: int, end: int) -> dict[str, Any]:
    """Some of the cases in plain types, so that a worker needs LightGBM and no code of ours."""
    weight = None if sample.weight is None else sample.weight[start:end]
    return {
        "data": np.ascontiguousarray(sample.matrix[start:end]),
        "label": sample.bad[start:end],
        "weight": weight,
        "feature_name": list(sample.names),
    }


def _growing() -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """What a worker does: made here, so that it travels as itself."""

    def grow(part: dict[str, Any], asked: dict[str, Any]) -> str:
        import os

        import lightgbm

        quiet = {"feature_pre_filter": False, "verbosity": -1, "num_threads": asked["num_threads"]}
        plain = {name: value for name, value in asked.items() if name != "num_iterations"}
        # LightGBM writes which ports it takes to stdout, which on this machine is that of the command.
        stdout = os.dup(1)
        os.dup2(2, 1)
        try:
            rows = lightgbm.Dataset(**part, params=quiet)
            grown = lightgbm.train(plain, rows, num_boost_round=asked["num_iterations"])
            grown.free_network()
        finally:
            os.dup2(stdout, 1)
            os.close(stdout)
        return str(grown.model_to_string())

    return grow


def without_traces(text: str) -> str:
    r"""A model text without the ports and addresses of the run that made it.

    Example:
        >>> without_traces("[machines: 10.0.0.5:4711,10.0.0.6:4712]\n[num_machines: 2]\n")
        '[machines: ]\n[num_machines: 2]\n'
    """
    for name, value in RUN.items():
        text = re.sub(rf"^\[{name}: .*\]$", f"[{name}: {value}]", text, flags=re.MULTILINE)
    return text


@contextmanager
def on_dask(scheduler: str | None, *, workers: int) -> Iterator[OnDask]:
    """A connection to a cluster for as long as it is needed.

    Args:
        scheduler: Address of a scheduler, such as ``tcp://10.0.0.5:8786``; None starts workers on this machine, which
            listen on loopback alone but for what the module says of LightGBM.
        workers: How many to start here, of one thread each.

    Raises:
        DaskMissingError: Dask is not installed.
        NoClusterError: The scheduler does not answer, or has no workers.
    """
    try:
        import dask
        import distributed
    except ModuleNotFoundError as problem:
        raise DaskMissingError from problem
    # Nothing is shown or sent: no page, and no part of the cases moves to another worker.
    quiet = {"distributed.scheduler.work-stealing": False, "distributed.diagnostics.nvml": False}
    with dask.config.set(quiet):
        if scheduler is not None:
            with _connected(scheduler) as client:
                yield OnDask(client)
            return
        with (
            distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                # Its scheduler listens for health checks whatever is said of the page: then on loopback at least.
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
            ) as cluster,
            distributed.Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            yield OnDask(client)


@contextmanager
def _connected(scheduler: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as problem:
        raise NoClusterError(scheduler, "does not answer") from problem
    with client:
        if not client.scheduler_info()["workers"]:
            raise NoClusterError(scheduler, "has no workers")
        yield client
