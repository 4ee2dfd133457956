"""Structured logs, one JSON object a line: ids, counts and types, never a body and nothing personal."""

import logging
import sys

import structlog

OURS = "makegood"


def configure(service: str, level: str = "info") -> None:
    """Sets up structlog for one process and quiets the libraries below warning.

    It writes by way of logging, which passes over a line that cannot be written (a full disk, a reader that has gone):
    no decision waits for its log.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.raiseExceptions = False
    logging.getLogger(OURS).setLevel(logging.NOTSET + 1)  # structlog has left out what is below the level
    quiet_libraries()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: logging.getLogger(OURS),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def quiet_libraries() -> None:
    """aiokafka logs as errors what heals by itself within a second; what does not heal, our own retries tell."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("faststream").setLevel(logging.ERROR)
