-- add --
-- $1 hash  $2 bank  $3 role  $4 actor  $5 label
insert into token (token_hash, bank_id, role, actor, label) values ($1, $2, $3, $4, $5)

-- find --
-- $1 hash
select t.bank_id, t.role, t.actor, b.timezone from token t join bank b using (bank_id)
 where t.token_hash = $1 and t.revoked_at is null

-- labelled --
-- Whom tokens with these labels were made for, in the bank whose tokens were made last. $1 labels
select bank_id, label, actor from token
 where label = any ($1) and bank_id = (select bank_id from token where label = any ($1) order by created_at desc limit 1)
