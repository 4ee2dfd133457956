"""Sends letters by SMTP over a few lasting connections, and says of each what became of it."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import structlog
from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientsRefused
from pydantic import SecretStr

from services.seller_notifier.letter import Letter, LetterOutcome, LetterSent
from services.seller_notifier.message import Sender, compose, mailbox
from services.seller_notifier.rendering import render
from shared.runtime import TryLater

log = structlog.get_logger()

STEP_SECONDS: Final = 20
"""Longest wait for a connection, and for the server's reply to one command."""


class MailSettings(Protocol):
    """As in Settings."""

    @property
    def smtp_url(self) -> SecretStr: ...
    @property
    def smtp_connections(self) -> int: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def portal_url(self) -> str: ...


def performer(settings: MailSettings) -> "Post":
    """Raises ValueError, at start, for a sender that cannot work."""
    return Post(settings)


class Line:
    """One connection to the mail server, opened when needed and kept."""

    def __init__(self, settings: MailSettings, sender: Sender) -> None:
        url = urlsplit(settings.smtp_url.get_secret_value())
        self._client = SMTP(
            hostname=url.hostname,
            port=url.port,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            local_hostname=sender.domain,
            timeout=STEP_SECONDS,
        )
        self._sender = sender
        self._portal_url = settings.portal_url

    async def wake(self) -> None:
        """After a pause: a connection that the server has dropped meanwhile is found out before a letter is."""
        try:
            if self._client.is_connected:
                await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()

    async def connected(self) -> bool:
        """Whether there is a connection, or could be made."""
        if self._client.is_connected:
            return True
        try:
            await self._client.connect()
        except (SMTPException, OSError) as error:
            self._client.close()
            log.warning("mail server unreachable", error=type(error).__name__)
            return False
        return True

    async def send(self, letter: Letter) -> LetterSent | TryLater:
        """What became of it. Whatever goes wrong, the next letter finds a clean connection."""
        to = mailbox(letter.to)
        if to is None:
            return letter.sent(LetterOutcome.REFUSED)
        try:
            message = compose(letter, render(letter, self._portal_url), to, self._sender)
            await self._client.sendmail(self._sender.address, [to], message)
        except (SMTPRecipientsRefused, SMTPDataError) as error:
            return _turned_down(letter, error)
        except Exception as error:  # a performer must not raise; the error's own text may quote an address
            self._client.close()
            log.warning("letter not sent", letter_id=str(letter.letter_id), error=type(error).__name__)
            return TryLater(type(error).__name__)
        except BaseException:
            self._client.close()
            raise
        return letter.sent(LetterOutcome.HANDED_OVER)

    def close(self) -> None:
        self._client.close()


def _turned_down(letter: Letter, error: SMTPRecipientsRefused | SMTPDataError) -> LetterSent | TryLater:
    """5xx is the recipient's no for good; anything else passes."""
    code = error.code if isinstance(error, SMTPDataError) else error.recipients[0].code
    if 500 <= code < 600:
        return letter.sent(LetterOutcome.REFUSED, code)
    return TryLater(f"the mail server answered {code}")


class Post:
    """The performer: any number of batches at a time share ``smtp_connections`` lines."""

    def __init__(self, settings: MailSettings) -> None:
        if settings.smtp_connections < 1:
            raise ValueError("smtp_connections must be at least 1")
        sender = Sender.of(settings.mail_from)
        self._lines = [Line(settings, sender) for _ in range(settings.smtp_connections)]
        self._free = asyncio.LifoQueue[Line]()
        for line in self._lines:
            self._free.put_nowait(line)

    async def __call__(self, letters: Sequence[Letter]) -> list[LetterSent | TryLater]:
        """One outcome per letter, in order. When no connection can be made, the rest of the batch waits for later."""
        outcomes: list[LetterSent | TryLater] = [TryLater("no connection to the mail server") for _ in letters]
        todo = iter(range(len(letters)))
        hands = min(len(self._lines), len(letters))
        await asyncio.gather(*(self._send_some(letters, todo, outcomes) for _ in range(hands)))
        return outcomes

    async def _send_some(
        self, letters: Sequence[Letter], todo: Iterator[int], outcomes: list[LetterSent | TryLater]
    ) -> None:
        line = await self._free.get()
        try:
            await line.wake()
            while await line.connected() and (number := next(todo, None)) is not None:
                outcomes[number] = await line.send(letters[number])
        finally:
            self._free.put_nowait(line)

    def close(self) -> None:
        """Drop all connections."""
        for line in self._lines:
            line.close()
