-- migrate:up

-- Of a fund by the order of the log. In that of their ids, all transfers there are were a way to those of a kind that a
-- fund has none of, and it was taken.
drop index transfer_by_fund;
drop index transfer_by_receiving_fund;
create index transfer_by_fund on transfer (bank_id, fund_id, kind, position) where fund_id is not null;
create index transfer_by_receiving_fund on transfer (bank_id, to_fund_id, kind, position) where to_fund_id is not null;

-- migrate:down

drop index transfer_by_receiving_fund;
drop index transfer_by_fund;
create index transfer_by_fund on transfer (bank_id, fund_id, kind, transfer_id) where fund_id is not null;
create index transfer_by_receiving_fund on transfer (bank_id, to_fund_id, kind, transfer_id) where to_fund_id is not null;
