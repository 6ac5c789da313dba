-- migrate:up

-- Many codes may expire at one moment: with the redemption in the index they come in order, page by page.
drop index redemption_due;
create index redemption_due on redemption (bank_id, expires_at, redemption_id) where status = 'reserved';

-- migrate:down

drop index redemption_due;
create index redemption_due on redemption (bank_id, expires_at) where status = 'reserved';
