-- migrate:up

-- Up to where somebody has read what happened on their account: in the log, and in the security log.
create table notice_read (
    bank_id      uuid not null,
    volunteer_id text not null,
    position     bigint not null,
    number       bigint not null,
    primary key (bank_id, volunteer_id),
    foreign key (bank_id, volunteer_id) references person on delete cascade
);

create index security_event_notice on security_event (bank_id, coalesce(subject, actor), number)
    where kind in ('code-issued', 'identity-linked', 'identity-unlinked', 'new-device', 'password-set', 'phone-code-issued',
                   'phone-verified', 'recovery-code-used', 'refresh-reused', 'second-factor-removed',
                   'second-factor-reset', 'second-factor-set', 'sessions-ended');

-- migrate:down

drop index security_event_notice;
drop table notice_read;
