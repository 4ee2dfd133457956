"""Ports on which servers listen."""

import asyncio
import random
import socket

from ops.local.errors import StackError


def choose_port(wanted: int | None = None, remembered: int = 0) -> int:
    """The port asked for, or else the one used before if it is free, or else a free one.

    Free ports are taken from below the range from which the kernel serves outgoing connections: a client that
    retries while its server restarts could otherwise be given the server's own port.
    """
    if wanted:
        if not _is_free(wanted):
            raise StackError(f"Port {wanted} is taken: end the program that listens there, or choose another port.")
        return wanted
    candidates = random.sample(range(20_000, 32_000), 200)
    return next(port for port in [remembered, *candidates] if port and _is_free(port))


async def listens(port: int, host: str = "127.0.0.1") -> None:
    """Raise `OSError` unless something listens on the port."""
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
