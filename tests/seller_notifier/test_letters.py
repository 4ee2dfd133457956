"""The letters as their readers see them: complete in every language, and without what is nobody's business."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, cast

import pytest
from pydantic import BaseModel

from services.seller_notifier import answers, decide
from services.seller_notifier.letter import (
    Account,
    ClaimNotice,
    DebitNotice,
    DebitReason,
    DirectPayNotice,
    InsurerNotice,
    Letter,
    ProofRequest,
    Reminder,
)
from services.seller_notifier.rendering import HERE, LANGUAGES
from shared.calendar import BusinessDays
from shared.events.claim import DocumentKind, InjuryClass, LossKind, ReopeningReason
from shared.events.recovery import WaiverReason
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import InsurerRating
from shared.money import Currency
from shared.policy import Policies, load
from shared.policy.model import WaiverCover
from tests.deciding import at, day
from tests.seller_notifier.correspondence import PORTAL, every_letter, rendered
from tests.seller_notifier.given import CLAIM, begun, notified, only_letter, referral, route, seller

EVERY_LANGUAGE: Final = sorted(LANGUAGES)
LETTERS: Final = sorted(every_letter("en"))
HEALTH: Final = re.compile(
    r"diagnos|hospital|doctor|physician|patient|medic|fracture|lacerat|contusion|burn|surgery|emergency|symptom|body|"
    r"krankenhaus|klinik|arzt|ärzt|notaufnahme|wunde|bruch|verbrenn|operation|körper|erkrank|gesundheit|\bkind\b|child|"
    r"hôpital|médec|médic|mineur|enfant|santé|brûl|hospital|médic|menor|niñ|salud|quemad|ospedal|medic|minorenn|bambin|"
    r"salute|ustion|sjukhus|läkar|sjukvård|barn|minderårig|brännskad|szpital|lekar|medycz|dzieck|nieletni|zdrow|oparz",
    re.IGNORECASE,
)
ENGLISH: Final = re.compile(r"\b(the|you|your|and|please|with|claim|until|within|days?|insurer|customer)\b", re.I)
MONTHS: Final = {
    "en": ("April", "May", "June", "July"),
    "de": ("April", "Mai", "Juni", "Juli"),
    "fr": ("avril", "mai", "juin", "juillet"),
    "es": ("abril", "mayo", "junio", "julio"),
    "it": ("aprile", "maggio", "giugno", "luglio"),
    "sv": ("april", "maj", "juni", "juli"),
    "pl": ("kwietnia", "maja", "czerwca", "lipca"),
}
DATES: Final = {"en": "{m} {d}, {y}", "de": "{d}. {m} {y}", "es": "{d} de {m} de {y}"}
"""How a date is written, in American English and elsewhere; all others write ``9 juin 2025``."""
UNSAID: Final = {
    "claim, large": {"proof_days"},
    "amended": {"proof_days"},
    "amended, direct pay": {"proof_days"},
    "amended, large now": {"proof_days"},
    "amended, over": {"proof_days"},
    "appeal, won": {"notice_days", "appeal_by"},
    "proof": {"incident_on"},
}
"""Facts that a letter holds and that go without saying in this variant."""


def day_in(language: str, moment: date) -> str:
    """The date as it must stand in a letter, from April to July."""
    first = language == "fr" and moment.day == 1
    month = MONTHS[language][moment.month - 4]
    return DATES.get(language, "{d} {m} {y}").format(d=f"{moment.day}{'er' * first}", m=month, y=moment.year)


def amount_in(language: str, minor: int) -> str:
    """The figures of an amount in the United States, without what groups and surrounds them."""
    return f"{minor // 100}{'.' if language in ('en', 'es') else ','}{minor % 100:02d}"


def squeezed(text: str) -> str:
    """Without spaces, which languages put between thousands, and without line breaks."""
    return re.sub(r"\s", "", text)


def facts(contents: BaseModel) -> Iterator[tuple[str, Any]]:
    """Every single fact of a letter with its name."""
    for name in type(contents).model_fields:
        value: Any = getattr(contents, name)
        several = cast("tuple[Any, ...]", value if isinstance(value, tuple) else (value,))
        for one in several:
            if isinstance(one, BaseModel):
                yield from facts(one)
            elif one is not None:
                yield name, one


# Complete, in every language


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_language_has_every_template_and_every_word(language: str) -> None:
    assert {path.name for path in (HERE / language).iterdir()} == {path.name for path in (HERE / "en").iterdir()}
    assert _words(language) == _words("en")


def _words(language: str) -> set[str]:
    words = tomllib.loads((HERE / language / "words.toml").read_text(encoding="utf-8"))
    numbers = {f"{table}.{kind}" for table in ("days", "within") for kind in words.pop(table)}
    return numbers | {f"{table}.{word}" for table, named in words.items() for word in named}


def test_the_seven_languages_are_there() -> None:
    assert set(EVERY_LANGUAGE) == {"de", "en", "es", "fr", "it", "pl", "sv"}


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_every_kind_class_and_reason_has_its_words(language: str) -> None:
    letters = every_letter(language)
    for kind in LossKind:
        for paper in DocumentKind:
            for injury in InjuryClass:
                assert rendered(_with_account(letters["claim"], kind, paper, injury)).body
    for field, template, values in (
        ("reason", "debit", DebitReason),
        ("reason", "reopened", ReopeningReason),
        ("reversed_for", "appeal, won", WaiverReason),
    ):
        bodies = {rendered(_changed(letters[template], **{field: value})).body for value in values}
        assert len(bodies) == len(values)


def _changed(letter: Letter, **contents: Any) -> Letter:
    return letter.model_copy(update={"contents": letter.contents.model_copy(update=contents)})


def _with_account(letter: Letter, kind: LossKind, paper: DocumentKind, injury: InjuryClass) -> Letter:
    assert isinstance(letter.contents, ClaimNotice)
    account = letter.contents.account
    item = account.items[0].model_copy(update={"kind": kind, "papers": (paper,)})
    return _changed(letter, account=account.model_copy(update={"items": (item,), "injury": injury}))


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", LETTERS)
def test_every_date_amount_and_number_of_days_stands_in_every_language(language: str, name: str) -> None:
    letter = every_letter(language)[name]
    words = rendered(letter)
    text = squeezed(words.subject + words.body)
    for fact, value in facts(letter.contents):
        if fact in UNSAID.get(name, ()):
            continue
        if isinstance(value, date):
            assert squeezed(day_in(language, value)) in text, (fact, value)
        elif fact.endswith("_minor"):
            assert amount_in(language, value) in re.sub(r"(?<=\d)[.,](?=\d{3})", "", text), (fact, value)
        elif fact.endswith(("_days", "_left")):
            assert re.search(rf"(?<!\d){value}(day|Tag|jour|día|giorn|dag|dni|dzień)", text), (fact, value)


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", LETTERS)
def test_every_moment_has_its_time_of_day(language: str, name: str) -> None:
    letter = every_letter(language)[name]
    moments = [value for fact, value in facts(letter.contents) if isinstance(value, datetime) and fact != "notified_at"]
    if moments and name != "appeal, won":
        assert re.search(r"\d:00( AM| a\.m\.)? UTC", rendered(letter).body.replace("\xa0", " "))


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", LETTERS)
def test_every_letter_names_claim_order_and_seller_and_links_to_the_portal(language: str, name: str) -> None:
    words = rendered(every_letter(language)[name])
    assert "731-9765440" in words.subject
    assert "\n" not in words.subject
    assert "731-9765440" in words.body
    assert str(CLAIM) in words.body
    assert "Folding step stool" in words.body
    assert "Shop Ltd" in words.body
    assert f"{PORTAL}/claims/{CLAIM}" in words.body
    assert words.language == language


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_proof_is_sent_where_certificates_go(language: str) -> None:
    assert f"{PORTAL}/certificates" in rendered(every_letter(language)["proof"]).body


@pytest.mark.parametrize("language", [language for language in EVERY_LANGUAGE if language != "en"])
@pytest.mark.parametrize("name", LETTERS)
def test_nothing_is_left_in_english(language: str, name: str) -> None:
    words = rendered(every_letter(language)[name])
    text = f"{words.subject}\n{words.body}".replace(f"{PORTAL}/claims/{CLAIM}", "").replace(f"{PORTAL}/", "")
    assert not ENGLISH.search(text)


@pytest.mark.parametrize("name", LETTERS)
def test_no_two_languages_share_a_sentence(name: str) -> None:
    data = {"Shop Ltd", f"{PORTAL}/claims/{CLAIM}", f"{PORTAL}/certificates", ""}
    sentences = [
        {line for line in rendered(every_letter(language)[name]).body.splitlines() if line[:1] != " "} - data
        for language in EVERY_LANGUAGE
    ]
    assert [one & other for one in sentences for other in sentences if one is not other and one & other] == []


@pytest.mark.parametrize("marketplace", load().marketplaces())
@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_every_letter_is_whole_on_every_marketplace(language: str, marketplace: str) -> None:
    policy = load().in_force(marketplace, date(2025, 5, 30))
    assert policy is not None
    letters = every_letter(language, policy=policy.version, marketplace=marketplace, currency=policy.currency)
    for name, letter in letters.items():
        body = rendered(letter).body
        assert "\n\n\n" not in body, name
        assert not body.startswith("\n"), name
        assert "{" not in body, name
        assert "None" not in body, name
        assert max(map(len, body.splitlines())) <= 110, name


# Days


def in_business_days() -> Policies:
    """The rules of the United States with every duration in business days."""
    us = load().version("US-1")
    handling, recovery = us.handling.model_dump(), us.recovery.model_dump()
    for part in (handling, recovery):
        part.update({name: BusinessDays(days) for name, days in part.items() if name.endswith("_days") and _is(days)})
    handling["insurer_reminder_days"] = (BusinessDays(10),)
    us = us.model_copy(
        update={
            "handling": us.handling.model_copy(update=handling),
            "recovery": us.recovery.model_copy(update=recovery),
        }
    )
    return Policies([us])


def _is(days: object) -> bool:
    return isinstance(days, int)


BUSINESS_DAYS: Final = {
    "en": "business days",
    "de": "Arbeitstage",
    "fr": "jours ouvrés",
    "es": "días hábiles",
    "it": "giorni lavorativi",
    "sv": "arbetsdagar",
    "pl": "dni rob",
}


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_business_days_are_called_so_after_their_way_through_the_database(language: str) -> None:
    letters = every_letter(language, in_business_days())
    for name, letter in letters.items():
        back = Letter.model_validate_json(letter.model_dump_json())
        durations = [value for fact, value in facts(back.contents) if fact.endswith("_days")]
        said = [days for days in durations if isinstance(days, BusinessDays)]
        shown = {fact for fact, _ in facts(back.contents) if fact.endswith("_days")} - UNSAID.get(name, set())
        if said and shown:
            assert squeezed(BUSINESS_DAYS[language]) in squeezed(rendered(back).body), name


def test_a_notice_in_business_days_counts_them_where_the_marketplace_is() -> None:
    contents = every_letter("en", in_business_days())["claim"].contents
    assert isinstance(contents, ClaimNotice)
    assert contents.respond_by == day(9), "a Monday, and a weekend between"
    assert contents.extended_to == day(21), "June 19 is a holiday"


FORMS: Final = {
    "en": {1: "1 day", 2: "2 days", 5: "5 days", 22: "22 days"},
    "de": {1: "1 Tag", 2: "2 Tage", 5: "5 Tage", 22: "22 Tage"},
    "fr": {1: "1 jour", 2: "2 jours", 5: "5 jours", 22: "22 jours"},
    "es": {1: "1 día", 2: "2 días", 5: "5 días", 22: "22 días"},
    "it": {1: "1 giorno", 2: "2 giorni", 5: "5 giorni", 22: "22 giorni"},
    "sv": {1: "1 dag", 2: "2 dagar", 5: "5 dagar", 22: "22 dagar"},
    "pl": {1: "1 dzień", 2: "2 dni", 5: "5 dni", 22: "22 dni"},
}
BUSINESS_FORMS: Final = {
    "en": {1: "1 business day", 2: "2 business days", 5: "5 business days", 22: "22 business days"},
    "de": {1: "1 Arbeitstag", 2: "2 Arbeitstage", 5: "5 Arbeitstage", 22: "22 Arbeitstage"},
    "fr": {1: "1 jour ouvré", 2: "2 jours ouvrés", 5: "5 jours ouvrés", 22: "22 jours ouvrés"},
    "es": {1: "1 día hábil", 2: "2 días hábiles", 5: "5 días hábiles", 22: "22 días hábiles"},
    "it": {1: "1 giorno lavorativo", 2: "2 giorni lavorativi", 5: "5 giorni lavorativi", 22: "22 giorni lavorativi"},
    "sv": {1: "1 arbetsdag", 2: "2 arbetsdagar", 5: "5 arbetsdagar", 22: "22 arbetsdagar"},
    "pl": {1: "1 dzień roboczy", 2: "2 dni robocze", 5: "5 dni roboczych", 22: "22 dni robocze"},
}
WITHIN: Final = {
    "de": {1: "von 1 Tag ", 2: "von 2 Tagen ", 5: "von 5 Tagen "},
    "pl": {1: "w ciągu 1 dnia\n", 2: "w ciągu 2 dni\n", 5: "w ciągu 5 dni\n"},
}
WITHIN_BUSINESS: Final = {
    "de": {1: "von 1 Arbeitstag ", 2: "von 2 Arbeitstagen ", 5: "von 5 Arbeitstagen "},
    "pl": {1: "w ciągu 1 dnia roboczego\n", 2: "w ciągu 2 dni roboczych\n", 5: "w ciągu 5 dni roboczych\n"},
}


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("kind", [int, BusinessDays])
def test_one_two_and_more_days_take_their_own_forms(language: str, kind: type[int]) -> None:
    forms = (BUSINESS_FORMS if kind is BusinessDays else FORMS)[language]
    for number, form in forms.items():
        body = rendered(_changed(every_letter(language)["claim"], resolving_days=kind(number))).body
        assert re.search(rf"(?<!\d){form}(?!\w)(?! robocz| business| hábil| lavorativ| ouvré)", body), form


@pytest.mark.parametrize("language", sorted(WITHIN))
@pytest.mark.parametrize("kind", [int, BusinessDays])
def test_days_stand_in_the_case_that_the_sentence_asks_for(language: str, kind: type[int]) -> None:
    for number, form in (WITHIN_BUSINESS if kind is BusinessDays else WITHIN)[language].items():
        assert form in rendered(_changed(every_letter(language)["claim"], confirmation_days=kind(number))).body


# What the seller must be told, and what not


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", LETTERS)
def test_no_letter_tells_of_anybodys_health_or_age(language: str, name: str) -> None:
    words = rendered(every_letter(language)[name])
    assert not HEALTH.search(words.subject + words.body)


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_claim_notice_gives_the_four_choices_with_their_dates(language: str) -> None:
    words = rendered(every_letter(language)["claim"])
    for number in ("1. ", "2. ", "3. ", "4. "):
        assert f"\n{number}" in words.body
    for moment in (day(7), day(14), day(37), day(47)):
        assert day_in(language, moment) in words.body
    assert day_in(language, day(7)) in words.subject


ADMITS_NOTHING: Final = {
    "en": "An answer admits nothing",
    "de": "Mit einer Antwort erkennen Sie nichts an",
    "fr": "Répondre ne vaut aucune reconnaissance",
    "es": "Responder no implica reconocer nada",
    "it": "Rispondere non significa ammettere nulla",
    "sv": "Ett svar innebär inget medgivande",
    "pl": "Odpowiedź nie oznacza żadnego uznania",
}


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_claim_notice_says_that_answering_admits_nothing(language: str) -> None:
    letters = every_letter(language)
    for name in ("claim", "reminder"):
        assert ADMITS_NOTHING[language] in rendered(letters[name]).body.replace("\n", " ")


EVIDENCE_ANY_TIME: Final = {
    "en": "You can send evidence at any time before the decision, whichever way the claim goes.",
    "de": "Bis zur Entscheidung können Sie uns jederzeit Nachweise senden, welchen Weg der Vorgang auch nimmt.",
    "fr": "Vous pouvez nous envoyer des éléments de preuve à tout moment avant la décision,",
    "es": "Puede enviarnos pruebas en cualquier momento antes de la decisión,",
    "it": "Potete inviarci prove in qualsiasi momento prima della decisione,",
    "sv": "Ni kan skicka bevisning när som helst före beslutet,",
    "pl": "Dowody mogą Państwo przesyłać w każdej chwili przed rozstrzygnięciem,",
}


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", ["claim", "claim, large", "direct_pay", "reopened"])
def test_on_every_route_the_seller_reads_that_evidence_counts_before_the_decision(language: str, name: str) -> None:
    body = re.sub(r"\s+", " ", rendered(every_letter(language)[name]).body)
    assert EVIDENCE_ANY_TIME[language] in body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", ["claim", "claim, large", "direct_pay", "reopened"])
def test_before_any_debit_the_seller_reads_of_notice_and_appeal(language: str, name: str) -> None:
    letter = every_letter(language)[name]
    heading = (HERE / language / "_before_debit.txt").read_text(encoding="utf-8").partition("\n")[0]
    _, _, section = rendered(letter).body.partition(f"{heading}\n")
    section = section.partition("\n\n")[0]
    assert re.search(r"(?<!\d)7 ", section), "days between notice and debit"
    assert re.search(r"(?<!\d)30 ", section), "days to appeal"


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_debit_notice_says_how_to_appeal_and_until_when(language: str) -> None:
    letters = every_letter(language)
    assert day_in(language, day(50)) in rendered(letters["debit"]).body
    assert day_in(language, day(50)) not in rendered(letters["debit, appealed"]).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_an_appeal_that_was_won_and_one_that_was_lost_read_differently(language: str) -> None:
    letters = every_letter(language)
    won, lost, still = (rendered(letters[f"appeal, {end}"]) for end in ("won", "lost", "still open"))
    assert len({won.subject, lost.subject}) == 2
    assert amount_in(language, 29_005) in lost.subject
    assert day_in(language, day(55)) in still.body
    assert day_in(language, day(55)) not in lost.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_only_an_appeal_won_speaks_of_the_customers_payment(language: str) -> None:
    letter = every_letter(language)["appeal, won"]
    lines = [
        len(rendered(_changed(letter, reversed_for=reason)).body.splitlines())
        for reason in (WaiverReason.APPEAL_WON, WaiverReason.DUPLICATE)
    ]
    assert lines[0] == lines[1] + 1


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_notices_list_the_items_with_their_amounts(language: str) -> None:
    letters = every_letter(language)
    for name in ("claim", "direct_pay", "reopened", "debit", "insurer"):
        body = rendered(letters[name]).body
        assert all(amount_in(language, minor) in body for minor in (2_215, 26_790, 29_005)), name


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_an_amendment_is_told_with_both_sums_and_the_date_that_has_not_changed(language: str) -> None:
    letters = every_letter(language)
    for name, until in (("amended", day(7)), ("amended, direct pay", day(2))):
        words = rendered(letters[name])
        assert amount_in(language, 42_215) in words.subject
        assert amount_in(language, 29_005) in words.body
        assert day_in(language, until) in words.body
    assert day_in(language, day(7)) not in rendered(letters["amended, over"]).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_crossing_the_line_is_told_either_way(language: str) -> None:
    letters = every_letter(language)
    bodies = [rendered(letters[f"amended{how}"]).body for how in ("", ", large now", ", small now")]
    assert len({len(body.splitlines()) for body in bodies[:2]}) == 2
    assert len(set(bodies)) == 3


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_claim_above_the_line_has_its_amount_reviewed_first(language: str) -> None:
    letters = every_letter(language)
    small, large = rendered(letters["claim"]).body, rendered(letters["claim, large"]).body
    adjuster = r"adjuster|Sachverständiger|expert|perito|skadereglerare|[Ll]ikwidator"
    assert len(re.findall(adjuster, large)) == len(re.findall(adjuster, small)) + 1


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_direct_pay_notice_says_until_when_to_comment(language: str) -> None:
    words = rendered(every_letter(language)["direct_pay"])
    assert day_in(language, day(2)) in words.subject
    assert day_in(language, day(2)) in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_without_a_comment_window_no_date_is_promised(language: str) -> None:
    letter = every_letter(language)["direct_pay"]
    assert isinstance(letter.contents, DirectPayNotice)
    words = rendered(_changed(letter, comment_by=None))
    assert "UTC" not in words.subject + words.body
    assert "\n\n\n" not in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_letters_about_money_give_amount_and_date(language: str) -> None:
    letters = every_letter(language)
    for name in ("proof", "debit"):
        words = rendered(letters[name])
        assert amount_in(language, 29_005) in words.body
        assert day_in(language, day(27)) in words.subject
        assert day_in(language, day(27)) in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_debit_of_less_than_was_claimed_says_how_much_of_it(language: str) -> None:
    letter = every_letter(language)["debit"]
    assert isinstance(letter.contents, DebitNotice)
    body = rendered(_changed(letter, amount_minor=12_345)).body
    assert body.count(amount_in(language, 12_345)) == 2
    assert body.count(amount_in(language, 29_005)) == 2


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_waiver_by_cover_on_the_incident_day_says_so(language: str) -> None:
    letter = every_letter(language)["proof"]
    assert isinstance(letter.contents, ProofRequest)
    assert day_in(language, date(2025, 5, 20)) not in rendered(letter).body
    on_incident = _changed(letter, waiver_cover=WaiverCover.ON_INCIDENT)
    assert day_in(language, date(2025, 5, 20)) in rendered(on_incident).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_used_extension_is_not_offered_again(language: str) -> None:
    letter = every_letter(language)["reminder"]
    assert isinstance(letter.contents, Reminder)
    assert day_in(language, day(14)) in rendered(letter).body
    assert day_in(language, day(14)) not in rendered(_changed(letter, extended_to=None)).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", ["insurer", "insurer_reminder"])
def test_the_insurer_reads_who_is_insured_and_until_when_to_reply(language: str, name: str) -> None:
    words = rendered(every_letter(language)[name])
    assert "Shop Ltd" in words.subject
    assert day_in(language, day(31)) in words.subject
    assert day_in(language, day(31)) in words.body


# Whose language


def test_a_seller_whose_language_we_do_not_write_is_written_to_in_that_of_the_marketplace() -> None:
    letter = every_letter("nl", policy="DE-1", marketplace="DE", currency=Currency.EUR)["claim"]
    words = rendered(letter)
    assert (words.language, "9. Juni 2025" in words.body) == ("de", True)


def test_where_neither_is_written_it_is_english() -> None:
    letter = every_letter("nl")["claim"].model_copy(update={"fallback": "ja"})
    words = rendered(letter)
    assert (words.language, "June 9, 2025" in words.body, "$290.05" in words.body) == ("en", True, True)


def test_dates_and_money_are_written_as_on_the_sellers_marketplace() -> None:
    there = at(day(0), seller())
    british = rendered(
        only_letter(decide.route_chosen(begun(policy="GB-1", marketplace="GB", currency=Currency.GBP), route(), there))
    )
    assert "9 June 2025" in british.body
    assert "£290.05" in british.body


@pytest.mark.parametrize(
    ("language", "marketplace", "currency", "amount"),
    [
        ("de", "DE", Currency.EUR, "290,05\xa0€"),
        ("fr", "CA", Currency.CAD, "290,05\xa0$"),
        ("es", "MX", Currency.MXN, "$290.05"),
        ("it", "IT", Currency.EUR, "290,05\xa0€"),
        ("sv", "SE", Currency.SEK, "290,05\xa0kr"),
        ("pl", "PL", Currency.PLN, "290,05\xa0zł"),
    ],
)
def test_money_is_written_as_the_locale_writes_it(
    language: str, marketplace: str, currency: Currency, amount: str
) -> None:
    letter = every_letter(language, policy=f"{marketplace}-1", marketplace=marketplace, currency=currency)["claim"]
    assert amount in rendered(letter).body


def test_the_first_of_a_month_is_the_first_in_french() -> None:
    assert "1er avril 2025" in rendered(every_letter("fr")["claim"]).body


# The effect


def test_the_effect_carries_facts_and_stays_small() -> None:
    for letter in every_letter("de").values():
        assert len(letter.model_dump_json()) < 1600
        assert Letter.model_validate_json(letter.model_dump_json()) == letter


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("name", ["claim", "direct_pay", "proof", "debit"])
def test_a_letter_that_was_queued_before_appeals_were_told_of_still_goes_out(language: str, name: str) -> None:
    queued = every_letter(language)[name].model_dump(mode="json", exclude={"fallback"})
    for later in ("appeal_days", "appeal_by", "appeal_is_over"):
        queued["contents"].pop(later, None)
    body = rendered(Letter.model_validate(queued)).body
    assert "\n\n\n" not in body
    assert amount_in(language, 29_005) in body


def test_no_address_shows_when_a_letter_is_printed() -> None:
    letter = every_letter("en")["insurer"]
    assert letter.to not in repr(letter)


def test_every_kind_of_notice_has_a_letter() -> None:
    assert {letter.kind for letter in every_letter("en").values()} == set(NoticeKind)


def test_an_insurer_of_a_seller_nobody_registered_is_written_to_in_the_marketplaces_language() -> None:
    letter = only_letter(answers.seller_answered(notified(), referral(), at(day(1))))
    assert isinstance(letter.contents, InsurerNotice)
    assert isinstance(letter.contents.account, Account)
    assert rendered(letter).language == "en"


def test_a_rating_is_written_as_insurers_write_it() -> None:
    contents = every_letter("en")["proof"].contents
    assert isinstance(contents, ProofRequest)
    assert contents.ratings == (InsurerRating.A_OR_BETTER, InsurerRating.A_MINUS)
    assert "rated A or A- " in rendered(every_letter("en")["proof"]).body


def test_every_marketplace_has_letters_in_the_language_that_its_policy_names() -> None:
    assert {policy.letters.language for policy in load().versions()} <= LANGUAGES
