-- Recovery's ledger. Run with the service's schema on the search path; running it again changes nothing.

-- One row is one balanced pair of postings. entry_id is derived from the claim, the move and its business reference:
-- the same result of finance booked twice is refused. The claim comes first in the key so that one index serves both.
create table if not exists ledger_entry (
    claim_id        uuid not null,
    entry_id        uuid not null,
    booked_at       timestamptz not null,
    move            text not null,
    debit_account   text not null,
    credit_account  text not null,
    currency        text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor    bigint not null check (amount_minor > 0),
    seller_id       text not null,
    idempotency_key uuid not null, -- the payout, debit, demand, refund or claim that the amount belongs to
    reference       text not null, -- finance's reference, or the reason
    primary key (claim_id, entry_id),
    check (debit_account <> credit_account)
);

-- A database of the first version had the accounts as an enum, and another name for what is owed to a seller. The table
-- is rewritten, which no trigger sees; views on it are made again below. What recovery knew of a claim was one payout.
do $$ begin
    if (
        select data_type = 'USER-DEFINED' from information_schema.columns
        where table_schema = current_schema() and table_name = 'ledger_entry' and column_name = 'debit_account'
    ) then
        drop view if exists money, claim_money, trial_balance, posting;
        alter table ledger_entry
            alter column debit_account type text using
                case debit_account::text when 'over_collected' then 'owed_to_seller' else debit_account::text end,
            alter column credit_account type text using
                case credit_account::text when 'over_collected' then 'owed_to_seller' else credit_account::text end;
        drop type account;
        update state set body = (
            body::jsonb - '{payout_id,authorized_minor,payment,recovered_minor,over_collected_minor,collected}'::text[]
            || jsonb_build_object(
                'payouts', jsonb_build_array(jsonb_build_object(
                    'id', body -> 'payout_id', 'authorized_minor', body -> 'authorized_minor', 'small', body -> 'small',
                    'covered', body -> 'covered', 'net_minor', body -> 'paid_minor'
                )),
                'from_seller_minor', body -> 'recovered_minor', 'owed_minor', body -> 'over_collected_minor',
                'asked_minor', o.outstanding,
                'debit', case body ->> 'stage' when 'debiting'
                    then jsonb_build_object('number', body -> 'debits', 'amount_minor', o.outstanding) end,
                'booked', (
                    select coalesce(jsonb_agg(jsonb_build_object(
                        'id', left(replace(b ->> 'id', '-', ''), 16), 'amount_minor', b -> 'amount_minor'
                    )), '[]')
                    from jsonb_array_elements((body::jsonb -> 'collected') || (body::jsonb -> 'payment')) as b
                    where b <> 'null'
                )
            )
        )::json
        from (
            select process as p, key as k, (body ->> 'paid_minor')::bigint - (body ->> 'recovered_minor')::bigint
                - (body ->> 'waived_minor')::bigint - (body ->> 'written_off_minor')::bigint as outstanding
            from state where process = 'recovery'
        ) o
        where process = o.p and key = o.k;
    end if;
end $$;

-- The chart of accounts; another one gets another name for its constraint, and the old one is dropped beside it.
do $$ begin
    if not exists (
        select from pg_constraint where conrelid = 'ledger_entry'::regclass and conname = 'chart_of_accounts_2'
    ) then
        alter table ledger_entry add constraint chart_of_accounts_2 check (
            array[debit_account, credit_account] <@ array[
                'indemnity_cost', 'cash_clearing', 'recoveries_seller', 'recoveries_insurer', 'owed_to_seller', 'suspense',
                'expected_recovery', 'waived', 'written_off', 'memo_contra'
            ]
        );
    end if;
end $$;

-- Statements and aging go by seller, exports by month.
create index if not exists ledger_entry_of_seller on ledger_entry (seller_id, booked_at);
create index if not exists ledger_entry_by_time on ledger_entry using brin (booked_at);

create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger entries are never changed: book an entry that reverses it'
        using errcode = 'integrity_constraint_violation';
end $$;

create or replace trigger ledger_entry_is_immutable
    before update or delete or truncate on ledger_entry
    for each statement execute function refuse_change();

-- Every entry as its two postings; a debit is positive, a credit negative. Memo postings balance among themselves.
create or replace view posting as
    select
        e.claim_id, e.entry_id, e.booked_at, e.move, e.currency, p.account, p.amount_minor,
        e.seller_id, e.idempotency_key, e.reference,
        p.account in ('expected_recovery', 'waived', 'written_off', 'memo_contra') as memo
    from ledger_entry e
    cross join lateral (values (e.debit_account, e.amount_minor), (e.credit_account, -e.amount_minor))
        as p (account, amount_minor);

-- The balances of a currency add up to zero, at every moment.
create or replace view trial_balance as
    select
        currency,
        account,
        coalesce(sum(amount_minor) filter (where amount_minor > 0), 0)::bigint as debit_minor,
        coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0)::bigint as credit_minor,
        sum(amount_minor)::bigint as balance_minor
    from posting
    group by currency, account;

-- paid_out = recovered + waived + written_off + outstanding: each side from accounts of its own. paid_out is net of what
-- came back; over_collected is what we owe the seller; suspense is what finance did and nobody asked for.
create or replace view claim_money as
    select
        claim_id,
        currency,
        coalesce(sum(amount_minor) filter (where account = 'indemnity_cost'), 0)::bigint as paid_out,
        coalesce(-sum(amount_minor) filter (where account like 'recoveries\_%'), 0)::bigint as recovered,
        coalesce(sum(amount_minor) filter (where account = 'waived'), 0)::bigint as waived,
        coalesce(sum(amount_minor) filter (where account = 'written_off'), 0)::bigint as written_off,
        coalesce(sum(amount_minor) filter (where account = 'expected_recovery'), 0)::bigint as outstanding,
        coalesce(-sum(amount_minor) filter (where account = 'owed_to_seller'), 0)::bigint as over_collected,
        coalesce(-sum(amount_minor) filter (where account = 'recoveries_seller'), 0)::bigint as from_seller,
        coalesce(-sum(amount_minor) filter (where account = 'recoveries_insurer'), 0)::bigint as from_insurer,
        coalesce(sum(amount_minor) filter (where account = 'suspense'), 0)::bigint as suspense
    from posting
    group by claim_id, currency;

create or replace view money as
    select
        currency,
        coalesce(sum(balance_minor) filter (where account = 'indemnity_cost'), 0)::bigint as paid_out,
        coalesce(-sum(balance_minor) filter (where account like 'recoveries\_%'), 0)::bigint as recovered,
        coalesce(sum(balance_minor) filter (where account = 'waived'), 0)::bigint as waived,
        coalesce(sum(balance_minor) filter (where account = 'written_off'), 0)::bigint as written_off,
        coalesce(sum(balance_minor) filter (where account = 'expected_recovery'), 0)::bigint as outstanding
    from trial_balance
    group by currency;
