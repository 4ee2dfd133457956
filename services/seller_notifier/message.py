"""The bytes of one e-mail. Built by hand: the few headers are ours, and EmailMessage takes ten times as long."""

import re
from base64 import b64encode
from binascii import b2a_qp
from dataclasses import dataclass
from email.utils import format_datetime, formataddr, parseaddr
from typing import Final

from services.seller_notifier.letter import Letter
from services.seller_notifier.rendering import Words, without_controls

_MAILBOX: Final = re.compile(
    r"[A-Z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Z0-9](?:[A-Z0-9-]*[A-Z0-9])?(?:\.[A-Z0-9](?:[A-Z0-9-]*[A-Z0-9])?)*",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_ADDRESS: Final = 254
_PIECE: Final = 11
"""Characters per encoded word: even at four octets each they stay below the 75 that a word may have."""


def mailbox(address: str) -> str | None:
    """The address as it may stand in a command and a header; None when it is no single plain address."""
    local, at, domain = address.strip().rpartition("@")
    try:
        plain = local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return plain if len(plain) <= _LONGEST_ADDRESS and _MAILBOX.fullmatch(plain) else None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the letters come from: the envelope's address, its domain, and the From header."""

    address: str
    domain: str
    header: str

    @classmethod
    def of(cls, mail_from: str) -> "Sender":
        """``Claims team <claims@example.com>`` or the address alone. Raises ValueError when there is none."""
        name, written = parseaddr(mail_from)
        address = mailbox(written)
        if address is None:
            raise ValueError(f"mail_from is {mail_from!r}: give an address such as claims@example.com")
        return cls(address, address.rpartition("@")[2], formataddr((str(without_controls(name)), address)))


def compose(letter: Letter, words: Words, to: str, sender: Sender) -> bytes:
    """The whole message, seven-bit clean and with CRLF.

    The Message-ID tells a repeated letter from a new one; with X-Claim-ID it says which letter has come back.
    """
    headers = (
        f"From: {sender.header}",
        f"To: {to}",
        f"Subject: {_encoded(words.subject)}",
        f"Date: {format_datetime(letter.written_at)}",
        f"Message-ID: <{letter.letter_id}@{sender.domain}>",
        f"X-Claim-ID: {letter.claim_id}",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        f"Content-Language: {words.language}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    )
    head = "\r\n".join(headers).encode("ascii")
    return head + b"\r\n\r\n" + b2a_qp(words.body.replace("\n", "\r\n").encode())


def _encoded(text: str) -> str:
    """As it is when plain ASCII (far below the 998 octets of a line), else folded as encoded words (RFC 2047)."""
    if text.isascii() and "=?" not in text:
        return text
    pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece.encode()).decode()}?=" for piece in pieces)
