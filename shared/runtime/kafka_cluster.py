"""Which Kafka cluster answers: an address may come to lead to another one, whose records are not ours."""

from collections.abc import Callable, Iterable
from typing import Any

from aiokafka.client import ConnectionGroup
from aiokafka.protocol.metadata import MetadataRequest

from shared.runtime.log import another


class SameCluster:
    """Every connection is asked once which cluster it leads to. ``clients``: as they are now; they may be replaced."""

    def __init__(self, name: str, clients: Callable[[], Iterable[Any]]) -> None:
        self._name, self._clients = name, clients
        self._id: str | None = None
        self._asked: set[Any] = set()

    async def check(self) -> str | None:
        """The id of the cluster, None: no connection has been made yet. Raises LogChangedError when another
        cluster answers, or what the client raises when none does."""
        now = {connection for client in self._clients() for connection in _of_records(client)}
        for connection in now - self._asked:
            found = (await connection.send(MetadataRequest([]))).cluster_id
            if self._id is not None and found != self._id:
                raise another(self._name, found, self._id)
            self._id = found
        self._asked = now
        return self._id


def _of_records(client: Any) -> Iterable[Any]:
    """Without those of the group, which may be silent for as long as a rebalance takes."""
    return (c for (_, group), c in client._conns.items() if group == ConnectionGroup.DEFAULT and c.connected())
