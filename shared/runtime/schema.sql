-- The runtime's tables of one service, in the service's own schema. Repeatable: every statement may run again.

-- One row per process: a lane count that differs from the one stored is refused at start.
create table if not exists process (
    name    text primary key,
    lanes   integer not null,
    cluster text -- id of the Kafka cluster that it hears and speaks on
);
alter table process add column if not exists cluster text;

-- Where reading stands, per process and partition; written in the transaction that writes the states.
create table if not exists input (
    process    text not null,
    topic      text not null,
    partition  integer not null,
    began_at   bigint not null, -- the offset reading began at
    next       bigint not null, -- the offset wanted next
    last_print bigint,          -- fingerprint of record next - 1: is it still the same log?
    heard      json not null,   -- producer's lane -> [epoch, sequence, checksum] accepted last
    primary key (process, topic, partition)
) with (fillfactor = 50);

-- How far each replica has read: topic -> [partitions, moment]. True for ever, as a lower bound.
create table if not exists progress (
    process text not null,
    owner   uuid not null,
    body    json not null,
    at      timestamptz not null default now(),
    primary key (process, owner)
) with (fillfactor = 50);

-- The lock and the counters of all keys of one lane.
create table if not exists lane (
    process   text not null,
    n         integer not null,
    owner     uuid,                     -- token of the worker that wrote last; a hint, not a lock
    epoch     integer not null default 1,
    position  bigint not null default 0, -- outbox rows written
    published bigint not null default 0, -- outbox rows acknowledged by the log
    streams   json not null default '{}', -- "topic:partition" -> sequence said last
    moment    timestamptz not null default '-infinity', -- moments of a lane never go back
    held      integer not null default 0, -- rows in held
    told      integer not null default 0, -- rows in told
    gathering boolean not null default false, -- what is heard is kept, to be put in order when all of it is there
    primary key (process, n)
) with (fillfactor = 50);
alter table lane add column if not exists told integer not null default 0;
alter table lane add column if not exists gathering boolean not null default false;

-- What was said before the database was restored from an older backup, and is to be said again just so.
create table if not exists told (
    process text not null,
    lane    integer not null,
    cause   text not null,
    id      text not null,
    moment  timestamptz not null, -- of the decision
    type    text not null,
    said    text not null,        -- fingerprint of type and body
    stream  text not null,        -- "topic:partition"
    reference text,               -- "key@n": the fact of the reference that the decision saw
    number  bigint,               -- of the decision, as in the journal
    done    boolean not null default false, -- said again; kept while it is the last of its stream
    primary key (process, lane, id)
);
alter table told add column if not exists number bigint;
alter table told add column if not exists done boolean not null default false;

-- What a process knows of each key.
create table if not exists state (
    process text not null,
    key     text not null,
    lane    integer not null,
    n       integer not null, -- changes so far
    body    json not null,
    due     timestamptz,
    watches text,             -- reference key whose change asks this state again
    late_at timestamptz,      -- from when on people see it as overdue
    primary key (process, key)
) with (fillfactor = 80, toast_tuple_target = 8160);
alter table state add column if not exists late_at timestamptz;
create index if not exists state_due on state (process, lane, due) where due is not null;
create index if not exists state_watches on state (process, watches) where watches is not null;
create index if not exists state_late on state (process, lane, late_at) where late_at is not null;

-- What was said. Append-only; whole partitions are dropped when everything in them is old and published.
create table if not exists outbox (
    process    text not null,
    lane       integer not null,
    position   bigint not null,
    topic      text not null,
    partition  integer not null,
    key        text not null,
    headers    json not null,
    body       text not null,
    written_on date not null default current_date
) partition by range (written_on);
create index if not exists outbox_position on outbox (process, lane, position);
create table if not exists outbox_default partition of outbox default;

-- What each key heard, with the moment and the reference it saw: any decision can be taken again and explained.
create table if not exists journal (
    process    text not null,
    key        text not null,
    n          integer not null, -- counts changes of the state; what changed nothing has the number of the next
    at         timestamptz not null,
    said_at    timestamptz not null,
    type       text not null, -- the event's type; 'deadline' and 'asked' have no body
    cause      text not null,
    body       text,
    reference  json,
    known      boolean not null,
    says       text[] not null, -- ids of the events that followed
    written_on date not null default current_date,
    result     text             -- fingerprints of the state, of what was said and of what was done: state.said.done
) partition by range (written_on);
alter table journal add column if not exists result text;
create index if not exists journal_key on journal (process, key, n);
create table if not exists journal_default partition of journal default;

-- The policy versions this service has decided by, as they were when it first did: a version never changes.
create table if not exists policy_version (
    version       text primary key,
    fingerprint   text not null,
    body          json not null,
    first_used_at timestamptz not null
);

-- Facts that wait: nothing is known of their key yet (error is null), or the key is parked.
create table if not exists held (
    id          bigint generated always as identity primary key,
    process     text not null,
    lane        integer not null,
    key         text not null,
    type        text not null,
    cause       text not null,
    said_at     timestamptz not null,
    traceparent text,
    body        text,
    error       text, -- why the first one of a parked key could not be decided
    since       timestamptz not null,
    written_on  date not null default current_date
);
alter table held add column if not exists written_on date not null default current_date;
create index if not exists held_key on held (process, key, id);

-- Bytes that are no fact, with where they came from and why.
create table if not exists dead_letter (
    id          bigint generated always as identity primary key,
    process     text not null,
    topic       text not null,
    partition   integer not null,
    "offset"    bigint not null,
    key         bytea,
    value       bytea,
    headers     json not null,
    problems    json not null,
    at          timestamptz not null,
    replayed_at timestamptz,
    whole       boolean not null default true, -- false: key, value or headers are cut, and all of it is in the log alone
    size        integer,                       -- bytes of the value
    written_on  date not null default current_date,
    unique (process, topic, partition, "offset")
);
alter table dead_letter add column if not exists whole boolean not null default true;
alter table dead_letter add column if not exists size integer;
alter table dead_letter add column if not exists written_on date not null default current_date;
create index if not exists dead_letter_waiting on dead_letter (process, partition) where replayed_at is null;

-- Asks the owner of a lane for something, in order: an effect's outcome, a changed reference, a replay.
create table if not exists request (
    id      bigint generated always as identity primary key,
    process text not null,
    lane    integer not null,
    key     text not null,
    kind    text not null, -- an event's type, 'asked' or 'replay'
    cause   text not null,
    body    text,
    at      timestamptz not null
);
create index if not exists request_lane on request (process, lane, id);

-- What is to be done outside, after commit.
create table if not exists effect (
    id         uuid primary key,
    process    text not null,
    lane       integer not null,
    key        text not null,
    kind       text not null,
    body       json not null,
    at         timestamptz not null,
    attempts   integer not null default 0,
    next_at    timestamptz not null,
    done_at    timestamptz,
    written_on date not null default current_date
);
alter table effect add column if not exists written_on date not null default current_date;
create index if not exists effect_waiting on effect (process, lane, next_at) where done_at is null;
create index if not exists effect_key on effect (process, key);
