"""A wrong policy file says which file, line and field, and what cures it."""

from datetime import date
from pathlib import Path

import pytest

from shared.policy import PolicyError, load
from shared.policy.files import HERE, versions, versions_in

US = (HERE / "us.toml").read_text(encoding="utf-8")


def complaint(folder: Path, text: str) -> str:
    """What is said about a file of this text."""
    (folder / "us.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load(folder)
    return str(caught.value)


def with_change(old: str, new: str) -> str:
    assert US.count(old) == 1, f"{old!r} stands {US.count(old)} times"
    return US.replace(old, new)


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(US.splitlines(), start=1) if line.startswith(text))


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "cure"),
    [
        (
            "resolving_days = 30",
            'resolving_days = "5 buisness days"',
            "resolving",
            "handling.resolving_days",
            "in quotes",
        ),
        (
            "resolving_days = 30",
            "resolving_days = true",
            "resolving",
            "handling.resolving_days",
            "is no number of days",
        ),
        ("[3, 6]", '[3, "2 business days"]', "reminder_days", "handling.reminder_days", "count both in calendar days"),
        ("= [20] ", "= [30] ", "insurer_reminder_days", "insurer_reminder_days", "before the 30 days to answer are"),
        (
            "duty_reminder_days = [14, 25]",
            "duty_reminder_days = [31]",
            "duty_rem",
            "insurance.duty",
            "give earlier days",
        ),
        ('"America/New_York"', '"America/Newyork"', "timezone", "calendar.timezone", "such as Europe/Berlin"),
        ('holidays = "US"', 'holidays = "XX"', "holidays", "calendar.holidays", "such as DE"),
        ('holidays = "US"', 'region = "QQ"\nholidays = "US"', "holidays", "calendar.region", "or use one of AK"),
        ("SAME_PAYEE = 50\n", "", "[versions.screening.w", "screening.weights", "SAME_PAYEE has no weight; write 0"),
        ('level = "watch"', 'level = "look"', 'level = "watch"', "hazards.1.level", "'watch', 'investigate'"),
        ("claims = 25", "claims = 0", "claims = 25", "hazards.2.claims", "should be greater than or equal to 1"),
        ("claims = 60", "clams = 60", "claims = 60", "hazards.3.clams", "did you mean claims?"),
        (
            "over_minor = 75_000",
            "overminor = 75_000",
            "over_minor",
            "reporting.1.overminor:",
            "did you mean over_minor?",
        ),
        ("\nreview_days = 40", "\nreview_days = 0", "review_days", "handling.review_days", "at least 1 day"),
        ("within_days = 3 #", "within_days = 0 #", "quotes_within", "insurance.quotes_within_days", "at least 1 day"),
        ("cap_minor = 100_000_000", 'cap_minor = "much"', "cap_minor", "handling.cap_minor", "a whole number"),
        ("payout_attempts = 3", "payout_attempts = 0", "payout_attempts", "handling.payout_attempts", "correct the"),
        ('"if_covered"', '"at_times"', "direct_pay", "handling.direct_pay", "'if_covered' or 'always'"),
        ("= 2021-09-01\n\n", '= "soon"\n\n', "effective_from", "effective_from", "such as 2024-05-01"),
        ("minors_never_automatic = true", "minors_never_automatic = 7", "minors_never", "injuries.minors", "true or"),
        ("[3, 6]", "[3, 7]", "reminder_days", "handling.reminder_days", "give earlier days"),
        ("[3, 6]", "3", "reminder_days", "handling.reminder_days", "in square brackets"),
        ('"medical", "lost', '"punitive", "lost', "covered", "eligibility.covered", "punitive can never be covered"),
        ('medical = ["bill"', 'medicl = ["bill"', "medical = ", "eligibility.papers.medicl", "use one of"),
        ('"bill", "medical_record"', "", "[versions.eligibility.papers]", "eligibility.papers", "at least one kind"),
        ('"bill", "medical_record"', '"bil"', "medical = ", "papers.medical.1", "'bill'"),
        ('"ingest"', '""', "never_automatic_diagnoses", "never_automatic_diagnoses.1", "at least 3 characters"),
        ("screening_days = 15", "", "[versions.eligibility]", "eligibility.screening_days", "add it"),
        (
            "max_claims_to_qualify = 25",
            "max_claims_to_qualify = 40",
            "max_claims",
            "insurance.max_cl",
            "write 39 or less",
        ),
        ("write_off_days = 60", "write_off_days = 44", "write_off", "recovery.write_off_days", "write more than 44"),
        ("insurer_demand_days = 30", "insurer_demand_days = 46", "write_off", "write_off_days", "write more than 60"),
        (
            "insurer_demand_days = 30",
            'insurer_demand_days = "5 business days"',
            "write_off",
            "recovery.write_off_days",
            "count all of them in calendar days",
        ),
        ('"umbrella", "excess"', '"umbrela", "excess"', "kinds", "insurance.kinds", "'umbrella'"),
        ('"commercial_general", "umbrella", "excess"', "", "kinds", "insurance.kinds", "at least 1"),
        ("cap_minor = 100_000_000\n", "", "[versions.handling]", "handling.cap_minor", "add it"),
        ("cap_minor = 100", "capp_minor = 100", "cap_minor", "handling.capp_minor", "did you mean cap_minor?"),
        ("[versions.recovery]", "[versions.recoveries]", "[versions.recov", "recoveries", "did you mean recovery?"),
        ("adult_age = 18", "adult_age = 18\nmood = 3", "guardian_papers", "eligibility.mood", "take it out"),
    ],
)
def test_a_wrong_field_is_named_with_its_line_and_its_cure(
    *, old: str, new: str, line: str, field: str, cure: str, tmp_path: Path
) -> None:
    complaints = complaint(tmp_path, with_change(old, new)).splitlines()

    about = next(said for said in complaints if field in said)
    assert about.startswith(f"us.toml, line {line_of(line)}: versions.1.")
    assert cure in "\n".join(complaints)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = US.replace("proof_days = 7", "proof_days = -1").replace("review_days = 40", 'review_days = "x"')

    assert len(complaint(tmp_path, text).splitlines()) == 2


def test_the_line_is_found_in_the_second_version_too(tmp_path: Path) -> None:
    second = US.replace('"US-1"', '"US-2"').replace("effective_from = 2021", "effective_from = 2031")
    text = US + "\n" + second.replace("approval_days = 10", "approval_days = -1")

    line = len(US.splitlines()) + 1 + line_of("approval_days")
    assert complaint(tmp_path, text).startswith(
        f"us.toml, line {line}: versions.2.handling.approval_days: -1 is no number"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (US.replace('"US-1"', '"US-1'), "at line 4"),
        ("", "versions: is missing; add it"),
        ("versions = []", "under [[versions]]"),
        ("versions = 3", "is no list of tables; write the head of each version as [[versions]]"),
        ("versions = [3]", "is no list of tables; write the head of each version as [[versions]]"),
        ("# versions\n\n[versions]\n", "us.toml, line 3: versions: is no list of tables"),
        (US.replace("[[versions]]", "[[version]]"), "did you mean versions?"),
        (US + US, "'US-1' stands in us.toml already; give each version a name of its own"),
        (US + US.replace('"US-1"', '"US-2"'), "US-2 and US-1 are both in force from 2021-09-01; give the newer one"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_how_to_mend_it(text: str, said: str, tmp_path: Path) -> None:
    complained = complaint(tmp_path, text)

    assert complained.startswith("us.toml")
    assert said in complained


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_bytes("# für".encode("latin-1"))

    with pytest.raises(PolicyError, match=r"de\.toml: byte 3 is not UTF-8; save the file as UTF-8"):
        load(tmp_path)


def test_a_folder_without_policies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no policy file"):
        load(tmp_path)


def reporting(*days: str) -> str:
    rules = ", ".join(f"{{ since = {day}, over_minor = 1 }}" for day in days)
    cut = US[: US.index("[[versions.injuries.reporting]]")] + US[US.index("[versions.screening]") :]
    return cut.replace("minors_never_automatic = true", f"minors_never_automatic = true\nreporting = [{rules}]")


def test_thresholds_that_are_not_in_the_order_of_their_days_are_refused(tmp_path: Path) -> None:
    assert "write the earliest first" in complaint(tmp_path, reporting("2025-01-01", "2024-01-01"))
    (tmp_path / "us.toml").write_text(reporting("2024-01-01", "2025-01-01"), encoding="utf-8")
    injuries = load(tmp_path).version("US-1").injuries
    assert injuries.reported_over(date(2023, 12, 31)) is None
    assert injuries.reported_over(date(2025, 1, 1)) == 1


# Versions written as another one, with what differs

SHORT = """
[[versions]]
version = "US-2"
like = "US-1"
effective_from = 2031-01-01

[versions.handling]
proof = 1
"""


def second(*lines: str, like: str = "US-1") -> str:
    """The file of a second version with these lines in place of the one that is wrong."""
    return SHORT.replace("proof = 1", "\n".join(lines)).replace('"US-1"', f'"{like}"')


def beside(folder: Path, text: str, name: str = "us-2.toml") -> str:
    """What is said about a file of this text that stands beside the one of US-1."""
    (folder / name).write_text(text, encoding="utf-8")
    return complaint(folder, US)


def test_what_a_version_does_not_write_is_as_in_the_one_it_is_like(tmp_path: Path) -> None:
    (tmp_path / "us.toml").write_text(US + second("seller_response_days = 9", "reminder_days = [8]"), encoding="utf-8")

    first, after = load(tmp_path).of("US")

    handling = first.handling.model_copy(update={"seller_response_days": 9, "reminder_days": (8,)})
    changed = {"version": "US-2", "effective_from": date(2031, 1, 1), "handling": handling}
    assert after == first.model_copy(update=changed)


def test_a_list_takes_the_place_of_the_list_it_is_called_like(tmp_path: Path) -> None:
    text = US + second() + '[[versions.hazards]]\nlevel = "watch"\nwithin_days = 1\nclaims = 1\nserious = 1\n'
    (tmp_path / "us.toml").write_text(text, encoding="utf-8")

    assert [len(policy.hazards) for policy in load(tmp_path).of("US")] == [3, 1]


def test_each_field_knows_which_version_writes_it(tmp_path: Path) -> None:
    third = second("approval_days = 3", like="US-2").replace('version = "US-2"', 'version = "US-3"')
    third = third.replace("2031", "2032")
    (tmp_path / "us.toml").write_text(US + second("review_days = 9") + third, encoding="utf-8")

    last = versions(tmp_path)[-1]

    assert last.like == "US-2"
    wanted = ("approval_days", "review_days", "cap_minor")
    assert [last.origin(("handling", name)) for name in wanted] == ["US-3", "US-2", "US-1"]
    assert last.origin(("calendar", "region")) is None
    assert last.origin(("hazards", 2, "claims")) == "US-1"


def test_a_problem_of_the_version_that_others_are_like_is_told_once_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "ca.toml").write_text((HERE / "ca.toml").read_text(encoding="utf-8"), encoding="utf-8")
    broken = with_change("cap_minor = 100_000_000", "cap_minor = -1").replace("adult_age = 18\n", "")

    told = complaint(tmp_path, broken).splitlines()

    assert [line.partition(": ")[0] for line in told] == [
        f"us.toml, line {line_of('[versions.eligibility]')}",
        f"us.toml, line {line_of('cap_minor') - 1}",
    ]


def test_an_inherited_field_that_no_longer_fits_is_told_with_both_places(tmp_path: Path) -> None:
    told = beside(tmp_path, second("seller_response_days = 5"))

    assert told.startswith(
        f"us-2.toml, line 7: versions.1.handling.reminder_days (as in US-1: us.toml, line {line_of('reminder_days')}): "
    )
    assert told.endswith("a reminder must come before the 5 days to answer are over; give earlier days")


def test_business_days_to_answer_need_reminders_in_business_days(tmp_path: Path) -> None:
    told = beside(tmp_path, second('seller_response_days = "7 business days"'))

    assert "a reminder after 3 days cannot be compared with the 7 business days to answer" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (second(like="US-l"), "us-2.toml, line 4: versions.1.like: there is no version 'US-l'; did you mean US-1?"),
        (second(like="elsewhere"), "like: there is no version 'elsewhere'; name a version that stands in one of"),
        (second().replace('"US-1"', "3"), "there is no version '3'; name a version"),
        (second(like="US-2"), "line 4: versions.1.like: US-2 is like US-2; write one of them whole"),
        (
            second("cap_minr = 3"),
            "us-2.toml, line 8: versions.1.handling.cap_minr: is not a field of a policy; did you m",
        ),
        (second().replace('version = "US-2"\n', ""), "'US-1' stands in us"),
        (second().replace("effective_from = 2031-01-01\n", ""), "are both in force from 2021-09-01"),
    ],
)
def test_a_version_written_as_another_one_says_what_is_wrong_with_it(text: str, said: str, tmp_path: Path) -> None:
    assert said in beside(tmp_path, text)


def test_versions_that_are_like_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "us-3.toml").write_text(second(like="US-2").replace('version = "US-2"', 'version = "US-3"'))

    told = beside(tmp_path, second(like="US-3"))

    assert "us-2.toml, line 4: versions.1.like: US-2 is like US-3 is like US-2; write one of them whole" in told
    assert "us-3.toml, line 4: versions.1.like: US-3 is like US-2 is like US-3; write one of them whole" in told


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    told = beside(tmp_path, second("cap_minor = -1"))
    assert len(told.splitlines()) == 1
    (tmp_path / "us.toml").write_text(with_change("proof_days = 7", "proof_days = -1"), encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        versions(tmp_path)
    assert [line.partition(",")[0] for line in str(caught.value).splitlines()] == ["us-2.toml", "us.toml"]


def test_a_proposed_file_may_be_like_what_stands_in_the_folder(tmp_path: Path) -> None:
    proposed = tmp_path / "proposed.toml"
    proposed.write_text(second("cap_minor = 7"), encoding="utf-8")

    [version] = versions_in(proposed)

    assert (version.policy.version, version.policy.handling.cap_minor) == ("US-2", 7)
    assert version.policy.recovery == load().version("US-1").recovery


def test_a_proposed_file_may_be_a_changed_copy(tmp_path: Path) -> None:
    proposed = tmp_path / "us.toml"
    proposed.write_text(with_change("proof_days = 7", "proof_days = 9"), encoding="utf-8")

    [version] = versions_in(proposed)

    assert (version.policy.version, version.policy.recovery.proof_days) == ("US-1", 9)


def test_a_proposed_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nothing\.toml: cannot be read \(No such file"):
        versions_in(tmp_path / "nothing.toml")
