"""The questions of `makegood reconcile` in SQL: each row (place, what) is a difference."""

from collections.abc import Mapping
from typing import Final

WHOLE: Final[Mapping[str, str]] = {
    "What was decided to be said is published": """
        select process || ' lane ' || n as place, format('%s of %s rows wait', position - published, position) as what
        from lane where published <> position""",
    "No row of an outbox is missing": """
        select o.process || ' lane ' || o.lane as place,
            format('%s rows from %s to %s, the lane counts %s', o.rows, o.lo, o.hi, l.position) as what
        from (
            select process, lane, count(*) as rows, min(position) as lo, max(position) as hi, sum(position) as total
            from outbox group by process, lane
        ) o join lane l on l.process = o.process and l.n = o.lane
        where o.hi <> l.position or o.hi - o.lo + 1 <> o.rows or o.total * 2 <> (o.lo + o.hi) * o.rows""",
    "Every stream is numbered without a gap": """
        select o.process || ' lane ' || o.lane || ' on ' || o.stream as place,
            format('%s records from %s to %s, the lane counts %s', o.rows, o.lo, o.hi, l.streams ->> o.stream) as what
        from (
            select process, lane, stream, count(*) as rows, min(n) as lo, max(n) as hi, sum(n) as total
            from (
                select process, lane, topic || ':' || partition as stream,
                    substring(headers::text from '"ce_sequence", ?"([0-9]+)"')::bigint as n
                from outbox
            ) numbered group by process, lane, stream
        ) o join lane l on l.process = o.process and l.n = o.lane
        where (l.streams ->> o.stream)::bigint is distinct from o.hi
            or o.hi - o.lo + 1 <> o.rows or o.total * 2 <> (o.lo + o.hi) * o.rows""",
    "Lanes count what they hold": """
        select l.process || ' lane ' || l.n as place, format('counts %s, holds %s', l.held, count(h.id)) as what
        from lane l left join held h on h.process = l.process and h.lane = l.n
        group by l.process, l.n, l.held having l.held <> count(h.id)""",
}
"""Of each service as a whole. Old rows may have been dropped: what is left must be without a gap up to the end."""

PER_SERVICE: Final[Mapping[str, str]] = {
    "No key is parked": """
        select process || '/' || key as place,
            format('%s facts wait: %s', count(*), (array_agg(error order by id) filter (where error is not null))[1])
            as what
        from held where $1::text[] is null or key = any($1)
        group by process, key having count(error) > 0""",
}
"""Of each service, of these keys or of all."""

ACROSS: Final[Mapping[str, str]] = {
    "One payout per claim and round": """
        select claim_id || ' round ' || round as place,
            format('%s payout ids, %s amounts', count(distinct payout_id), count(distinct amount)) as what
        from (
            select b ->> 'claim_id' as claim_id, b ->> 'round' as round, b ->> 'payout_id' as payout_id,
                (b ->> 'amount_minor') || (b ->> 'currency') as amount
            from (
                select body::json as b from escalation.outbox
                where topic = 'finance.payouts.v1' and ($1::text[] is null or key = any($1))
            ) said
        ) payout
        group by claim_id, round
        having count(distinct payout_id) > 1 or count(distinct amount) > 1""",
    "No payout id serves two claims": """
        select body::json ->> 'payout_id' as place, 'authorised for ' || string_agg(distinct key, ', ') as what
        from escalation.outbox where topic = 'finance.payouts.v1' and $1::text[] is null
        group by 1 having count(distinct key) > 1""",
    "Finance paid each payout once, and the ledger has it": """
        with paid as (
            select key, body::json ->> 'payout_id' as payout_id, min(at) as at,
                min((body::json ->> 'amount_minor')::bigint) as amount, min(body::json ->> 'currency') as currency,
                count(distinct body::json ->> 'finance_reference') as times
            from recovery.journal
            where process = 'recovery' and type = 'PayoutPaid' and ($1::text[] is null or key = any($1))
            group by 1, 2
        ), booked as (
            select claim_id::text as key, idempotency_key::text as payout_id, min(booked_at) as at,
                sum(amount_minor)::bigint as amount, min(currency) as currency, count(*) as times
            from recovery.ledger_entry where move = 'paid' and ($1::text[] is null or claim_id::text = any($1))
            group by 1, 2
        )
        select key || ' payout ' || payout_id as place,
            case
                when booked.times is null then format('paid %s %s, and not in the ledger', paid.amount, paid.currency)
                when paid.times is null
                    then format('%s %s in the ledger, and never paid', booked.amount, booked.currency)
                when paid.times > 1 then format('finance paid it %s times', paid.times)
                else format('paid %s %s, booked %s %s in %s entries',
                    paid.amount, paid.currency, booked.amount, booked.currency, booked.times)
            end as what
        from paid full join booked using (key, payout_id)
        where booked.times is null
            or (paid.times is null and booked.at >= (select min(at) from recovery.journal where process = 'recovery'))
            or paid.times > 1 or booked.times > 1
            or (paid.times is not null
                and (paid.amount, paid.currency) is distinct from (booked.amount, booked.currency))""",
    "Escalation and recovery heard the same of finance": """
        with heard as (
            select key, cause, 'escalation' as process from escalation.journal
            where process = 'escalation' and type = 'PayoutPaid' and ($1::text[] is null or key = any($1))
            union
            select key, cause, 'recovery' from recovery.journal
            where process = 'recovery' and type = 'PayoutPaid' and ($1::text[] is null or key = any($1))
        )
        select key || ' event ' || cause as place, 'a PayoutPaid that only ' || min(process) || ' has heard' as what
        from heard group by key, cause having count(*) = 1""",
    "What recovery decided is what the ledger says": """
        select coalesce(s.key, m.key) as place,
            format('decided (%s), booked (%s), in the order paid, recovered, waived, written off, over-collected',
                array_to_string(s.sums, ', ', '-'), array_to_string(m.sums, ', ', '-')) as what
        from (
            select key, array[
                (body ->> 'paid_minor')::bigint, (body ->> 'recovered_minor')::bigint,
                (body ->> 'waived_minor')::bigint, (body ->> 'written_off_minor')::bigint,
                (body ->> 'over_collected_minor')::bigint
            ] as sums
            from recovery.state where process = 'recovery' and ($1::text[] is null or key = any($1))
        ) s full join (
            select claim_id::text as key, array[paid_out, recovered, waived, written_off, over_collected] as sums
            from recovery.claim_money where $1::text[] is null or claim_id::text = any($1)
        ) m using (key)
        where coalesce(s.sums, array[0, 0, 0, 0, 0]::bigint[]) <> coalesce(m.sums, array[0, 0, 0, 0, 0]::bigint[])""",
    "Paid out = recovered + waived + written off + outstanding": """
        select claim_id::text || ' in ' || currency as place,
            format('%s <> %s + %s + %s + %s', paid_out, recovered, waived, written_off, outstanding) as what
        from recovery.claim_money
        where ($1::text[] is null or claim_id::text = any($1))
            and paid_out <> recovered + waived + written_off + outstanding""",
    "The ledger balances": """
        select currency as place, format('off by %s minor units', sum(balance_minor)) as what
        from recovery.trial_balance where $1::text[] is null
        group by currency having sum(balance_minor) <> 0""",
    "Nothing is paid but what was authorised": """
        select e.claim_id::text as place,
            case
                when s.key is null then 'paid, and recovery knows of no authorisation'
                when e.idempotency_key::text <> s.body ->> 'payout_id' then 'paid under another payout id'
                else format('paid %s of %s authorised', e.amount_minor, s.body ->> 'authorized_minor')
            end as what
        from recovery.ledger_entry e
        left join recovery.state s on s.process = 'recovery' and s.key = e.claim_id::text
        where e.move = 'paid' and ($1::text[] is null or e.claim_id::text = any($1)) and (
            s.key is null or e.idempotency_key::text <> s.body ->> 'payout_id'
            or e.amount_minor > (s.body ->> 'authorized_minor')::bigint
        )""",
    "Closed as paid means paid": """
        select s.key as place,
            format('closed %s, %s', s.body ->> 'outcome', case when m.key is null then 'never paid' else 'but paid' end)
            as what
        from escalation.state s
        left join (
            select distinct claim_id::text as key from recovery.ledger_entry where move = 'paid'
        ) m on m.key = s.key
        where s.process = 'escalation' and s.body ->> 'status' = 'closed' and ($1::text[] is null or s.key = any($1))
            and ((s.body ->> 'attempt')::int > 0 and s.body ->> 'outcome' <> 'payout_failed') <> (m.key is not null)""",
    "Every result of finance fits": """
        select key as place, format('%s: %s', body::json ->> 'problem', body::json ->> 'idempotency_key') as what
        from recovery.outbox
        where headers::text like '%"FinanceResultQuestioned"%' and ($1::text[] is null or key = any($1))""",
}
"""Between services; asked once. ``$1``: these keys, or null for all."""

ENDED: Final[Mapping[str, str]] = {
    "intake": "body ->> 'stage' in ('accepted', 'ended')",
    "escalation": "body ->> 'status' = 'closed'",
    # Authorised and not paid yet: escalation waits for finance, and recovery for nothing.
    "recovery": "body ->> 'stage' in ('authorized', 'closed')",
    # A letter under way waits in its own row; without one there is nothing to wait for but what others say.
    "seller_notifier": """not exists (select from json_array_elements(body -> 'wanted'))
        or exists (select from effect e where e.process = state.process and e.key = state.key and e.done_at is null)
        or exists (select from request r where r.process = state.process and r.key = state.key)""",
}
"""When a state without a deadline is as it should be. Processes that are missing here never end."""

COUNTS: Final = """
    select
        (select count(*) from held where error is null and ($1::text[] is null or key = any($1))) as early_facts,
        (select count(*) from dead_letter where replayed_at is null
            and ($1::text[] is null or convert_from(key, 'LATIN1') = any($1))) as dead_letters,
        (select count(*) from effect where done_at is null and ($1::text[] is null or key = any($1))) as effects,
        (select count(*) from request where $1::text[] is null or key = any($1)) as requests,
        (select count(*) from state where due is not null and ($1::text[] is null or key = any($1))) as deadlines"""
