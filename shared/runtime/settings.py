"""Configuration by environment: every field is ``MAKEGOOD_<NAME>``."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

_HOST: Final = re.compile(r"(\[[^]]+\]|[^]\[:@]*)(:\d+)?")
"""One of perhaps several hosts of a database's URL, with its port."""


class Settings(BaseSettings):
    """What one process needs to know of its surroundings. Durations in real seconds."""

    model_config = SettingsConfigDict(env_prefix="MAKEGOOD_", frozen=True, hide_input_in_errors=True)

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_replication: Annotated[int, Field(ge=1, le=7)] = 1
    """Copies of each topic that ``makegood migrate`` asks for; 3 in production. All but one must have what is
    acknowledged."""
    kafka_session_seconds: Annotated[float, Field(ge=1, le=300)] = 10.0

    database_url: SecretStr = SecretStr("postgresql://postgres@127.0.0.1:5432/postgres")
    database_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 20.0

    smtp_url: SecretStr = SecretStr("smtp://127.0.0.1:1025")
    """``smtp://[user:password@]host[:port]``, with STARTTLS when offered, or ``smtps://`` for TLS."""
    smtp_connections: Annotated[int, Field(ge=1, le=64)] = 4
    mail_from: str = "claims@makegood.example"
    portal_url: str = "https://sellers.makegood.example"

    clock_scale: Annotated[float, Field(gt=0, le=10_000_000)] = 1.0
    clock_real_origin: float = 0.0
    clock_origin: datetime | None = None

    policy_folder: Path | None = None
    """Where the marketplaces' policies are; None: those shipped."""

    batch_records: Annotated[int, Field(ge=1, le=10_000)] = 1000
    tick_seconds: Annotated[float, Field(gt=0, le=10)] = 0.5
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of /health and /metrics; 0: none is opened."""
    http_host: str = "127.0.0.1"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    retention_days: Annotated[int, Field(ge=2, le=3650)] = 30
    """How long what was published, sent, or no fact stays in PostgreSQL (real days). The journal stays for good."""

    @field_validator("database_url")
    @classmethod
    def _refuse_unreadable(cls, url: SecretStr) -> SecretStr:
        """Here and in our words: what the driver says quotes where it stopped, which may be in the password."""
        if url.get_secret_value() and not _is_readable(url.get_secret_value()):
            raise PydanticCustomError(
                "database_url",
                "it is to look like postgresql://user:password@host:port/database: "
                "percent-encode each of / ? # @ : [ ] % in user and password",
            )
        return url

    @field_validator("smtp_url")
    @classmethod
    def _refuse_no_mail_server(cls, url: SecretStr) -> SecretStr:
        if not _is_mail_server(url.get_secret_value()):
            raise PydanticCustomError(
                "smtp_url",
                "it is to look like smtp://host:port or smtps://user:password@host:port: "
                "percent-encode each of / ? # @ : [ ] % in user and password",
            )
        return url


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    whole = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.netloc.count("@") < 2
    return parts.scheme in ("smtp", "smtps") and named and whole


def _is_readable(url: str) -> bool:
    """Whether the driver finds user, hosts and database in it where they were meant to be."""
    try:
        parts = urlsplit(url)
        parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        return False
    hosts = parts.netloc.split("@", 1)[-1].split(",")
    readable = parts.scheme in ("postgresql", "postgres") and all(_HOST.fullmatch(host) for host in hosts)
    return readable and not parts.fragment and "@" not in parts.path
