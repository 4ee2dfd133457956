-- Escalation's register of payouts. Run with the service's schema on the search path; running it again changes nothing.

-- One row is one attempt at the one payout of a round, written in the transaction that orders it. Whatever the decisions
-- do, two owners of a lane at once included, a second order of the same attempt is refused by the key, and another payout,
-- or more, for a round that has one by the trigger. What is refused parks the claim.
create table if not exists payout_order (
    claim_id     uuid not null,
    round        integer not null check (round > 0),
    attempt      integer not null check (attempt > 0), -- a failed payout is tried again, a new payee is paid instead
    payout_id    uuid not null,
    currency     text not null check (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint not null check (amount_minor > 0),
    ordered_at   timestamptz not null,
    primary key (claim_id, round, attempt)
);

create or replace function refuse_another_payout() returns trigger language plpgsql as $$
begin
    if exists (
        select from payout_order o where o.claim_id = new.claim_id and o.round = new.round and (
            o.payout_id <> new.payout_id or o.currency <> new.currency or o.amount_minor < new.amount_minor
        )
    ) then
        raise exception 'this round has its payout: another one, or more, is never ordered'
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

create or replace trigger payout_order_is_one_payout
    before insert on payout_order
    for each row execute function refuse_another_payout();

create or replace function refuse_change_of_order() returns trigger language plpgsql as $$
begin
    raise exception 'what was ordered is never changed' using errcode = 'integrity_constraint_violation';
end $$;

create or replace trigger payout_order_is_immutable
    before update or delete or truncate on payout_order
    for each statement execute function refuse_change_of_order();
