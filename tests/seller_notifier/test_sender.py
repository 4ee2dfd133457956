"""Sending, against a real SMTP server in this process: taken, refused, put off, cut off, and attempts to inject."""

import asyncio
import email
import email.policy
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.seller_notifier.letter import Letter, LetterOutcome, LetterSent
from services.seller_notifier.message import Sender, compose, mailbox
from services.seller_notifier.rendering import render
from services.seller_notifier.sender import Post, performer
from shared.events.base import claim_id_of
from shared.runtime import TryLater
from tests.seller_notifier.given import written

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "X-Claim-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Language",
    "Content-Type",
    "Content-Transfer-Encoding",
]


@dataclass(frozen=True)
class Mail:
    """The settings that the sender looks at."""

    smtp_url: SecretStr
    smtp_connections: int = 2
    mail_from: str = "Claims team <claims@makegood.example>"
    portal_url: str = "https://portal.example"


@dataclass
class Mailbox:
    """A mail server's reactions, and what it took. ``replies``: local part of a recipient → reply to RCPT."""

    replies: dict[str, str] = field(default_factory=dict[str, str])
    data_reply: str = "250 taken"
    cut_off: Callable[[], bool] = lambda: False
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list[tuple[str, EmailMessage]])
    envelopes_from: set[str | None] = field(default_factory=set[str | None])
    servers: list[SMTP] = field(default_factory=list[SMTP])

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address.partition("@")[0], "250 ok")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.cut_off():
            _abort(server)
            return "250 never heard"
        if self.data_reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
            assert isinstance(message, EmailMessage)
            self.taken += [(to, message) for to in envelope.rcpt_tos]
            self.envelopes_from.add(envelope.mail_from)
        return self.data_reply

    def hang_up(self) -> None:
        """Drops every connection, as a server does that idles or restarts."""
        for server in self.servers:
            _abort(server)


def _abort(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


@asynccontextmanager
async def mail_server(mailbox: Mailbox, port: int = 0) -> AsyncGenerator[str]:
    """Its URL."""

    def connected() -> SMTP:
        server = SMTP(mailbox, hostname="mail.example", enable_SMTPUTF8=True)
        mailbox.servers.append(server)
        return server

    listening = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", port)
    try:
        yield f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        mailbox.hang_up()
        await asyncio.sleep(0)


@asynccontextmanager
async def post_to(mailbox: Mailbox, **settings: Any) -> AsyncGenerator[Post]:
    async with mail_server(mailbox) as url:
        post = performer(Mail(SecretStr(url), **settings))
        try:
            yield post
        finally:
            post.close()
            await asyncio.sleep(0)


def letter(to: str = "claims@shop.example", number: int = 1, **changes: Any) -> Letter:
    _, notice = written()
    facts: dict[str, Any] = {"to": to, "letter_id": claim_id_of(f"letter-{number}")}
    return notice.model_copy(update=facts | changes)


def outcome(result: object) -> LetterOutcome:
    assert isinstance(result, LetterSent)
    return result.outcome


async def test_a_letter_that_the_server_takes_was_handed_over() -> None:
    box = Mailbox()
    async with post_to(box) as post:
        (result,) = await post([letter()])
    assert outcome(result) is LetterOutcome.HANDED_OVER
    ((to, message),) = box.taken
    assert (to, message["To"]) == ("claims@shop.example", "claims@shop.example")
    assert box.envelopes_from == {"claims@makegood.example"}
    assert message["From"] == "Claims team <claims@makegood.example>"
    assert message["Date"].datetime == letter().written_at
    assert render(letter(), "https://portal.example").body.splitlines() == message.get_content().splitlines()


async def test_the_message_id_is_the_letters_own_so_a_repeated_letter_is_recognised() -> None:
    box = Mailbox()
    async with post_to(box) as post:
        await post([letter(number=1)])
        await post([letter(number=1), letter(number=2)])
    ids = sorted(message["Message-ID"] for _, message in box.taken)
    assert len(ids) == 3
    assert set(ids) == {f"<{claim_id_of(f'letter-{n}')}@makegood.example>" for n in (1, 2)}


async def test_a_german_letter_arrives_in_german() -> None:
    box = Mailbox()
    async with post_to(box) as post:
        await post([letter(language="de", order_id="1", name="Müller & Söhne <GmbH>")])
    ((_, message),) = box.taken
    assert message["Content-Language"] == "de"
    assert "Guten Tag Müller & Söhne <GmbH>," in message.get_content().splitlines()


@pytest.mark.parametrize("code", [550, 553])
async def test_a_recipient_refused_for_good_is_refused_with_the_code(code: int) -> None:
    async with post_to(Mailbox(replies={"gone": f"{code} no such user gone@shop.example"})) as post:
        (result,) = await post([letter("gone@shop.example")])
    assert isinstance(result, LetterSent)
    assert (result.outcome, result.code) == (LetterOutcome.REFUSED, code)
    assert "gone" not in result.model_dump_json()


async def test_a_message_refused_for_good_is_refused() -> None:
    async with post_to(Mailbox(data_reply="554 not wanted")) as post:
        (result,) = await post([letter()])
    assert isinstance(result, LetterSent)
    assert (result.outcome, result.code) == (LetterOutcome.REFUSED, 554)


async def test_a_recipient_put_off_is_tried_later() -> None:
    async with post_to(Mailbox(replies={"full": "451 try again"})) as post:
        (result,) = await post([letter("full@shop.example")])
    assert isinstance(result, TryLater)
    assert "full" not in str(result)


async def test_one_bad_recipient_spoils_no_other_letter() -> None:
    box = Mailbox(replies={"gone": "550 no", "full": "452 later"})
    people = ["a", "gone", "b", "full", "c", "not an address", "d"]
    async with post_to(box) as post:
        results = await post([letter(f"{who}@shop.example", n) for n, who in enumerate(people)])
    assert [who for who, r in zip(people, results, strict=True) if isinstance(r, TryLater)] == ["full"]
    refused = [w for w, r in zip(people, results, strict=True) if isinstance(r, LetterSent) and r.outcome == "refused"]
    assert refused == ["gone", "not an address"]
    assert sorted(to for to, _ in box.taken) == [f"{who}@shop.example" for who in "abcd"]


async def test_outcomes_stand_in_the_order_of_the_letters() -> None:
    letters = [letter(number=n) for n in range(50)]
    async with post_to(Mailbox()) as post:
        results = await post(letters)
    assert [r.letter_id for r in results if isinstance(r, LetterSent)] == [one.letter_id for one in letters]


async def test_a_connection_that_breaks_in_the_middle_puts_off_one_letter_and_is_made_again() -> None:
    cuts = iter([True])
    box = Mailbox(cut_off=lambda: next(cuts, False))
    async with post_to(box, smtp_connections=1) as post:
        results = await post([letter(number=n) for n in range(3)])
    assert [isinstance(result, TryLater) for result in results] == [True, False, False]
    assert len(box.taken) == 2


async def test_connections_are_few_and_kept_from_batch_to_batch() -> None:
    box = Mailbox()
    async with post_to(box, smtp_connections=2) as post:
        for _ in range(3):
            await asyncio.gather(post([letter(number=n) for n in range(10)]), post([letter(number=99)]))
    assert len(box.taken) == 33
    assert len(box.servers) <= 2


async def test_a_server_that_hung_up_meanwhile_costs_no_letter() -> None:
    box = Mailbox()
    async with post_to(box) as post:
        await post([letter(number=n) for n in range(4)])
        box.hang_up()
        results = await post([letter(number=n) for n in range(4)])
    assert {outcome(result) for result in results} == {LetterOutcome.HANDED_OVER}


async def test_without_a_server_the_whole_batch_waits_and_recovers() -> None:
    async with mail_server(Mailbox()) as url:
        pass
    post = performer(Mail(SecretStr(url)))
    assert all(isinstance(result, TryLater) for result in await post([letter(number=n) for n in range(5)]))
    async with mail_server(Mailbox(), port=int(url.rpartition(":")[2])):
        results = await post([letter(number=n) for n in range(5)])
        post.close()
        await asyncio.sleep(0)
    assert {outcome(result) for result in results} == {LetterOutcome.HANDED_OVER}


async def test_a_server_that_never_answers_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.seller_notifier.sender.STEP_SECONDS", 0.05)
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    post = performer(Mail(SecretStr(f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}")))
    (result,) = await post([letter()])
    assert isinstance(result, TryLater)
    silent.close()
    await asyncio.sleep(0)


async def test_a_letter_that_cannot_be_rendered_is_put_off_and_the_others_go_out() -> None:
    box = Mailbox()
    async with post_to(box) as post:
        broken = letter(contents=letter().contents.model_copy(update={"account": None}))
        results = await post([broken, letter()])
    assert isinstance(results[0], TryLater)
    assert outcome(results[1]) is LetterOutcome.HANDED_OVER


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b@c.example",
        "a@shop.example, b@shop.example",
        "a@shop.example\r\nBcc: b@shop.example",
        "a@shop.example> SIZE=1",
        "Jane Doe <a@shop.example>",
        "a b@shop.example",
        '"a\r\n"@shop.example',
        "a@shop.example\x00",
        "a@-shop.example",
        "a@shop..example",
        "a..b@shop.example",
        "a@",
        "@shop.example",
        "ä@shop.example",
        f"a@{'x' * 300}.example",
    ],
)
async def test_what_is_no_plain_address_is_refused_without_asking_the_server(address: str) -> None:
    box = Mailbox()
    async with post_to(box) as post:
        (result,) = await post([letter(address)])
    assert outcome(result) is LetterOutcome.REFUSED
    assert not box.taken


def test_an_international_domain_is_written_in_ascii() -> None:
    assert mailbox(" post@müller.example ") == "post@xn--mller-kva.example"


EVIL = "x\r\nBcc: victim@elsewhere.example\r\n\r\nbody"


async def test_line_breaks_in_names_and_products_add_no_header_and_no_recipient() -> None:
    box = Mailbox()
    async with post_to(box) as post:
        await post([letter(name=EVIL, product=EVIL, order_id=EVIL, marketplace="US")])
    ((to, message),) = box.taken
    assert to == "claims@shop.example"
    assert message["Bcc"] is None
    assert [name for name in message if name in HEADERS] == HEADERS
    assert not [line for line in message.get_content().splitlines() if line.startswith("Bcc:")]


@given(st.text(), st.text(max_size=200), st.sampled_from(["en", "de"]))
@example("=?utf-8?b?DQpCY2M6IHg=?=", "\r\n.\r\nMAIL FROM:<x>", "en")
@example("\u2028\u202e\x85\x0b", ".", "de")
def test_whatever_stands_in_a_value_the_message_has_our_headers_and_is_plain_ascii(
    name: str, product: str, language: str
) -> None:
    one = letter(name=name, product=product, order_id=name, language=language)
    words = render(one, "https://portal.example")
    raw = compose(one, words, "a@shop.example", Sender.of("claims@makegood.example"))
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert list(message) == HEADERS
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert message.get_content().splitlines() == words.body.splitlines()
    assert message["Subject"].split() == words.subject.split()


@pytest.mark.parametrize("mail_from", ["", "nobody", "claims team"])
def test_a_sender_that_cannot_work_is_refused_at_the_start(mail_from: str) -> None:
    with pytest.raises(ValueError, match="mail_from"):
        performer(Mail(SecretStr("smtp://127.0.0.1:25"), mail_from=mail_from))
