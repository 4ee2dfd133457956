"""The questions of `makegood reconcile` in SQL: each row (place, what) is a difference."""

import re
from collections.abc import Mapping
from typing import Final


def bears_nul(sql: str) -> str:
    r"""Reads JSON in which somebody has put ``\\u0000``: PostgreSQL can neither show it as text nor look beside it."""
    sql = re.sub(r"\b((?:[a-z]\.)?body)::json\b", r"replace(\1, '\\u0000', '\\ufffd')::json", sql)
    return re.sub(r"\b((?:[a-z]\.)?body)(?= ->)", r"replace(\1::text, '\\u0000', '\\ufffd')::json", sql)


WHOLE: Final[Mapping[str, str]] = {
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
    "What was decided to be said is in the outbox": r"""
        -- Of a process that was recovered it is not asked any more: a key that was parked then may at any later time be
        -- replayed as published, and such a decision names ids that nobody says.
        with kept as (
            select name as process, (select min(written_on) from outbox) as since from process
            where not exists (select from lane where lane.process = process.name and epoch > 1)
        ), decided as (
            select process, count(*) as rows, sum(hashtextextended(id, 0)) as print
            from kept join journal using (process) cross join lateral unnest(says) as id
            where written_on >= since group by process
        ), said as (
            select process, count(*) as rows,
                sum(hashtextextended(substring(o.headers::text from '"ce_id", ?"([^"]+)"'), 0)) as print
            from kept join outbox o using (process)
            where not exists ( -- no decision says that bytes are no fact
                select from dead_letter d
                where d.process = o.process
                    and d.topic || '/' || d.partition || '/' || d."offset"
                        = substring(o.headers::text from '"ce_cause", ?"([^"]+)"')
            )
            group by process
        )
        select process as place,
            format('%s events follow from decisions, %s are in the outbox', coalesce(decided.rows, 0),
                coalesce(said.rows, 0)) || case decided.rows when said.rows then ', and not the same' else '' end
            as what
        from decided full join said using (process)
        where decided.rows is distinct from said.rows or decided.print is distinct from said.print""",
}
"""Of each service as a whole. Old rows may have been dropped: what is left must be without a gap up to the end."""

PER_SERVICE: Final[Mapping[str, str]] = {
    "No key is parked": """
        select process || '/' || key as place,
            format('%s facts wait: %s', count(*), (array_agg(error order by id) filter (where error is not null))[1])
            as what
        from held where $1::text[] is null or key = any($1)
        group by process, key having count(error) > 0""",
    "Every decision is in the journal": """
        select process || '/' || key as place, format('%s decisions on record, numbered to %s', numbers, hi) as what
        from (
            -- A decision that changed nothing leaves its number to the next one.
            select process, key, count(distinct n) as numbers, max(n) as hi from journal
            where $1::text[] is null or key = any($1) group by process, key
        ) decisions where numbers <> hi""",
    "No state is older than its last decision, or gone": """
        select d.process || '/' || d.key as place,
            format('decision %s changed it, %s', d.n, coalesce('it is of decision ' || s.n, 'and it is gone')) as what
        from (
            -- Before results were kept nobody wrote down whether a decision changed anything.
            select process, key, max(n) filter (where result not like '.%') as n from journal
            where $1::text[] is null or key = any($1) group by process, key
        ) d left join state s using (process, key)
        where d.n > coalesce(s.n, 0)""",
}
"""Of each service, of these keys or of all."""

ACROSS: Final[Mapping[str, str]] = {
    "One payout per claim and round": """
        select claim_id || ' round ' || round as place,
            format('payouts %s and %s, amounts %s and %s', min(payout_id), max(payout_id), min(amount), max(amount))
            as what
        from (
            select b ->> 'claim_id' as claim_id, b ->> 'round' as round, b ->> 'payout_id' as payout_id,
                (b ->> 'amount_minor') || (b ->> 'currency') as amount
            from (
                select body::json as b from escalation.outbox
                where topic = 'finance.payouts.v1' and headers::text like '%"PayoutAuthorized"%'
                    and ($1::text[] is null or key = any($1))
            ) said
        ) payout
        group by claim_id, round
        having min(payout_id) <> max(payout_id) or min(amount) <> max(amount)""",
    "No payout id serves two claims": """
        select body::json ->> 'payout_id' as place, 'authorised for ' || min(key) || ' and ' || max(key) as what
        from escalation.outbox where topic = 'finance.payouts.v1' and $1::text[] is null
        group by 1 having min(key) <> max(key)""",
    "The claim that a duplicate repeats is none itself": """
        select d.key as place, 'is a duplicate of ' || d.original || ', which is one as well' as what
        from (
            select key, body::json ->> 'duplicate_of' as original from escalation.journal
            where process = 'escalation' and type in ('DuplicateEstablished', 'DuplicateFound')
                and ($1::text[] is null or key = any($1))
        ) d
        join escalation.state s on s.process = 'escalation' and s.key = d.key
        join escalation.state o on o.process = 'escalation' and o.key = d.original
        where s.body ->> 'outcome' = 'duplicate' and o.body ->> 'outcome' = 'duplicate'""",
    "Finance paid each payout once, and the ledger has it": """
        with reported as (
            select distinct on (key, payout_id, type, reference) key, payout_id, currency, at,
                case type when 'PayoutPaid' then amount else -amount end as amount
            from (
                select key, type, at, n, body::json ->> 'payout_id' as payout_id, body::json ->> 'currency' as currency,
                    body::json ->> 'finance_reference' as reference, (body::json ->> 'amount_minor')::bigint as amount
                from recovery.journal
                where process = 'recovery' and type in ('PayoutPaid', 'PayoutReturned')
                    and ($1::text[] is null or key = any($1))
            ) heard where amount > 0
            order by key, payout_id, type, reference, n
        ), told as (
            select key, payout_id, currency, sum(amount)::bigint as net, min(at) as at from reported group by 1, 2, 3
        ), booked as (
            select claim_id::text as key, idempotency_key::text as payout_id, currency, min(booked_at) as at,
                sum(case when move in ('paid', 'unordered') then amount_minor else -amount_minor end)::bigint as net
            from recovery.ledger_entry
            where move in ('paid', 'unordered', 'returned', 'unordered_returned')
                and ($1::text[] is null or claim_id::text = any($1))
            group by 1, 2, 3
        ), refund as (
            select distinct key, body::json ->> 'refund_id' as id from recovery.journal
            where process = 'recovery' and type = 'SellerRefundPaid' and ($1::text[] is null or key = any($1))
        )
        select key || ' payout ' || payout_id as place,
            case
                when booked.net is null
                    then format('%s minor units of %s paid, and not in the ledger', told.net, currency)
                when told.net is null
                    then format('%s minor units of %s in the ledger, and never paid', booked.net, currency)
                else format('%s minor units of %s paid, %s booked', told.net, currency, booked.net)
            end as what
        from told full join booked using (key, payout_id, currency)
        left join (select key as claim, body from recovery.state where process = 'recovery') s
            on booked.net is null and s.claim = key
        where not exists (select from refund where refund.key = booked.key and refund.id = booked.payout_id)
            and (
                -- What answers no order, or is in another currency, is questioned instead of booked.
                (booked.net is null and (s.claim is null or (
                    s.body ->> 'currency' = currency and json_array_length(s.body -> 'booked') < 250
                    and exists (
                        select from json_array_elements(s.body -> 'payouts') payout where payout ->> 'id' = payout_id
                    )
                )))
                or booked.net <> told.net
                or (told.net is null and booked.at >= (select min(at) from recovery.journal where process = 'recovery'))
            )""",
    "What recovery decided is what the ledger says": """
        select coalesce(s.key, m.key) as place,
            format('decided (%s), booked (%s), in the order %s',
                array_to_string(s.sums, ', ', '-'), array_to_string(m.sums, ', ', '-'),
                'paid, from seller, from insurer, waived, written off, owed to the seller, suspense') as what
        from (
            select key, array[
                (body ->> 'paid_minor')::bigint, (body ->> 'from_seller_minor')::bigint,
                (body ->> 'from_insurer_minor')::bigint, (body ->> 'waived_minor')::bigint,
                (body ->> 'written_off_minor')::bigint, (body ->> 'owed_minor')::bigint,
                (body ->> 'suspense_minor')::bigint
            ] as sums
            from recovery.state where process = 'recovery' and ($1::text[] is null or key = any($1))
        ) s full join (
            select claim_id::text as key,
                array[paid_out, from_seller, from_insurer, waived, written_off, over_collected, suspense] as sums
            from recovery.claim_money where $1::text[] is null or claim_id::text = any($1)
        ) m using (key)
        where coalesce(s.sums, array_fill(0::bigint, array[7])) <> coalesce(m.sums, array_fill(0::bigint, array[7]))""",
    "Paid out = recovered + waived + written off + outstanding": """
        select claim_id::text || ' in ' || currency as place,
            format('%s <> %s + %s + %s + %s', paid_out, recovered, waived, written_off, outstanding) as what
        from recovery.claim_money
        where ($1::text[] is null or claim_id::text = any($1))
            and paid_out <> recovered + waived + written_off + outstanding""",
    "The ledger balances, and its memo accounts among themselves": """
        select currency || case when memo then ' (memo)' else '' end as place,
            format('off by %s minor units', sum(amount_minor)) as what
        from recovery.posting where $1::text[] is null
        group by currency, memo having sum(amount_minor) <> 0""",
    "Nothing is paid but what was authorised": """
        select b.key || ' payout ' || b.payout_id as place,
            case
                when p.authorized is null then 'borne, and recovery knows of no authorisation'
                else format('borne %s of %s authorised', b.borne, p.authorized)
            end as what
        from (
            select claim_id::text as key, idempotency_key::text as payout_id,
                sum(case move when 'paid' then amount_minor else -amount_minor end) as borne
            from recovery.ledger_entry
            where move in ('paid', 'returned') and ($1::text[] is null or claim_id::text = any($1))
            group by 1, 2
        ) b
        left join (
            select s.key, payout ->> 'id' as payout_id, (payout ->> 'authorized_minor')::bigint as authorized
            from recovery.state s cross join lateral json_array_elements(s.body -> 'payouts') as payout
            where s.process = 'recovery' and ($1::text[] is null or s.key = any($1))
        ) p on p.key = b.key and p.payout_id = b.payout_id
        where p.authorized is null or b.borne > p.authorized or b.borne < 0""",
    "Closed as paid means paid": """
        select s.key as place,
            format('closed %s, %s', s.outcome, case when s.paid then 'and not paid' else 'and yet paid' end) as what
        from (
            select e.key, e.body ->> 'outcome' as outcome,
                e.body ->> 'outcome' in ('direct_paid', 'stepped_in_silent', 'stepped_in_rejected') as paid,
                coalesce((r.body ->> 'paid_minor')::bigint, 0) as paid_out,
                coalesce((r.body -> 'payouts' -> -1 ->> 'net_minor')::bigint, 0) as last_paid,
                coalesce(json_array_length(r.body -> 'early'), 0) as early
            from escalation.state e
            left join recovery.state r on r.process = 'recovery' and r.key = e.key
            where e.process = 'escalation' and e.body ->> 'status' = 'closed'
                and ($1::text[] is null or e.key = any($1))
        ) s
        where (
                (s.paid and s.paid_out = 0)
                or (s.outcome in ('denied', 'no_response', 'withdrawn', 'resolved_by_insurer') and s.paid_out > 0)
                or (s.outcome = 'payout_failed' and s.last_paid > 0)
            )
            and s.early = 0 and not exists ( -- what only one of the two has heard so far is on its way to the other
                select from (
                    select cause from escalation.journal e
                    where e.process = 'escalation' and e.key = s.key and e.type in ('PayoutPaid', 'PayoutReturned')
                ) e full join (
                    select cause from recovery.journal r
                    where r.process = 'recovery' and r.key = s.key and r.type in ('PayoutPaid', 'PayoutReturned')
                ) r using (cause) where e.cause is null or r.cause is null
            )""",
}
"""Between services; asked once. ``$1``: these keys, or null for all."""

_HEARD_OF_FINANCE: Final = " union all ".join(
    f"""
    select key, cause, type, '{service}' as process from {service}.{table}
    where process = '{service}' and type in ('PayoutPaid', 'PayoutReturned') and ($1::text[] is null or key = any($1))
    """  # noqa: S608 - every word is ours
    for service in ("escalation", "recovery")
    for table in ("journal", "held")
)
ONE_SIDED_RESULTS: Final = f"""
    select key, cause, min(type) as type, min(process) as process from ({_HEARD_OF_FINANCE}) heard
    group by key, cause having min(process) = max(process)"""  # noqa: S608
"""Results of finance that only one of the two has heard."""

QUESTIONS: Final[Mapping[str, str]] = {
    "Results of finance that do not fit": """
        select q.key as place, format('%s: %s', q.body ->> 'problem', q.body ->> 'idempotency_key') as what
        from (
            select key, body::json as body from recovery.outbox
            where headers::text like '%"FinanceResultQuestioned"%' and ($1::text[] is null or key = any($1))
        ) q
        left join recovery.state s on s.process = 'recovery' and s.key = q.key
        where not case
            when q.body ->> 'problem' like 'unknown%' then exists (
                select from recovery.ledger_entry e where e.reference = q.body ->> 'finance_reference'
            )
            when q.body ->> 'problem' in ('paid_twice', 'over_collected')
                then (s.body ->> 'suspense_minor')::bigint = 0 and (s.body ->> 'owed_minor')::bigint = 0
            else s.body ->> 'stage' = 'closed' and (s.body ->> 'suspense_minor')::bigint = 0 and not exists (
                select from (
                    select (body::json ->> 'payout_id')::uuid as id,
                        max((body::json ->> 'amount_minor')::bigint) as amount
                    from recovery.journal
                    where process = 'recovery' and type = 'PayoutAuthorized' and key = q.key group by 1
                ) o where (
                    select coalesce(sum(case e.move when 'paid' then e.amount_minor when 'returned' then -e.amount_minor
                        else 0 end), 0)
                    from recovery.ledger_entry e where e.claim_id = q.key::uuid and e.idempotency_key = o.id
                ) not in (o.amount, 0)
            )
        end""",
    "Money beyond what was ordered": """
        select claim_id::text || ' payout ' || idempotency_key as place,
            case when sum(amount) > 0 then format('%s minor units of %s paid beyond the order', sum(amount), currency)
                else format('%s minor units of %s came back beyond what was paid', -sum(amount), currency) end as what
        from (
            select claim_id, idempotency_key, currency,
                case move when 'unordered' then amount_minor else -amount_minor end as amount
            from recovery.ledger_entry
            where move in ('unordered', 'unordered_returned') and ($1::text[] is null or claim_id::text = any($1))
        ) e
        where not exists (
            select from recovery.journal j
            where j.process = 'recovery' and j.key = e.claim_id::text and j.type = 'SellerRefundPaid'
                and j.body::json ->> 'refund_id' = e.idempotency_key::text
        )
        group by claim_id, idempotency_key, currency having sum(amount) <> 0""",
}
"""What recovery has questioned and finance has not put right; ``$1`` as above."""

ENDED: Final[Mapping[str, str]] = {
    "intake": "body ->> 'stage' in ('accepted', 'ended')",
    "escalation": "body ->> 'status' = 'closed'",
    # Authorised and not paid yet: escalation waits for finance, and recovery for nothing.
    "recovery": "body ->> 'stage' in ('authorized', 'closed') and body ->> 'dispute' is null",
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
            and ($1::text[] is null or key in (select convert_to(k, 'UTF8') from unnest($1::text[]) k))
        ) as dead_letters,
        (select count(*) from effect where done_at is null and ($1::text[] is null or key = any($1))) as effects,
        (select count(*) from request where $1::text[] is null or key = any($1)) as requests,
        (select count(*) from state where due is not null and ($1::text[] is null or key = any($1))) as deadlines"""

LAST_STATE: Final = """
    select s.process, s.key, s.body, j.n, j.result
    from state s left join lateral (
        select n, result from journal j
        where j.process = s.process and j.key = s.key and j.n <= s.n and (j.result is null or j.result not like '.%')
        order by n desc limit 1
    ) j on true
    where $1::text[] is null or s.key = any($1)"""
"""Each state with the fingerprints of the last decision that changed it."""
