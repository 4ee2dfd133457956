"""A real mail server for local development: it delivers to files, and nothing leaves this machine.

Some addresses misbehave on purpose, as some of the world's do: `refused…@` is never accepted, and `busy…@` is asked
to come back later when it is first seen.
"""

import argparse
import asyncio
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from ops.local.ports import listens
from ops.local.server import Server


class Mail(Server):
    """The mail server as a process; `data` is its mail directory."""

    name = "The mail server"
    program = family = re.compile(r"python\S* .*\bops\.local\.mail\b")

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        self.data.mkdir(exist_ok=True)

    def launch(self) -> None:
        # -P: what lies in the mail directory is nobody's program.
        self.spawn([sys.executable, "-P", "-m", "ops.local.mail", "--port", str(self.port), "--dir", self.data])

    async def probe(self) -> None:
        await listens(self.port)


@dataclass(frozen=True)
class Letter:
    """A delivered message: who sent it, to whom, and all it says."""

    path: Path
    sender: str
    recipients: tuple[str, ...]
    delivered: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"] or "").strip()

    @property
    def text(self) -> str:
        """The body as plain text where it has one, else as it is."""
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()) if body else ""


def letters(mail_dir: Path) -> Iterator[Letter]:
    """Every delivered letter, the oldest first, read as the caller goes along."""
    for path in sorted((mail_dir / "new").glob("*.eml")):
        yield read(path)


def read(path: Path) -> Letter:
    """Read one letter from its file."""
    message = message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default)
    return Letter(
        path=path,
        sender=str(message["Return-Path"] or "").strip("<>"),
        recipients=tuple(str(recipient) for recipient in message.get_all("Delivered-To", [])),
        delivered=datetime.fromtimestamp(int(path.name.partition(".")[0]) / 1e9, UTC),
        message=message,
    )


class PostOffice:
    """What the server does with an address and with a message (called by aiosmtpd, by these names)."""

    def __init__(self, mail_dir: Path) -> None:
        self._new, self._tmp = mail_dir / "new", mail_dir / "tmp"
        for directory in (self._new, self._tmp):
            directory.mkdir(parents=True, exist_ok=True)
        self._number = count()
        self._asked_to_return: set[str] = set()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        local_part = address.lower().partition("@")[0]
        if local_part.startswith("refused"):
            return "550 5.1.1 No such mailbox here"
        if local_part.startswith("busy") and address not in self._asked_to_return:
            self._asked_to_return.add(address)
            return "451 4.3.2 The mailbox is busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Deliver: a file appears in `new` whole or not at all, named so that names sort by arrival."""
        name = f"{time.time_ns():019d}.{next(self._number):06d}.eml"
        trace = [f"Return-Path: <{envelope.mail_from or ''}>", *(f"Delivered-To: {to}" for to in envelope.rcpt_tos)]
        content = envelope.original_content or b""
        (self._tmp / name).write_bytes("\r\n".join([*trace, ""]).encode() + content)
        (self._tmp / name).rename(self._new / name)
        return f"250 OK delivered as {name}"


async def serve(port: int, mail_dir: Path) -> None:
    """Serve on the loopback interface until asked to end."""
    loop = asyncio.get_running_loop()
    office = PostOffice(mail_dir)
    server = await loop.create_server(
        lambda: SMTP(office, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port
    )
    end = asyncio.Event()
    for ask in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ask, end.set)
    async with server:
        await end.wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="ops.local.mail", description=__doc__)
    arguments.add_argument("--port", type=int, required=True, help="where to listen, on 127.0.0.1")
    arguments.add_argument("--dir", type=Path, required=True, help="the mail directory: letters go to its new/")
    given = arguments.parse_args()
    asyncio.run(serve(given.port, given.dir))
