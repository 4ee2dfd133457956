"""Every statement can fail: a house in which all is well, and one thing put wrong for each of them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from ops.demo.scenes import SCENES
from ops.simulation.house import House
from ops.simulation.invariants import INVARIANTS, Invariant, Watch, decided, ended, replaced, said, taken
from ops.simulation.plan import Fault, Kind, Plan
from ops.simulation.run import lived
from services.seller_notifier.letter import Letter
from shared.runtime.codec import Headers, type_of
from shared.runtime.log import Record
from shared.runtime.store import Asked, Changes, DeadLetter, HeldRow, JournalRow
from shared.runtime.turn import DEADLINE

ROUTES: Final = ("approved_by_two", "debited_in_full", "seller_silent")


@pytest.fixture
def house() -> House:
    scenes = [next(n for n, scene in enumerate(SCENES) if scene.route == route) for route in ROUTES]
    return lived(Plan(5, tuple((n,) for n in scenes)))


def facts(house: House, kind: str) -> list[Record]:
    return [r for _, rs in sorted(house.cluster.records.items()) for r in rs if type_of(r.headers) == kind]


def without(headers: Headers, name: str, value: bytes) -> Headers:
    return [(n, value if n == name else v) for n, v in headers]


def replayed(house: House, statement: type[Invariant], change: Callable[[Record], Record | None]) -> str | None:
    """The whole log once more, with some records changed or left out (None): what the statement says of it."""
    watch = Watch([statement], house.seen)
    records = (r for _, rs in sorted(house.cluster.records.items()) for r in rs)
    for record in sorted(records, key=lambda r: (r.timestamp, r.place, r.offset)):
        changed = change(record)
        if changed is not None:
            watch.appended(changed)
    if statement is said.NeverMoreThanDecided:
        watch.ended()
    return watch.violation.what if watch.violation else None


def written(house: House, process: str) -> Changes:
    """Everything that one process has written, as one commit."""
    service = house.seen.service_of[process]
    schema = house.databases[service].schema
    tables = schema.tables[process]
    return Changes(
        states=list(tables.states.values()),
        lanes=list(tables.lanes.values()),
        outbox=[record for rows in tables.outbox.values() for record in rows],
        journal=[row for rows in tables.journal.values() for row in rows],
        inputs=list(tables.inputs.values()),
        rows={name: list(rows.values()) for name, rows in schema.own.items()} if process == service else {},
    )


def again(house: House, statement: type[Invariant], process: str, change: Callable[[Changes], Changes]) -> str | None:
    """Everything once more, with something changed that one process wrote: what the statement says of it."""
    watch = Watch([statement], house.seen)
    for place in sorted(house.cluster.records):
        for record in house.cluster.records[place]:
            watch.appended(record)
    for other, service in house.seen.service_of.items():
        if other != process:
            watch.committed(service, other, written(house, other))
    watch.committed(house.seen.service_of[process], process, change(written(house, process)))
    return watch.violation.what if watch.violation else None


def at_the_end(house: House, statement: type[Invariant]) -> str | None:
    watch = Watch([statement], house.seen)
    watch.ended()
    return watch.violation.what if watch.violation else None


def of(kind: str, **fields: object) -> Callable[[Record], Record]:
    """Changes the text of every record of a type: old → new."""

    def change(record: Record) -> Record:
        if type_of(record.headers) != kind:
            return record
        value = (record.value or b"").decode()
        for old, new in fields.items():
            value = value.replace(old, str(new))
        return record._replace(value=value.encode())

    return change


def test_all_is_well_in_a_house_where_nothing_goes_wrong(house: House) -> None:
    assert house.watch.violation is None
    for statement in said.SAID:
        assert replayed(house, statement, lambda record: record) is None
    for statement in decided.DECIDED:
        assert again(house, statement, "recovery", lambda changes: changes) is None
    for statement in ended.ENDED:
        assert at_the_end(house, statement) is None


# Of what is said


def test_an_id_with_two_contents_is_noticed(house: House) -> None:
    first, second = facts(house, "StatusChanged")[:2]
    same = without(second.headers, "ce_id", dict(first.headers)["ce_id"])
    assert replayed(house, said.OneIdOneContent, lambda r: r._replace(headers=same) if r is second else r)


def test_a_number_of_two_facts_is_noticed(house: House) -> None:
    first, second = [r for r in facts(house, "StatusChanged") if r.place == facts(house, "StatusChanged")[0].place][:2]
    same = without(second.headers, "ce_sequence", dict(first.headers)["ce_sequence"])
    assert replayed(house, said.OneNumberOneFact, lambda r: r._replace(headers=same) if r is second else r)


def test_a_second_payout_of_a_round_is_noticed(house: House) -> None:
    order = facts(house, "PayoutAuthorized")[0]
    number = int(dict(order.headers)["ce_sequence"])
    more = (order.value or b"").replace(b'"amount_minor":', b'"amount_minor":1')
    watch = Watch([said.OnePayoutPerRound], house.seen)
    watch.appended(order)
    watch.appended(order._replace(value=more, headers=without(order.headers, "ce_sequence", b"%d" % (number + 1))))
    assert watch.violation is not None


def test_more_than_was_decided_is_noticed(house: House) -> None:
    assert replayed(house, said.NeverMoreThanDecided, of("ClaimDecided", **{'"allowed_minor":': '"allowed_minor":9'}))
    assert replayed(
        house, said.NeverMoreThanDecided, of("PayoutAuthorized", **{'"amount_minor":': '"amount_minor":99999'})
    )


def test_a_payout_on_the_word_of_one_is_noticed(house: House) -> None:
    [first, *_] = facts(house, "PayoutApproved")
    assert replayed(house, said.FourEyes, lambda r: None if r is first else r)


def test_a_payout_on_the_word_of_one_under_two_names_is_noticed(house: House) -> None:
    one, other = {json.loads(yes.value or b"")["approver"] for yes in facts(house, "PayoutApproved")}
    assert replayed(house, said.FourEyes, of("PayoutApproved", **{other: f"siu:{one.upper()}"}))
    assert replayed(house, said.FourEyes, of("PayoutApproved", **{other: f"siu:{other}"})) is None


def test_two_who_answer_different_questions_are_noticed(house: House) -> None:
    [first, *_] = facts(house, "PayoutApproved")
    other = (first.value or b"").replace(b'"question_id":"', b'"question_id":"of another time ')
    assert replayed(house, said.FourEyes, lambda r: first._replace(value=other) if r is first else r)


def test_another_payee_on_the_word_that_was_given_for_the_first_is_noticed(house: House) -> None:
    claim = facts(house, "PayoutApproved")[0].key
    order = next(each for each in facts(house, "PayoutAuthorized") if each.key == claim)
    number = int(dict(order.headers)["ce_sequence"])
    other = (order.value or b"").replace(b'"payee_ref":"', b'"payee_ref":"another-')
    watch = Watch([said.FourEyes], house.seen)
    for record in (*facts(house, "PayoutApproved"), order, order._replace(offset=order.offset + 1)):
        watch.appended(record)
    assert watch.violation is None
    watch.appended(order._replace(value=other, headers=without(order.headers, "ce_sequence", b"%d" % (number + 1))))
    assert watch.violation is not None


def two_rounds(house: House, *between: tuple[str, str, int], over: int) -> str | None:
    """A payment, and in another round all that the limit leaves and so much over it; between them (topic, type, amount)
    of the first: what the statement says when nobody has approved any of it."""
    order = next(each for each in facts(house, "PayoutAuthorized") if json.loads(each.value or b"")["small"])
    first = json.loads(order.value or b"")
    limit = house.seen.policies.version(first["policy"]).handling.authority_limit_minor
    second = first | {"round": 2, "payout_id": "another", "amount_minor": limit - first["amount_minor"] + over}
    watch = Watch([said.FourEyes], house.seen)

    def say(topic: str, kind: str, number: int, body: dict[str, object]) -> None:
        headers = without(without(order.headers, "ce_type", kind.encode()), "ce_sequence", b"%d" % number)
        place = order.place._replace(topic=topic)
        watch.appended(order._replace(place=place, headers=headers, value=json.dumps(body).encode()))

    say(order.place.topic, "PayoutAuthorized", 1, first)
    for topic, kind, minor in between:
        say(topic, kind, 1, first | {"amount_minor": minor})
    say(order.place.topic, "PayoutAuthorized", 2, second)
    return watch.violation.what if watch.violation else None


def test_two_rounds_that_pass_the_limit_only_together_are_noticed(house: House) -> None:
    assert two_rounds(house, over=0) is None
    assert "over all rounds" in (two_rounds(house, over=1) or "")


def test_what_came_back_counts_until_a_round_may_pay_it_instead(house: House) -> None:
    back, reopened = ("finance.results.v1", "PayoutReturned", 1), ("claims.intake.v1", "ReopeningRecorded", 0)
    assert two_rounds(house, back, over=1), "it will be ordered again in its own round"
    assert two_rounds(house, reopened, back, over=1) is None
    assert two_rounds(house, reopened, back, over=2)
    failed = ("finance.results.v1", "PayoutFailed", 0)
    assert two_rounds(house, failed, over=1)
    assert two_rounds(house, reopened, failed, over=1) is None


def test_a_debit_without_a_notice_in_time_is_noticed(house: House) -> None:
    def gone(record: Record) -> Record | None:
        letter = type_of(record.headers) in ("NoticeHandedOver", "NoticeUndeliverable")
        return record._replace(value=(record.value or b"").replace(b'"debit"', b'"proof"')) if letter else record

    assert replayed(house, said.NoticeBeforeDebit, gone)


def test_a_gap_in_the_statuses_is_noticed(house: House) -> None:
    assert replayed(house, said.RevisionsRiseByOne, of("StatusChanged", **{'"revision":2': '"revision":5'}))


# Of what is written


def test_a_moment_that_goes_back_is_noticed(house: House) -> None:
    def back(changes: Changes) -> Changes:
        late = replace(changes.lanes[0], moment=changes.lanes[0].moment - timedelta(days=1))
        return replace(changes, lanes=[changes.lanes[0], late])

    assert again(house, decided.MomentsNeverGoBack, "escalation", back)


def test_a_deadline_before_its_time_is_noticed(house: House) -> None:
    def early(changes: Changes) -> Changes:
        row = next(row for row in changes.journal if row.asked.type == DEADLINE)
        asked = row.asked._replace(said_at=house.clock.now() + timedelta(minutes=1))
        return replace(changes, journal=[row._replace(asked=asked)])

    assert again(house, decided.NoDeadlineBeforeItsTime, "escalation", early)


def test_a_deadline_over_an_unread_answer_is_noticed(house: House) -> None:
    def unread(changes: Changes) -> Changes:
        return replace(changes, inputs=[])

    assert again(house, decided.NoDeadlineOvertakesAnAnswer, "recovery", unread)


def test_a_deadline_over_an_answer_that_is_held_is_noticed(house: House) -> None:
    """After a recovery facts are gathered, and wait for their place among what is decided again."""
    tables = house.databases["recovery"].schema.tables["recovery"]
    rows = next(rows for rows in tables.journal.values() if any(row.asked.type == DEADLINE for row in rows))
    tables.held[1] = HeldRow(rows[0].asked._replace(record=None), None, house.clock.now())
    found = again(house, decided.NoDeadlineOvertakesAnAnswer, "recovery", lambda changes: changes)
    assert found is not None
    assert f"holds {rows[0].asked.type}" in found


def test_a_fact_heard_twice_is_noticed(house: House) -> None:
    assert again(house, decided.HeardOnce, "escalation", lambda c: replace(c, journal=[*c.journal, *c.journal]))


def test_a_number_that_is_left_out_is_noticed(house: House) -> None:
    assert again(house, decided.NumbersWithoutGap, "escalation", lambda c: replace(c, outbox=c.outbox[1:]))


def test_an_entry_missing_in_the_books_is_noticed(house: House) -> None:
    def lost(changes: Changes) -> Changes:
        return replace(changes, rows={"ledger_entry": changes.rows["ledger_entry"][1:]})

    assert again(house, decided.BooksAreWhatWasDecided, "recovery", lost)


# Of the end


def lanes_of(house: House, process: str) -> int:
    tables = house.databases[house.seen.service_of[process]].schema.tables[process]
    return next(n for n, lane in tables.lanes.items() if lane.position)


def test_what_was_never_published_is_noticed(house: House) -> None:
    place = facts(house, "StatusChanged")[-1].place
    house.cluster.records[place].pop()
    assert at_the_end(house, ended.StreamsAreWhole)


def test_what_is_said_before_what_is_earlier_is_noticed(house: House) -> None:
    outbox = house.databases["escalation"].schema.tables["escalation"].outbox
    records = next(records for records in outbox.values() if len(records) > 1)
    early, late = records[0], records[-1]
    records[0], records[-1] = early._replace(headers=late.headers), late._replace(headers=early.headers)
    assert at_the_end(house, ended.PositionsGoForwardAsMomentsDo)


def test_a_fact_that_was_not_heard_is_noticed(house: House) -> None:
    journal = house.databases["escalation"].schema.tables["escalation"].journal
    next(iter(journal.values())).pop(1)
    assert at_the_end(house, ended.EverythingIsHeardInOrder)


def test_facts_heard_out_of_their_order_are_noticed(house: House) -> None:
    rows = next(iter(house.databases["escalation"].schema.tables["escalation"].journal.values()))
    heard = [n for n, row in enumerate(rows) if row.asked.type in ("SellerNotified", "SellerAnswerRecorded")]
    first, second = heard[:2]
    rows[first], rows[second] = rows[second]._replace(at=rows[first].at), rows[first]._replace(at=rows[second].at)
    assert at_the_end(house, ended.EverythingIsHeardInOrder)


def test_a_parked_key_is_noticed(house: House) -> None:
    tables = house.databases["escalation"].schema.tables["escalation"]
    asked = Asked("key", 0, "ClaimAccepted", "cause", house.clock.now())
    tables.held[1] = HeldRow(asked, "why", house.clock.now())
    assert at_the_end(house, ended.NothingIsLeftBehind)


def test_a_claim_that_waits_for_nothing_is_noticed(house: House) -> None:
    for record in facts(house, "StatusChanged"):
        body = (record.value or b"").replace(b'"outcome":"', b'"outcome":null,"was":"')
        house.cluster.records[record.place][record.offset] = record._replace(value=body)
    found = at_the_end(house, ended.EveryClaimIsWhereItMustBe)
    assert found is not None
    assert "waits for nothing" in found


def test_a_payment_that_is_in_no_books_is_noticed(house: House) -> None:
    house.databases["recovery"].schema.tables["recovery"].states.clear()
    assert at_the_end(house, ended.EveryClaimIsWhereItMustBe)


def test_a_letter_sent_twice_for_no_reason_is_noticed(house: House) -> None:
    letters: list[UUID] = house.mail.taken
    letters.append(letters[0])
    assert at_the_end(house, ended.LettersGoOutOnce)


def test_a_letter_sent_again_by_somebody_who_could_know_is_noticed(house: House) -> None:
    effects = house.databases["seller_notifier"].schema.tables["seller_notifier"].effects.values()
    letter = Letter.model_validate_json(next(e.row.body for e in effects if e.row.kind == "Letter"))
    house.faults.struck.append(Fault(Kind.CRASH, "seller_notifier", 1, busy=True, size=1.0))
    house.mail.on_record.clear()
    early, late = house.mail.round(), house.mail.round()
    early.take([letter])
    early.written_down()
    late.take([letter])  # it looked before that was written down
    assert at_the_end(house, ended.LettersGoOutOnce) is None
    house.mail.round().take([letter])
    assert house.mail.again == [letter.letter_id]
    assert "on record that it was out" in (at_the_end(house, ended.LettersGoOutOnce) or "")


def test_a_letter_that_is_said_to_be_out_and_was_never_sent_is_noticed(house: House) -> None:
    house.mail.taken.pop()
    assert at_the_end(house, ended.LettersGoOutOnce)


def journals_with(house: House, topic: str) -> list[list[JournalRow]]:
    journal = house.databases["recovery"].schema.tables["recovery"].journal
    return [rows for rows in journal.values() if any(row.asked.cause.startswith(topic) for row in rows)]


def test_a_fact_of_an_outside_party_that_is_lost_or_doubled_is_noticed(house: House) -> None:
    rows = journals_with(house, "finance.results.v1")[0]
    row = next(row for row in rows if row.asked.cause.startswith("finance.results.v1"))
    rows.append(row)
    assert "has 2 of 1" in (at_the_end(house, ended.WhatTheOutsideSaysIsKept) or "")
    rows[:] = [each for each in rows if each is not row]
    assert "has 0 of 1" in (at_the_end(house, ended.WhatTheOutsideSaysIsKept) or "")


def test_a_fact_of_an_outside_party_that_is_put_aside_is_noticed(house: House) -> None:
    paid = facts(house, "PayoutPaid")[0]
    tables = house.databases["recovery"].schema.tables["recovery"]
    tables.dead[paid.place, paid.offset] = DeadLetter(paid, (), house.clock.now())
    assert "has put aside PayoutPaid" in (at_the_end(house, ended.WhatTheOutsideSaysIsKept) or "")


def test_a_letter_whose_outcome_nobody_heard_is_noticed(house: House) -> None:
    for rows in house.databases["seller_notifier"].schema.tables["seller_notifier"].journal.values():
        rows[:] = [row for row in rows if row.asked.type != "LetterSent"]
    assert at_the_end(house, ended.LettersGoOutOnce)


def test_a_watcher_who_does_not_know_is_noticed(house: House) -> None:
    tables = house.databases["recovery"].schema.tables["recovery"]
    key, state = next(iter(tables.states.items()))
    references = house.databases["recovery"].schema.tables["recovery.reference"].states
    tables.states[key] = state._replace(watches=next(iter(references)))
    tables.journal[key][-1] = tables.journal[key][-1]._replace(reference=None)
    assert at_the_end(house, ended.WatchersKnow)


def test_a_version_that_decides_something_else_is_noticed(house: House) -> None:
    house.upgraded.update(("escalation", "recovery"))
    assert at_the_end(house, taken.EveryVersionDecidesAlike) is None
    outbox = house.databases["escalation"].schema.tables["escalation"].outbox
    for records in outbox.values():
        records[:] = [r._replace(body=r.body.replace('"allowed_minor":', '"allowed_minor":1')) for r in records]
    assert "StatusChanged" in (at_the_end(house, taken.EveryVersionDecidesAlike) or "")


# Of another log


def find_another(house: House) -> None:
    """The log as it was, and every moment of it a little later."""
    records = house.cluster.records
    house.cluster.replace({p: [r._replace(timestamp=r.timestamp + 1) for r in rs] for p, rs in records.items()})


def at_the_putting_back(house: House, statement: type[Invariant]) -> str | None:
    watch = Watch([statement], house.seen)
    watch.put_back()
    return watch.violation.what if watch.violation else None


def test_who_goes_on_with_another_log_is_noticed(house: House) -> None:
    assert at_the_putting_back(house, replaced.AnotherLogIsRefused) is None
    find_another(house)
    assert at_the_putting_back(house, replaced.AnotherLogIsRefused)


def test_what_is_heard_from_another_log_is_noticed(house: House) -> None:
    def heard(changes: Changes) -> Changes:
        return replace(changes, inputs=[replace(row, last_print=1) for row in changes.inputs])

    find_another(house)
    assert again(house, replaced.NothingIsHeardFromAnotherLog, "recovery", lambda changes: changes) is None
    assert again(house, replaced.NothingIsHeardFromAnotherLog, "recovery", heard)


def test_what_is_said_to_another_log_is_noticed(house: House) -> None:
    assert at_the_putting_back(house, replaced.NothingIsSaidToAnotherLog) is None
    house.cluster.out.clear()
    assert at_the_putting_back(house, replaced.NothingIsSaidToAnotherLog)


def test_a_replica_that_refuses_is_noticed(house: House) -> None:
    house.refused.append(("escalation.1", Exception("another log")))
    assert at_the_end(house, ended.NobodyRefuses)


def test_every_statement_is_put_wrong_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [each.__name__ for each in INVARIANTS if f".{each.__name__}" not in source] == []
