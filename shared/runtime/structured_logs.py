"""Structured logs, one JSON object a line: ids, counts and types, never a body and nothing personal."""

import logging
import sys

import structlog


def configure(service: str, level: str = "info") -> None:
    """Sets up structlog for one process and quiets the libraries below warning."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    quiet_libraries()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def quiet_libraries() -> None:
    """aiokafka logs as errors what heals by itself within a second; what does not heal, our own retries tell."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("faststream").setLevel(logging.ERROR)
