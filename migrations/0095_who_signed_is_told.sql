-- migrate:up

-- Whoever is said to have signed a list is told so.
drop index security_event_notice;
create index security_event_notice on security_event (bank_id, coalesce(subject, actor), number)
    where kind in ('code-issued', 'identity-linked', 'identity-unlinked', 'list-signed', 'new-device', 'password-set',
                   'phone-code-issued', 'phone-verified', 'recovery-code-used', 'refresh-reused',
                   'second-factor-removed', 'second-factor-reset', 'second-factor-set', 'sessions-ended');

-- migrate:down

drop index security_event_notice;
create index security_event_notice on security_event (bank_id, coalesce(subject, actor), number)
    where kind in ('code-issued', 'identity-linked', 'identity-unlinked', 'new-device', 'password-set', 'phone-code-issued',
                   'phone-verified', 'recovery-code-used', 'refresh-reused', 'second-factor-removed',
                   'second-factor-reset', 'second-factor-set', 'sessions-ended');
