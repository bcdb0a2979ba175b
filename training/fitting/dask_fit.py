"""Growing trees on a Dask cluster: LightGBM's own distributed training, by parts of the cases.

On one worker the trees are those that this process would grow, bit for bit. On several they are other trees of equal
worth: each worker draws its own sample of its cases, cuts the values of its share of the features by what it holds of
them, and the sums of all workers are added in another order. With as many workers, equal cases give equal texts.

LightGBM's workers talk to each other by ports of their own at the addresses by which the cluster knows them. While
several of them train, LightGBM has those ports open on every network interface of their machines: put a cluster where
nobody else can reach it.
"""

import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlparse

import numpy as np

from training.arrays import Floats
from training.fitting.fit import Sample

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS: Final = 20
# What LightGBM calls what its estimators, in which the Dask interface is written, call otherwise.
ESTIMATORS_NAMES: Final[Mapping[str, str]] = {
    "min_data_in_leaf": "min_child_samples",
    "feature_fraction": "colsample_bytree",
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
    "lambda_l2": "reg_lambda",
    "seed": "random_state",
}
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
        client.run(_quiet_worker(), workers=self._addresses)

    @property
    def workers(self) -> int:
        """How many take part."""
        return len(self._addresses)

    @property
    def told(self) -> Mapping[str, int | str]:
        """What makes two trainings differ: into how many parts the cases were divided."""
        return {} if self.workers == 1 else {"tree_learner": "data", "num_machines": self.workers}

    def grown(self, sample: Sample, trees: int, asked: Sequence[Mapping[str, Any]], *, threads: int) -> tuple[str, ...]:
        """A model text for each set of parameters; each worker uses the threads that it was started with."""
        parts = self._spread(sample)
        return tuple(self._one(sample, parts, trees, one) for one in asked)

    def _spread(self, sample: Sample) -> "Sequence[Any]":
        """The matrix, outcomes and weights as Dask arrays, every worker holding one stretch of the cases."""
        import dask.array as da
        from dask import delayed

        bounds = np.linspace(0, len(sample.bad), self.workers + 1).astype(int)

        def array(values: Floats | None) -> Any:
            if values is None:
                return None
            chunks = []
            for address, start, end in zip(self._addresses, bounds, bounds[1:], strict=False):
                part = np.ascontiguousarray(values[start:end])
                held = self._client.scatter(part, workers=[address], hash=False)
                chunks.append(da.from_delayed(delayed(held), shape=part.shape, dtype=part.dtype))
            return da.concatenate(chunks)

        return array(sample.matrix), array(sample.bad), array(sample.weight)

    def _one(self, sample: Sample, parts: Sequence[Any], trees: int, asked: Mapping[str, Any]) -> str:
        from lightgbm.dask import DaskLGBMClassifier

        matrix, bad, weight = parts
        named = {ESTIMATORS_NAMES.get(name, name): value for name, value in asked.items() if name != "num_threads"}
        # Stdout is for our own answers; LightGBM tells there which ports it takes.
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            # The estimator offers its own default of n_jobs and then says that a worker's threads overrule it.
            warnings.filterwarnings("ignore", message="Parameter n_jobs will be ignored", category=UserWarning)
            model = DaskLGBMClassifier(
                n_estimators=trees, tree_learner="data", machines=self._machines(), client=self._client, **named
            )
            model.fit(matrix, bad, sample_weight=weight, feature_name=list(sample.names))
        return without_traces(model.booster_.model_to_string())

    def _machines(self) -> str:
        """Each worker with a free port, in the order of their names: LightGBM's ranks, and with them its sums."""

        def free_port() -> int:
            import socket

            with socket.socket() as found:
                found.bind(("", 0))
                return int(found.getsockname()[1])

        ports = self._client.run(free_port, workers=self._addresses)
        return ",".join(f"{urlparse(address).hostname}:{ports[address]}" for address in self._addresses)


def without_traces(text: str) -> str:
    r"""A model text without the ports and addresses of the run that made it.

    Example:
        >>> without_traces("[machines: 10.0.0.5:4711,10.0.0.6:4712]\n[num_machines: 2]\n")
        '[machines: ]\n[num_machines: 2]\n'
    """
    for name, value in RUN.items():
        text = re.sub(rf"^\[{name}: .*\]$", f"[{name}: {value}]", text, flags=re.MULTILINE)
    return text


def _quiet_worker() -> Callable[[], None]:
    """Has LightGBM speak through Python's logging in a worker, which shows warnings and no ports."""

    def quiet() -> None:
        import logging

        import lightgbm

        lightgbm.register_logger(logging.getLogger("lightgbm"))

    return quiet  # made here, so that it travels as itself: a worker needs LightGBM, and no code of ours


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
        from distributed import Client, LocalCluster
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
            LocalCluster(
                n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, processes=True
            ) as cluster,
            Client(cluster) as client,
        ):
            yield OnDask(client)


@contextmanager
def _connected(scheduler: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as problem:
        raise NoClusterError(scheduler, "does not answer") from problem
    with client:
        if not client.scheduler_info()["workers"]:
            raise NoClusterError(scheduler, "has no workers")
        yield client
