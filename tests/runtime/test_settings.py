"""What the environment says is looked at once, at the start, and told without what is secret in it."""

import traceback

import pytest
from pydantic import SecretStr, ValidationError

from ops.reach import ReachError, of_the_environment
from shared.runtime.settings import Settings

DATABASE = ("MAKEGOOD_DATABASE_URL", "postgresql://makegood:{password}@db.example:5432/makegood")
MAIL = ("MAKEGOOD_SMTP_URL", "smtp://mailer:{password}@mail.example:587")


@pytest.mark.parametrize("server", [DATABASE, MAIL], ids=["database", "mail"])
@pytest.mark.parametrize(
    "password", ["sec#ret", "sec/ret", "sec?ret", "sec@ret", "sec[ret", "12#ret", "12/ret", "12?ret"]
)
def test_a_password_that_breaks_the_url_is_refused_with_the_cure_and_never_quoted(
    monkeypatch: pytest.MonkeyPatch, password: str, server: tuple[str, str]
) -> None:
    name, url = server[0], server[1].format(password=password)
    monkeypatch.setenv(name, url)
    with pytest.raises(ReachError, match=rf"correct {name} .*percent-encode") as refused:
        of_the_environment()
    with pytest.raises(ValidationError) as raw:
        Settings()
    for error in (refused.value, raw.value):
        told = "".join(traceback.format_exception(error))
        assert [quoted for quoted in (password, ":sec", "'sec", ":12", "'12", "ret@") if quoted in told] == []
    monkeypatch.undo()
    with pytest.raises(ValidationError):
        Settings.model_validate({name.removeprefix("MAKEGOOD_").lower(): url})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@127.0.0.1:5432/postgres",
        "postgres://makegood:sec%23ret%2F@db.example/makegood?sslmode=verify-full&application_name=a@b",
        "postgresql://makegood:secret@one.example:5432,two.example:5433/makegood?target_session_attrs=primary",
        "postgresql://makegood@[::1]:5432/makegood",
        "postgresql://makegood@%2Fvar%2Frun%2Fpostgresql/makegood",
        "postgresql:///makegood?host=/var/run/postgresql",
    ],
)
def test_every_url_that_the_driver_reads_is_taken(url: str) -> None:
    assert Settings(database_url=SecretStr(url)).database_url.get_secret_value() == url


@pytest.mark.parametrize("url", ["", "localhost:25", "http://mail.example", "smtp://", "smtp://mail:0", "smtp://m:x"])
def test_a_mail_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="smtp_url"):
        Settings(smtp_url=SecretStr(url))


def test_the_password_of_the_mail_server_is_not_shown() -> None:
    settings = Settings(smtp_url=SecretStr("smtps://mailer:Hunter2@mail.example"))
    assert "Hunter2" not in repr(settings)
