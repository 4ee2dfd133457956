-- Recovery's ledger. Run with the service's schema on the search path; running it again changes nothing.

do $$ begin
    create type account as enum (
        'indemnity_cost', 'cash_clearing', 'recoveries_seller', 'over_collected',
        'expected_recovery', 'waived', 'written_off', 'memo_contra'
    );
exception when duplicate_object then null;
end $$;

-- One row is one balanced pair of postings. entry_id is derived from the claim, the move and its business reference:
-- the same move booked twice is refused. The claim comes first in the key so that one index serves both.
create table if not exists ledger_entry (
    claim_id        uuid not null,
    entry_id        uuid not null,
    booked_at       timestamptz not null,
    move            text not null,
    debit_account   account not null,
    credit_account  account not null,
    currency        text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor    bigint not null check (amount_minor > 0),
    seller_id       text not null,
    idempotency_key uuid not null, -- the payout or debit the amount belongs to
    reference       text not null, -- finance's reference, or the reason
    primary key (claim_id, entry_id),
    check (debit_account <> credit_account)
);

create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger entries are never changed: book an entry that reverses it'
        using errcode = 'integrity_constraint_violation';
end $$;

create or replace trigger ledger_entry_is_immutable
    before update or delete or truncate on ledger_entry
    for each statement execute function refuse_change();

-- Every entry as its two postings; a debit is positive, a credit negative.
create or replace view posting as
    select e.claim_id, e.entry_id, e.booked_at, e.move, e.currency, p.account, p.amount_minor
    from ledger_entry e
    cross join lateral (values (e.debit_account, e.amount_minor), (e.credit_account, -e.amount_minor))
        as p (account, amount_minor);

-- The balances of a currency add up to zero.
create or replace view trial_balance as
    select
        currency,
        account,
        coalesce(sum(amount_minor) filter (where amount_minor > 0), 0)::bigint as debit_minor,
        coalesce(-sum(amount_minor) filter (where amount_minor < 0), 0)::bigint as credit_minor,
        sum(amount_minor)::bigint as balance_minor
    from posting
    group by currency, account;

-- paid_out = recovered + waived + written_off + outstanding: each side from accounts of its own.
create or replace view claim_money as
    select
        claim_id,
        currency,
        coalesce(sum(amount_minor) filter (where account = 'indemnity_cost'), 0)::bigint as paid_out,
        coalesce(-sum(amount_minor) filter (where account = 'recoveries_seller'), 0)::bigint as recovered,
        coalesce(sum(amount_minor) filter (where account = 'waived'), 0)::bigint as waived,
        coalesce(sum(amount_minor) filter (where account = 'written_off'), 0)::bigint as written_off,
        coalesce(sum(amount_minor) filter (where account = 'expected_recovery'), 0)::bigint as outstanding,
        coalesce(-sum(amount_minor) filter (where account = 'over_collected'), 0)::bigint as over_collected
    from posting
    group by claim_id, currency;

create or replace view money as
    select
        currency,
        coalesce(sum(balance_minor) filter (where account = 'indemnity_cost'), 0)::bigint as paid_out,
        coalesce(-sum(balance_minor) filter (where account = 'recoveries_seller'), 0)::bigint as recovered,
        coalesce(sum(balance_minor) filter (where account = 'waived'), 0)::bigint as waived,
        coalesce(sum(balance_minor) filter (where account = 'written_off'), 0)::bigint as written_off,
        coalesce(sum(balance_minor) filter (where account = 'expected_recovery'), 0)::bigint as outstanding
    from trial_balance
    group by currency;
