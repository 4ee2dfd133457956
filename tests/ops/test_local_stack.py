"""The local stack on this machine: real servers, killed, frozen, refused and found again."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (aiokafka and asyncpg come without types)

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.local.java import Java
from ops.local.mail import letters
from ops.local.stack import NativeStack, Stack, StackError


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NativeStack]:
    async with await Stack.native(tmp_path_factory.mktemp("native")) as started:
        yield started


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def test_records_and_rows_outlive_kill_9_of_everything(stack: NativeStack) -> None:
    await write(stack, "written before")
    addresses = stack.environment

    for server in (stack.kafka, stack.postgres, stack.mail):
        for pid in server.pids:
            os.kill(pid, signal.SIGKILL)
    await asyncio.gather(stack.kafka.start(), stack.postgres.start(), stack.mail.start())

    assert stack.environment == addresses
    assert await record(stack) == "written before"
    assert await row(stack) == "written before"


async def test_a_frozen_database_answers_when_it_goes_on(stack: NativeStack) -> None:
    connection = await asyncpg.connect(stack.database_url)
    stack.postgres.suspend()
    answer = asyncio.ensure_future(connection.fetchval("SELECT 'awake'"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(answer), 0.2)
    stack.postgres.resume()
    assert await answer == "awake"
    await connection.close()


async def test_a_frozen_broker_answers_when_it_goes_on(stack: NativeStack) -> None:
    stack.kafka.suspend()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stack.kafka.probe(), 0.2)
    stack.kafka.resume()
    await stack.kafka.probe()


async def test_a_stranger_in_a_servers_directory_is_left_alone(stack: NativeStack) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "60", cwd=stack.mail.data)
    stack.mail.kill()
    stranger.terminate()
    assert await stranger.wait() == -signal.SIGTERM
    await stack.mail.start()


async def test_a_second_user_is_told_who_uses_the_stack(stack: NativeStack) -> None:
    assert stack.place is not None
    root = stack.place.directory.parents[1]
    with pytest.raises(StackError, match=f"in use by process {os.getpid()}: wait for it, or end it"):
        await Stack.native(root)


async def test_a_letter_is_accepted_and_can_be_read(stack: NativeStack) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "claims@example.org", "seller@example.org"
    letter["Subject"], letter["Message-ID"] = "Ihre Antwort bis 3. März", "<event-1@example.org>"
    letter.set_content("Grüße\n.\n..two dots\n")
    async with smtp(stack) as client:
        await client.send_message(letter)

    assert stack.mail_dir is not None
    (kept,) = letters(stack.mail_dir)
    assert (kept.sender, kept.recipients) == ("claims@example.org", ("seller@example.org",))
    assert (kept.subject, kept.message_id) == ("Ihre Antwort bis 3. März", "<event-1@example.org>")
    assert kept.text.splitlines() == ["Grüße", ".", "..two dots"]


async def test_an_address_that_refuses_gets_550(stack: NativeStack) -> None:
    async with smtp(stack) as client:
        await client.mail("claims@example.org")
        with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refusal:
            await client.rcpt("refused.seller@example.org")
    assert refusal.value.code == 550


async def test_a_busy_address_accepts_the_second_time(stack: NativeStack) -> None:
    async with smtp(stack) as client:
        await client.mail("claims@example.org")
        with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refusal:
            await client.rcpt("busy.seller@example.org")
        assert refusal.value.code == 451
        assert (await client.rcpt("busy.seller@example.org")).code == 250


async def test_the_users_own_servers_are_used_and_only_mail_is_ours(stack: NativeStack, tmp_path: Path) -> None:
    own = {name: value for name, value in stack.environment.items() if name != "MAKEGOOD_SMTP_URL"}
    async with await Stack.users_own(tmp_path, environment=own) as theirs:
        assert (theirs.bootstrap_servers, theirs.database_url) == (stack.bootstrap_servers, stack.database_url)
        assert theirs.smtp_url != stack.smtp_url
    assert stack.kafka.alive
    assert stack.postgres.alive


async def test_a_stack_outlives_its_starter_and_is_found_and_ended(tmp_path: Path) -> None:
    start = (
        "import asyncio, os, pathlib, signal; from ops.local.stack import Stack;"
        f"asyncio.run(Stack.native(pathlib.Path({str(tmp_path)!r}))); os.kill(os.getpid(), signal.SIGKILL)"
    )
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", start)
    assert await starter.wait() == -signal.SIGKILL

    left = Stack.recorded(tmp_path)
    assert left is not None
    async with await Stack.native(tmp_path) as found:
        assert found.environment == left.environment
        found.leave()
        await Stack.down(tmp_path)
        assert not any(server.alive for server in (found.kafka, found.postgres, found.mail))
    assert Stack.recorded(tmp_path) is None


async def test_a_fresh_stack_knows_nothing_of_the_last(tmp_path: Path) -> None:
    async with await Stack.native(tmp_path) as last:
        await write(last, "from the last")
    async with await Stack.native(tmp_path, fresh=True) as fresh:
        await write(fresh, "the first")
        assert (await record(fresh), await row(fresh)) == ("the first", "the first")


async def test_a_taken_port_is_said_with_the_cure(taken_port: int, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=f"^Port {taken_port} is taken: end the program that listens there, or"):
        await Stack.native(tmp_path, kafka_port=taken_port)
    await Stack.down(tmp_path)  # nobody holds the place any more


async def test_missing_java_is_said_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StackError, match=r"^Kafka needs Java 17 or newer and there is no `java` in .*: install it"):
        await Java.find()


async def test_old_java_is_said_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("""#!/bin/sh\necho 'openjdk full version "11.0.2+9"'\n""")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StackError, match=r"^Kafka needs Java 17 or newer, not .*11\.0\.2.*: install one"):
        await Java.find()


async def test_a_place_that_cannot_be_written_is_said_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / ".makegood").write_text("a file stands where a directory should")
    with pytest.raises(StackError, match=r"cannot be written .*: use a checkout that belongs to you\.$"):
        await Stack.native(tmp_path)


async def test_an_unset_address_of_the_users_own_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"^MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS is not set: set it to host:port"):
        await Stack.users_own(tmp_path, environment={})


async def test_an_address_of_the_users_own_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        own = {
            "MAKEGOOD_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{silent.getsockname()[1]}",
            "MAKEGOOD_DATABASE_URL": "postgresql://127.0.0.1:1/none",
        }
        with pytest.raises(StackError, match=r"^Your Kafka does not answer .*or correct MAKEGOOD_KAFKA_BOOT"):
            await Stack.users_own(tmp_path, environment=own)


async def test_the_stack_in_containers_takes_records_rows_and_letters(tmp_path: Path) -> None:
    require_docker()
    async with await Stack.containers(tmp_path) as stack:
        await write(stack, "in containers")
        assert await record(stack) == "in containers"
        assert await row(stack) == "in containers"
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "claims@example.org", "seller@example.org", "Hello"
        async with smtp(stack) as client:
            await client.send_message(letter)


def require_docker() -> None:
    docker = subprocess.run(["docker", "version"], capture_output=True, check=False) if shutil.which("docker") else None
    if docker is None or docker.returncode:
        pytest.skip("no Docker engine answers here")


async def write(stack: Stack, text: str) -> None:
    """Write the text as a record and as a row."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("notes", num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers, acks="all") as producer:
        await producer.send_and_wait("notes", text.encode())
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute("CREATE TABLE notes (text text)")
    await connection.execute("INSERT INTO notes VALUES ($1)", text)
    await connection.close()


async def record(stack: Stack) -> str:
    """The first record ever written."""
    async with AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers) as consumer:
        consumer.assign([TopicPartition("notes", 0)])
        await consumer.seek_to_beginning()
        first = await asyncio.wait_for(consumer.getone(), 20)
        return bytes(first.value or b"").decode()


async def row(stack: Stack) -> str:
    connection = await asyncpg.connect(stack.database_url)
    try:
        return await connection.fetchval("SELECT text FROM notes")
    finally:
        await connection.close()


def smtp(stack: Stack) -> aiosmtplib.SMTP:
    host, _, port = stack.smtp_url.removeprefix("smtp://").rpartition(":")
    return aiosmtplib.SMTP(hostname=host, port=int(port))
