"""The letters as their readers see them: complete in every language, and without what is nobody's business."""

import re
from datetime import date

import pytest

from services.seller_notifier import decide
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
from services.seller_notifier.rendering import HERE, LANGUAGES, Words, render
from shared.events.claim import DocumentKind, InjuryClass, LossKind
from shared.events.seller_notifier import NoticeKind
from shared.events.seller_portal import InsurerRating
from shared.money import Currency
from shared.policy import load
from shared.policy.model import WaiverCover
from tests.deciding import at, day
from tests.seller_notifier.given import (
    CLAIM,
    begun,
    debit_noticed,
    notified,
    only_letter,
    proof_requested,
    referral,
    route,
    seller,
    written,
)

PORTAL = "https://portal.example"
EVERY_LANGUAGE = sorted(LANGUAGES)
TEMPLATES = ("claim", "direct_pay", "reminder", "proof", "debit", "insurer")
HEALTH = re.compile(
    r"diagnos|hospital|doctor|physician|patient|medic|fracture|lacerat|contusion|burn|surgery|emergency|symptom|body|"
    r"krankenhaus|klinik|arzt|ärzt|notaufnahme|wunde|bruch|verbrenn|operation|körper|erkrank|gesundheit|\bkind\b|child",
    re.IGNORECASE,
)


def every_letter(language: str) -> dict[str, Letter]:
    """One of each, as the decisions write them on day 0."""
    there = at(day(0), seller(language=language))
    return {
        "claim": written(by=seller(language=language))[1],
        "direct_pay": written(direct_pay=True, by=seller(language=language))[1],
        "reminder": only_letter(decide.deadline_passed(notified(), at(day(3), seller(language=language)))),
        "proof": only_letter(decide.proof_requested(begun(), proof_requested(day(7)), there)),
        "debit": only_letter(decide.debit_noticed(begun(), debit_noticed(), there)),
        "insurer": only_letter(decide.seller_answered(notified(), referral(), there)),
    }


def rendered(letter: Letter) -> Words:
    return render(letter, PORTAL)


def day_in(language: str, moment: date) -> str:
    """The date as it must stand in a letter of these languages."""
    german = ("Mai", "Juni", "Juli", "August")
    english = ("May", "June", "July", "August")
    if language == "de":
        return f"{moment.day}. {german[moment.month - 5]} {moment.year}"
    return f"{english[moment.month - 5]} {moment.day}, {moment.year}"


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_language_has_every_letter_and_every_word(language: str) -> None:
    english = {path.name for path in (HERE / "en").iterdir()}
    assert {path.name for path in (HERE / language).iterdir()} == english
    for kind in LossKind:
        for paper in DocumentKind:
            for injury in InjuryClass:
                assert rendered(_claim_with(language, kind, paper, injury)).body
    for reason in DebitReason:
        letter = every_letter(language)["debit"]
        assert isinstance(letter.contents, DebitNotice)
        contents = letter.contents.model_copy(update={"reason": reason})
        assert rendered(letter.model_copy(update={"contents": contents})).body


def _claim_with(language: str, kind: LossKind, paper: DocumentKind, injury: InjuryClass) -> Letter:
    letter = every_letter(language)["claim"]
    assert isinstance(letter.contents, ClaimNotice)
    account = letter.contents.account
    item = account.items[0].model_copy(update={"kind": kind, "papers": (paper,)})
    contents = letter.contents.model_copy(
        update={"account": account.model_copy(update={"items": (item,), "injury": injury})}
    )
    return letter.model_copy(update={"contents": contents})


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_letter_has_one_line_of_subject_and_names_the_order_and_the_claim(language: str, template: str) -> None:
    words = rendered(every_letter(language)[template])
    assert "731-9765440" in words.subject
    assert "\n" not in words.subject
    assert "731-9765440" in words.body
    assert str(CLAIM) in words.body
    assert PORTAL in words.body
    assert words.language == language


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_letter_has_a_gap_or_a_line_too_long_to_read(language: str, template: str) -> None:
    body = rendered(every_letter(language)[template]).body
    assert "\n\n\n" not in body
    assert "{" not in body
    assert "None" not in body
    assert max(map(len, body.splitlines())) <= 110


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_letter_tells_of_anybodys_health_or_age(language: str, template: str) -> None:
    words = rendered(every_letter(language)[template])
    assert not HEALTH.search(words.subject + words.body)


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_claim_notice_gives_the_four_choices_with_their_dates(language: str) -> None:
    words = rendered(every_letter(language)["claim"])
    for number in ("1. ", "2. ", "3. ", "4. "):
        assert f"\n{number}" in words.body
    for moment in (day(7), day(14), day(37), day(47)):
        assert day_in(language, moment) in words.body
    assert day_in(language, day(7)) in words.subject


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_claim_notice_says_that_answering_admits_nothing(language: str) -> None:
    promise = {"en": "An answer admits nothing", "de": "Mit einer Antwort erkennen Sie nichts an"}[language]
    letters = every_letter(language)
    assert promise in rendered(letters["claim"]).body
    assert promise in rendered(letters["reminder"]).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_notices_list_the_items_with_their_amounts(language: str) -> None:
    amounts = {"en": ("$22.15", "$267.90", "$290.05"), "de": ("22,15\xa0$", "267,90\xa0$", "290,05\xa0$")}[language]
    letters = every_letter(language)
    for template in ("claim", "direct_pay", "debit", "insurer"):
        body = rendered(letters[template]).body
        assert all(amount in body for amount in amounts), template


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_claim_above_the_line_has_its_amount_reviewed_first(language: str) -> None:
    review = {"en": "an adjuster reviews the amount", "de": "Ein Sachverständiger prüft den"}[language]
    there = at(day(0), seller(language=language))
    above = rendered(only_letter(decide.route_chosen(begun(small=False), route(), there)))
    assert review in above.body
    assert review not in rendered(every_letter(language)["claim"]).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_direct_pay_notice_says_until_when_to_comment(language: str) -> None:
    words = rendered(every_letter(language)["direct_pay"])
    assert day_in(language, day(2)) in words.subject
    assert day_in(language, day(2)) in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_without_a_comment_window_no_date_is_promised(language: str) -> None:
    letter = every_letter(language)["direct_pay"]
    assert isinstance(letter.contents, DirectPayNotice)
    contents = letter.contents.model_copy(update={"comment_by": None})
    words = rendered(letter.model_copy(update={"contents": contents}))
    assert words.subject.endswith(("zahlen", "customer"))
    assert day_in(language, day(2)) not in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_letters_about_money_give_amount_and_date(language: str) -> None:
    letters = every_letter(language)
    amount = {"en": "$290.05", "de": "290,05\xa0$"}[language]
    for template in ("proof", "debit"):
        words = rendered(letters[template])
        assert amount in words.body
        assert day_in(language, day(7)) in words.subject
        assert day_in(language, day(7)) in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_waiver_by_cover_on_the_incident_day_says_so(language: str) -> None:
    letter = every_letter(language)["proof"]
    assert isinstance(letter.contents, ProofRequest)
    contents = letter.contents.model_copy(update={"waiver_cover": WaiverCover.ON_INCIDENT})
    words = rendered(letter.model_copy(update={"contents": contents}))
    assert day_in(language, contents.incident_on) in words.body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_a_used_extension_is_not_offered_again(language: str) -> None:
    letter = every_letter(language)["reminder"]
    assert isinstance(letter.contents, Reminder)
    assert day_in(language, day(14)) in rendered(letter).body
    contents = letter.contents.model_copy(update={"extended_to": None})
    assert day_in(language, day(14)) not in rendered(letter.model_copy(update={"contents": contents})).body


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_insurer_reads_who_is_insured_and_until_when_to_reply(language: str) -> None:
    words = rendered(every_letter(language)["insurer"])
    assert "Shop Ltd" in words.body
    assert day_in(language, day(30)) in words.body


@pytest.mark.parametrize("language", ["fr", "xx"])
def test_a_language_without_letters_is_answered_in_english(language: str) -> None:
    words = rendered(every_letter(language)["claim"])
    assert words.language == "en"
    assert "June 9, 2025" in words.body
    assert "$290.05" in words.body


def test_dates_and_money_are_written_as_on_the_sellers_marketplace() -> None:
    there = at(day(0), seller())
    british = rendered(
        only_letter(decide.route_chosen(begun(policy="GB-1", marketplace="GB", currency=Currency.GBP), route(), there))
    )
    assert "9 June 2025" in british.body
    assert "£290.05" in british.body


@pytest.mark.parametrize("marketplace", load().marketplaces())
@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_claim_notice_renders_for_every_marketplace(language: str, marketplace: str) -> None:
    policy = load().in_force(marketplace, date(2025, 5, 30))
    assert policy is not None
    state = begun(policy=policy.version, marketplace=marketplace, currency=policy.currency)
    assert rendered(only_letter(decide.route_chosen(state, route(), at(day(0), seller(language=language))))).body


def test_the_effect_carries_facts_and_stays_small() -> None:
    for letter in every_letter("de").values():
        assert len(letter.model_dump_json()) < 1500
        assert Letter.model_validate_json(letter.model_dump_json()) == letter


def test_no_address_shows_when_a_letter_is_printed() -> None:
    letter = every_letter("en")["insurer"]
    assert letter.to not in repr(letter)


def test_every_kind_of_notice_has_a_letter() -> None:
    assert {letter.kind for letter in every_letter("en").values()} == set(NoticeKind)


def test_an_insurer_of_a_seller_nobody_registered_is_written_to_in_english() -> None:
    letter = only_letter(decide.seller_answered(notified(), referral(), at(day(1))))
    assert isinstance(letter.contents, InsurerNotice)
    assert isinstance(letter.contents.account, Account)
    assert rendered(letter).language == "en"


def test_a_rating_is_written_as_insurers_write_it() -> None:
    contents = every_letter("en")["proof"].contents
    assert isinstance(contents, ProofRequest)
    assert contents.ratings == (InsurerRating.A_OR_BETTER, InsurerRating.A_MINUS)
    assert "rated A or A- " in rendered(every_letter("en")["proof"]).body
