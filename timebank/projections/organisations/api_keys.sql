-- issue --
insert into api_key (bank_id, key_id, organisation_id, label, permissions, secret_hash, expires_at, replaces, status,
                     issued_at)
select $1, f.*, 'in force', e.recorded_at
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (key_id text, organisation_id text, label text, permissions text[], secret_hash text,
                   expires_at timestamptz, replaces text)

-- replace --
update api_key k set status = 'replaced', replaced_by = f.replaced_by, expires_at = f.expires_at
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (key_id text, replaced_by text, expires_at timestamptz)
 where k.bank_id = $1 and k.key_id = f.key_id

-- revoke --
update api_key k set status = 'revoked'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (key_id text)
 where k.bank_id = $1 and k.key_id = f.key_id

-- page --
-- $1 bank  $2 organisation  $3 after this key  $4 at most
select key_id, organisation_id, label, permissions, status, issued_at, expires_at, replaces, replaced_by
  from api_key
 where bank_id = $1 and organisation_id = $2 and key_id > $3
 order by key_id limit $4
