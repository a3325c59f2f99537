"""Dividing work: one function over many items, here in their order, or on the workers of a Dask cluster.

The numbers are the same either way, as each item is worked on alone and the results come in the order of the items.
Not here: what is divided, which is decided where it divides, by `spread.over(...)`. Without a cluster nothing is
imported.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Found = TypeVar("Found")

CONNECTING = 5.0  # seconds in which a scheduler has to answer
LOOK_EVERY = 10.0  # seconds between two looks whether workers are left


class Spread(Protocol):
    """A way of working on many items."""

    def map(
        self, function: Callable[[Shared, Item], Found], shared: Shared, items: Sequence[Item]
    ) -> list[Found]:
        """Return `function(shared, item)` of every item, in the order of the items.

        Raises:
            Exception: what `function` raised on the first item on which it did.
        """


class Here:
    """One item after the other, in this process."""

    def map(
        self, function: Callable[[Shared, Item], Found], shared: Shared, items: Sequence[Item]
    ) -> list[Found]:
        """Return what the function finds for each item."""
        return [function(shared, item) for item in items]


class Cluster:
    """The workers of a Dask cluster; where it fails, the work is done here instead.

    `function` is one of a module that the workers have, so they run the same version of this program; what all items
    share travels once.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def map(
        self, function: Callable[[Shared, Item], Found], shared: Shared, items: Sequence[Item]
    ) -> list[Found]:
        """Return what the function finds for each item."""
        found = self._tried(function, shared, items) if len(items) > 1 else None
        return Here().map(function, shared, items) if found is None else found

    def _tried(
        self, function: Callable[[Shared, Item], Found], shared: Shared, items: Sequence[Item]
    ) -> list[Found] | None:
        """Return what the workers found, None when they are away."""
        from distributed import CancelledError, KilledWorker
        from distributed.comm import CommClosedError

        try:
            common = self._client.scatter(_Wrapped(shared), broadcast=True, hash=False)
            given = self._client.scatter([_Wrapped(item) for item in items], hash=False)
            asked = self._client.map(_work, given, function=function, shared=common, pure=False)
            if not self._done(asked):
                log.warning("the cluster has no workers left, the work is done here")
                self._client.cancel(asked)
                return None
            return cast("list[Found]", self._client.gather(asked))
        except (CancelledError, KilledWorker, CommClosedError, TimeoutError, OSError) as error:
            log.warning("the cluster failed, the work is done here reason=%s", type(error).__name__)
            return None

    def _done(self, asked: Sequence[Future]) -> bool:
        """Wait for every item, as long as anybody works on them."""
        from distributed import wait

        while True:
            try:
                with self._client.as_current():
                    wait(asked, timeout=LOOK_EVERY)
            except TimeoutError:
                if not _workers(self._client):
                    return False
            else:
                return True


class _Wrapped:
    """Anything that travels: a bare list or dictionary would be taken apart."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - anything
        self.value = value


_way: ContextVar[Spread] = ContextVar("spread")


def over(
    function: Callable[[Shared, Item], Found], shared: Shared, items: Sequence[Item]
) -> list[Found]:
    """Return `function(shared, item)` of every item, in order, by the way that `opened` chose.

    `function` is a plain function of a module; it must not depend on what another item changed.
    """
    return _way.get(Here()).map(function, shared, items)


@contextmanager
def opened(address: str) -> Iterator[None]:
    """Divide work over a cluster inside the block; here where there is none, or it does not answer.

    Args:
        address: of the scheduler, such as `tcp://10.0.0.5:8786`; empty for none.
    """
    client = _connected(address) if address else None
    if client is None:
        yield
        return
    token = _way.set(Cluster(client))
    try:
        yield
    finally:
        _way.reset(token)
        client.close()


def _connected(address: str) -> Client | None:
    try:
        from distributed import Client
    except ImportError:
        log.warning("the cluster is not used: install the extra, pip install 'rapport-crm[dask]'")
        return None
    try:
        client = Client(address, timeout=CONNECTING, set_as_default=False)
    except (OSError, TimeoutError) as error:
        log.warning(
            "the cluster is not used: its scheduler is away reason=%s", type(error).__name__
        )
        return None
    if _workers(client):
        return client
    log.warning("the cluster is not used: it has no workers")
    client.close()
    return None


def _workers(client: Client) -> int:
    """Return how many workers there are."""
    return len(client.nthreads())


def _work(item: _Wrapped, *, function: Callable[[Any, Any], Found], shared: _Wrapped) -> Found:
    """Work on one item, on a worker: with one numerical thread, as it is here."""
    from jobs.analytics.threads import one_thread

    with one_thread():
        return function(shared.value, item.value)
