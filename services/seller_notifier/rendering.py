"""From a letter's facts to its words: templates per language, dates and money as the seller's locale writes them.

A language is a folder ``letters/<lang>/`` with every template and ``words.toml``. Without the seller's, that of the
marketplace is used, and without that English.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from services.seller_notifier.letter import Letter
from shared.calendar import BusinessDays

HERE: Final = Path(__file__).parent / "letters"
FALLBACK: Final = "en"
LANGUAGES: Final = frozenset(folder.name for folder in HERE.iterdir() if folder.is_dir())

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
"""Control characters, line and paragraph separators, changes of writing direction, halves of characters."""

_NARROW_SPACE: Final = "\u202f"


@dataclass(frozen=True, slots=True)
class Words:
    """A letter as words: ``subject`` is one line, ``body`` has lines ending in a line feed."""

    language: str
    subject: str
    body: str


def render(letter: Letter, portal_url: str) -> Words:
    """The letter in the seller's language. Nothing that a value contains can add a line.

    Templates say ``days(n)`` for "you have 5 days", and ``within(n)`` where the language asks for another case.
    """
    language = next((known for known in (letter.language, letter.fallback) if known in LANGUAGES), FALLBACK)
    locale = _locale(language, letter.marketplace)
    text = _template(language, letter.contents.template).render(
        letter=letter,
        it=letter.contents,
        words=_words(language),
        portal=portal_url.rstrip("/"),
        money=_money(locale, letter.currency),
        day=partial(_day, locale),
        moment=partial(_moment, locale),
        days=partial(_days, locale, "days"),
        within=partial(_days, locale, "within"),
    )
    subject, _, body = text.partition("\n")
    return Words(language, subject.removeprefix("Subject:").strip(), body.strip("\n") + "\n")


def without_controls(value: object) -> object:
    """What a template prints of a value: text loses its control characters, so it stays within its line."""
    return _CONTROLS.sub(" ", value) if isinstance(value, str) else value


@cache
def _environment(language: str) -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / language),
        undefined=StrictUndefined,
        autoescape=select_autoescape(),  # by the file's name: these are plain text, where markup means nothing
        finalize=without_controls,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _words(language: str) -> dict[str, Any]:
    return tomllib.loads((HERE / language / "words.toml").read_text(encoding="utf-8"))


@cache
def _template(language: str, name: str) -> Template:
    return _environment(language).get_template(f"{name}.txt")


@cache
def _locale(language: str, territory: str) -> Locale:
    """The language as written on that marketplace, where there is such a locale; else the language as such."""
    try:
        return Locale(language, territory)
    except UnknownLocaleError:
        return Locale(language)


@cache
def _money(locale: Locale, currency: str) -> Callable[[int], str]:
    def money(minor: int) -> str:
        return format_currency(Decimal(minor).scaleb(-2), currency, locale=locale)

    return money


@lru_cache(maxsize=4096)
def _day(locale: Locale, day: date) -> str:
    written = format_date(day, "long", locale)
    return f"1er{written[1:]}" if locale.language == "fr" and day.day == 1 else written  # which Babel does not know


def _moment(locale: Locale, moment: datetime) -> str:
    """A date and a time of day in UTC: sellers of one marketplace live in many zones."""
    utc = moment.astimezone(UTC)
    return f"{_day(locale, utc.date())}, {_time_of_day(locale, utc.hour, utc.minute)} UTC"


@lru_cache(maxsize=16 * 1440)
def _time_of_day(locale: Locale, hour: int, minute: int) -> str:
    written = format_time(time(hour, minute), "short", locale=locale)
    return written.replace(_NARROW_SPACE, " ")  # so that a subject stays ASCII


def _days(locale: Locale, words: str, days: int) -> str:
    """A number of days, said to be business days where they are, in the form that goes with the number."""
    return _counted(locale, words, "business" if isinstance(days, BusinessDays) else "calendar", int(days))


@lru_cache(maxsize=4096)
def _counted(locale: Locale, words: str, kind: str, days: int) -> str:
    form: dict[str, str] = _words(locale.language)[words][kind]
    return form.get(locale.plural_form(days), form["other"]).format(format_decimal(days, locale=locale))
