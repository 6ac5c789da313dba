CREATE FUNCTION public.key_in(bank uuid, what text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN hashtextextended(what, uuid_hash_extended(bank, (0)::bigint));

CREATE FUNCTION public.keys_in(bank uuid, what text[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT public.key_in(keys_in.bank, each.each) AS key_in FROM unnest(keys_in.what) each(each));

CREATE TABLE public.event (
    bank_id uuid NOT NULL,
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    data bytea NOT NULL,
    tags text[] NOT NULL,
    actor text NOT NULL,
    authority text NOT NULL,
    request_id text NOT NULL,
    command_id uuid NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    leaf bytea NOT NULL,
    on_behalf_of text,
    CONSTRAINT event_position_check CHECK (("position" > 0))
);

CREATE FUNCTION public.facts_between(bank uuid, after bigint, until bigint, topics text[]) RETURNS TABLE("position" bigint, topic text, recorded_at timestamp with time zone, data jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT e."position",
     e.topic,
     e.recorded_at,
     (convert_from(e.data, 'UTF8'::name))::jsonb AS convert_from
    FROM public.event e
   WHERE ((e.bank_id = facts_between.bank) AND (e."position" > facts_between.after) AND (e."position" <= facts_between.until) AND (public.key_in(e.bank_id, e.topic) = ANY (public.keys_in(facts_between.bank, facts_between.topics))) AND
         CASE
             WHEN (e.topic = ANY (facts_between.topics)) THEN true
             ELSE false
         END);
END;

CREATE TABLE public.security_event (
    bank_id uuid NOT NULL,
    number bigint NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    actor text,
    subject text,
    address text,
    request_id text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE FUNCTION public.forget_addresses(bank uuid, volunteers text[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    BEGIN ATOMIC
 UPDATE public.security_event SET address = NULL::text
   WHERE ((security_event.bank_id = forget_addresses.bank) AND ((security_event.actor = ANY (forget_addresses.volunteers)) OR (security_event.subject = ANY (forget_addresses.volunteers))) AND (security_event.address IS NOT NULL));
END;

CREATE FUNCTION public.refuse_to_change_history() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'events are never changed or deleted';
end $$;

CREATE FUNCTION public.refuse_to_change_security_log() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'UPDATE' and new.address is null and to_jsonb(new) - 'address' = to_jsonb(old) - 'address' then
        return new;
    end if;
    if tg_op = 'DELETE' and old.recorded_at < now() - interval '1 day'
       and old.recorded_at < nullif(current_setting('timebank.sweep_before', true), '')::timestamptz then
        return old;
    end if;
    raise exception 'the security log is never changed or deleted';
end $$;

CREATE FUNCTION public.sweep_security_log(sweep_before timestamp with time zone, at_most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
declare
    before constant timestamptz := least(sweep_before, now() - interval '30 days');
    gone bigint;
begin
    perform set_config('timebank.sweep_before', before::text, true);
    delete from security_event
     where ctid = any (array(select ctid from security_event where recorded_at < before limit at_most));
    get diagnostics gone = row_count;
    return gone;
end $$;

CREATE FUNCTION public.tag_key(tag text, topic text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((hashtextextended(tag, (0)::bigint) & (~ (65535)::bigint)) | (hashtextextended(topic, (0)::bigint) & (65535)::bigint));

CREATE TABLE public.activity (
    bank_id uuid NOT NULL,
    activity_id text NOT NULL,
    organisation_id text NOT NULL,
    status text NOT NULL,
    name text NOT NULL,
    category text NOT NULL,
    content text NOT NULL,
    place text NOT NULL,
    node_id text,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    seats integer,
    skills text[] NOT NULL,
    programmes text[] NOT NULL,
    leader_id text NOT NULL,
    open_to text NOT NULL,
    is_insured boolean NOT NULL,
    signs_out boolean NOT NULL,
    reason text,
    "position" bigint NOT NULL,
    team_id text,
    signed_up integer DEFAULT 0 NOT NULL,
    waiting integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.api_key (
    bank_id uuid NOT NULL,
    key_id text NOT NULL,
    organisation_id text NOT NULL,
    label text NOT NULL,
    permissions text[] NOT NULL,
    secret_hash text NOT NULL,
    expires_at timestamp with time zone,
    replaces text,
    replaced_by text,
    status text NOT NULL,
    issued_at timestamp with time zone NOT NULL
);

CREATE TABLE public.api_key_use (
    bank_id uuid NOT NULL,
    key_id text NOT NULL,
    last_used_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.appointment (
    bank_id uuid NOT NULL,
    appointment_id text NOT NULL,
    volunteer_id text NOT NULL,
    office text NOT NULL,
    organisation_id text,
    valid_from date,
    valid_until date,
    appointed_by text NOT NULL,
    delegated_from text,
    status text NOT NULL,
    reason text,
    node_id text,
    source text,
    duties text[] DEFAULT '{}'::text[] NOT NULL
);

CREATE TABLE public.bank (
    bank_id uuid NOT NULL,
    head bigint DEFAULT 0 NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    second_factor_since timestamp with time zone DEFAULT now() NOT NULL,
    head_event_id uuid,
    taken_in bigint DEFAULT 0 NOT NULL,
    CONSTRAINT bank_head_check CHECK ((head >= 0))
)
WITH (fillfactor='50');

CREATE VIEW public.audit_bank AS
 SELECT bank_id,
    name,
    timezone,
    head
   FROM public.bank;

CREATE TABLE public.signed_checkpoint (
    bank_id uuid NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    signed_at timestamp with time zone NOT NULL,
    CONSTRAINT signed_checkpoint_size_check CHECK ((size > 0))
);

CREATE VIEW public.audit_checkpoint AS
 SELECT bank_id,
    size,
    root,
    note,
    signed_at
   FROM public.signed_checkpoint;

CREATE TABLE public.cosignature (
    bank_id uuid NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    received_at timestamp with time zone NOT NULL
);

CREATE VIEW public.audit_cosignature AS
 SELECT bank_id,
    size,
    witness,
    line,
    received_at
   FROM public.cosignature;

CREATE VIEW public.audit_security AS
 SELECT bank_id,
    number,
    recorded_at,
    kind,
    actor,
    subject,
    request_id,
    detail
   FROM public.security_event;

CREATE TABLE public.event_tag (
    bank_id uuid NOT NULL,
    key bigint NOT NULL,
    "position" bigint NOT NULL
);

CREATE VIEW public.audit_tag AS
 SELECT t.bank_id,
    tag.tag,
    e.topic,
    t."position"
   FROM (public.event_tag t
     JOIN public.event e ON (((e.bank_id = t.bank_id) AND (e."position" = t."position")))),
    LATERAL unnest(e.tags) tag(tag)
  WHERE (t.key = public.tag_key(tag.tag, e.topic));

CREATE TABLE public.tile (
    bank_id uuid NOT NULL,
    level smallint NOT NULL,
    number bigint NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT tile_level_check CHECK ((level >= 0)),
    CONSTRAINT tile_number_check CHECK ((number >= 0))
);

CREATE VIEW public.audit_tile AS
 SELECT bank_id,
    level,
    number,
    root
   FROM public.tile;

CREATE TABLE public.balance (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    available_minutes bigint NOT NULL,
    reserved_minutes bigint NOT NULL,
    debt_minutes bigint NOT NULL,
    service_minutes bigint NOT NULL,
    credited_minutes bigint NOT NULL,
    redeemed_minutes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT balance_available_minutes_check CHECK ((available_minutes >= 0)),
    CONSTRAINT balance_debt_minutes_check CHECK ((debt_minutes >= 0)),
    CONSTRAINT balance_redeemed_minutes_check CHECK ((redeemed_minutes >= 0)),
    CONSTRAINT balance_reserved_minutes_check CHECK ((reserved_minutes >= 0))
)
WITH (fillfactor='80');

CREATE TABLE public.captaincy (
    bank_id uuid NOT NULL,
    team_id text NOT NULL,
    "position" bigint NOT NULL,
    volunteer_id text NOT NULL,
    from_day date NOT NULL,
    until_day date,
    has_left boolean DEFAULT false NOT NULL
);

CREATE TABLE public.checkpoint (
    projection text NOT NULL,
    version integer NOT NULL,
    bank_id uuid NOT NULL,
    "position" bigint NOT NULL,
    stuck_on text
)
WITH (fillfactor='50');

CREATE TABLE public.credential (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    password_hash text NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.double_registration (
    bank_id uuid NOT NULL,
    earlier_id text NOT NULL,
    later_id text NOT NULL,
    same_phone boolean NOT NULL,
    same_name boolean NOT NULL
);

CREATE TABLE public.employment (
    bank_id uuid NOT NULL,
    employment_id text NOT NULL,
    volunteer_id text NOT NULL,
    organisation_id text NOT NULL,
    kind text NOT NULL,
    hours jsonb NOT NULL,
    from_day date NOT NULL,
    until_day date,
    leaves jsonb DEFAULT '[]'::jsonb NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE public.fund (
    bank_id uuid NOT NULL,
    fund_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    organisation_id text,
    purpose text,
    status text NOT NULL
);

CREATE TABLE public.fund_balance (
    bank_id uuid NOT NULL,
    fund_id text NOT NULL,
    minutes bigint NOT NULL,
    CONSTRAINT fund_balance_minutes_check CHECK ((minutes >= 0))
)
WITH (fillfactor='80');

CREATE VIEW public.history AS
 SELECT bank_id,
    "position",
    recorded_at,
    topic,
    (convert_from(data, 'UTF8'::name))::jsonb AS data,
    tags,
    actor,
    authority,
    request_id,
    command_id,
    event_id,
    encode(leaf, 'hex'::text) AS leaf,
    on_behalf_of
   FROM public.event;

CREATE TABLE public.idempotency (
    bank_id uuid NOT NULL,
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    outcome bytea NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

CREATE TABLE public.invitation (
    bank_id uuid NOT NULL,
    invitation_id text NOT NULL,
    organisation_id text NOT NULL,
    made_by text NOT NULL,
    people integer NOT NULL,
    come integer DEFAULT 0 NOT NULL,
    until_day date NOT NULL,
    is_withdrawn boolean DEFAULT false NOT NULL,
    "position" bigint NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.leaderboard (
    bank_id uuid NOT NULL,
    period text NOT NULL,
    volunteer_id text NOT NULL,
    minutes bigint NOT NULL,
    "position" bigint NOT NULL,
    is_visible boolean DEFAULT false NOT NULL
);

CREATE TABLE public.leaderboard_step (
    bank_id uuid NOT NULL,
    period text NOT NULL,
    level smallint NOT NULL,
    step bigint NOT NULL,
    people bigint NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE public.leaderboard_total (
    bank_id uuid NOT NULL,
    period text NOT NULL,
    minutes bigint NOT NULL,
    hidden bigint NOT NULL,
    hidden_minutes bigint NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.marked_record (
    bank_id uuid NOT NULL,
    record_id text NOT NULL,
    team_id text,
    is_subsidised boolean NOT NULL
);

CREATE TABLE public.membership (
    bank_id uuid NOT NULL,
    membership_id text NOT NULL,
    organisation_id text NOT NULL,
    volunteer_id text NOT NULL,
    role text NOT NULL,
    status text NOT NULL,
    valid_from date,
    valid_until date,
    reason text
);

CREATE TABLE public.memory_snapshot (
    bank_id uuid NOT NULL,
    kind text NOT NULL,
    whom text NOT NULL,
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    code text NOT NULL,
    state bytea NOT NULL
);

CREATE TABLE public.merge (
    bank_id uuid NOT NULL,
    merge_id text NOT NULL,
    kept_id text NOT NULL,
    merged_id text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decided_by text,
    declined_as text,
    "position" bigint NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.node (
    bank_id uuid NOT NULL,
    node_id text NOT NULL,
    level text NOT NULL,
    depth integer NOT NULL,
    from_day date NOT NULL,
    until_day date
);

CREATE TABLE public.node_name (
    bank_id uuid NOT NULL,
    node_id text NOT NULL,
    from_day date NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.node_stand (
    bank_id uuid NOT NULL,
    node_id text NOT NULL,
    from_day date NOT NULL,
    parent_id text,
    into_id text,
    until_day date,
    level text NOT NULL
);

CREATE TABLE public.notice_read (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    "position" bigint NOT NULL,
    number bigint NOT NULL
);

CREATE TABLE public.oidc_identity (
    bank_id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    volunteer_id text NOT NULL
);

CREATE TABLE public.oidc_login (
    state_hash bytea NOT NULL,
    bank_id uuid NOT NULL,
    volunteer_id text,
    nonce text NOT NULL,
    verifier text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.one_time_code (
    code_hash bytea NOT NULL,
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    issued_by text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.organisation (
    bank_id uuid NOT NULL,
    organisation_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    code text,
    status text NOT NULL,
    registered_at timestamp with time zone NOT NULL
);

CREATE TABLE public.organisation_month (
    bank_id uuid NOT NULL,
    organisation_id text NOT NULL,
    month date NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    cancelled bigint DEFAULT 0 NOT NULL,
    places bigint DEFAULT 0 NOT NULL,
    without_limit bigint DEFAULT 0 NOT NULL,
    signed_up bigint DEFAULT 0 NOT NULL,
    present bigint DEFAULT 0 NOT NULL,
    absent bigint DEFAULT 0 NOT NULL,
    taken_up bigint DEFAULT 0 NOT NULL,
    declined bigint DEFAULT 0 NOT NULL,
    resident_minutes bigint DEFAULT 0 NOT NULL,
    off_duty_minutes bigint DEFAULT 0 NOT NULL,
    duty_minutes bigint DEFAULT 0 NOT NULL,
    subsidised_minutes bigint DEFAULT 0 NOT NULL,
    team_minutes bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.person (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    document bytea,
    phone_index text,
    document_index text,
    phone_verified_at timestamp with time zone,
    name_keys bigint[] NOT NULL,
    alike_index text,
    phone_is_claimed boolean DEFAULT false NOT NULL
);

CREATE TABLE public.person_name (
    bank_id uuid NOT NULL,
    name_key bigint NOT NULL,
    volunteer_id text NOT NULL
);

CREATE TABLE public.phone_code (
    code_id bigint NOT NULL,
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    phone_index text NOT NULL,
    code_hash text NOT NULL,
    issued_by text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE public.phone_code ALTER COLUMN code_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.phone_code_code_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.place_day (
    bank_id uuid NOT NULL,
    node_id text NOT NULL,
    day date NOT NULL,
    minutes bigint NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE public.place_total (
    bank_id uuid NOT NULL,
    level text NOT NULL,
    period text NOT NULL,
    node_id text NOT NULL,
    minutes bigint NOT NULL
);

CREATE TABLE public.presence (
    bank_id uuid NOT NULL,
    activity_id text NOT NULL,
    volunteer_id text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    proof_in text NOT NULL,
    proof_out text,
    is_taken_in_later boolean NOT NULL
)
WITH (fillfactor='90');

CREATE TABLE public.proposal (
    bank_id uuid NOT NULL,
    proposal_id text NOT NULL,
    volunteer_id text NOT NULL,
    organisation_id text NOT NULL,
    witness_id text,
    activity text NOT NULL,
    category text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    minutes integer NOT NULL,
    place text,
    content text,
    status text NOT NULL,
    record_id text,
    reason text,
    "position" bigint NOT NULL,
    team_id text
);

CREATE TABLE public.proxy (
    bank_id uuid NOT NULL,
    proxy_id text NOT NULL,
    volunteer_id text NOT NULL,
    proxy_volunteer_id text NOT NULL,
    scopes text[] NOT NULL,
    acts_per_day integer NOT NULL,
    valid_until date,
    status text NOT NULL,
    minutes_per_day integer
);

CREATE TABLE public.redemption (
    bank_id uuid NOT NULL,
    redemption_id text NOT NULL,
    reward_id text NOT NULL,
    volunteer_id text NOT NULL,
    beneficiary_id text NOT NULL,
    provider_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    cost_minutes integer NOT NULL,
    period text NOT NULL,
    slot timestamp with time zone,
    status text NOT NULL,
    reserved_by text NOT NULL,
    reserved_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    reason text,
    "position" bigint NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE public.refresh_token (
    token_hash bytea NOT NULL,
    session_id text NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    parent bytea,
    place text
);

CREATE TABLE public.registration_code (
    code_id bigint NOT NULL,
    bank_id uuid NOT NULL,
    phone_index text NOT NULL,
    code_hash text NOT NULL,
    address text NOT NULL,
    network text,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    used_at timestamp with time zone,
    own_failures integer DEFAULT 0 NOT NULL
);

ALTER TABLE public.registration_code ALTER COLUMN code_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.registration_code_code_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.residence (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    from_day date NOT NULL,
    node_id text,
    tie text NOT NULL,
    is_willing boolean DEFAULT false NOT NULL,
    until_day date,
    noted_on date
);

CREATE TABLE public.reward (
    bank_id uuid NOT NULL,
    reward_id text NOT NULL,
    provider_id text NOT NULL,
    status text NOT NULL,
    terms jsonb NOT NULL,
    reason text,
    "position" bigint NOT NULL
);

CREATE TABLE public.reward_taken (
    bank_id uuid NOT NULL,
    reward_id text NOT NULL,
    period text NOT NULL,
    slot timestamp with time zone NOT NULL,
    taken bigint NOT NULL
);

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);

CREATE TABLE public.sealed_secret (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    kind text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL
);

CREATE TABLE public.sealing_key (
    key_id text NOT NULL,
    check_value text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    retired_at timestamp with time zone
);

ALTER TABLE public.security_event ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.security_event_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.served_month (
    bank_id uuid NOT NULL,
    organisation_key bigint NOT NULL,
    month date NOT NULL,
    records integer NOT NULL,
    volunteer_id text NOT NULL
);

CREATE TABLE public.service_record (
    bank_id uuid NOT NULL,
    record_id text NOT NULL,
    volunteer_id text NOT NULL,
    organisation_id text NOT NULL,
    recorder_id text NOT NULL,
    activity text NOT NULL,
    category text NOT NULL,
    capacity text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    minutes integer NOT NULL,
    local_date date NOT NULL,
    is_late boolean NOT NULL,
    place text,
    content text,
    programmes text[] NOT NULL,
    status text NOT NULL,
    credited_minutes integer DEFAULT 0 NOT NULL,
    decided_by text,
    reason text,
    "position" bigint NOT NULL,
    policy_version integer DEFAULT 0 NOT NULL,
    rules_applied jsonb DEFAULT '[]'::jsonb NOT NULL,
    person_in_charge_id text,
    activity_id text,
    is_subsidised boolean DEFAULT false NOT NULL,
    team_id text,
    logged_position bigint NOT NULL
);

CREATE TABLE public.service_total (
    bank_id uuid NOT NULL,
    organisation_id text NOT NULL,
    period text NOT NULL,
    people bigint NOT NULL,
    records bigint NOT NULL,
    minutes bigint NOT NULL,
    duty_minutes bigint NOT NULL,
    credited_minutes bigint NOT NULL
);

CREATE TABLE public.session (
    session_id text NOT NULL,
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    device text DEFAULT ''::text NOT NULL,
    address text,
    used_at timestamp with time zone,
    proved_at timestamp with time zone,
    opened_device text,
    opened_address text
);

CREATE TABLE public.shift (
    bank_id uuid NOT NULL,
    shift_id text NOT NULL,
    team_id text NOT NULL,
    organisation_id text NOT NULL,
    volunteer_id text NOT NULL,
    from_day date NOT NULL,
    until_day date,
    from_minute integer NOT NULL,
    minutes integer NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE public.sign_in_attempt (
    bank_id uuid NOT NULL,
    login text NOT NULL,
    address text NOT NULL,
    volunteer_id text,
    failures integer NOT NULL,
    last_failed_at timestamp with time zone,
    succeeded_at timestamp with time zone,
    network text
);

CREATE TABLE public.sign_up (
    bank_id uuid NOT NULL,
    activity_id text NOT NULL,
    volunteer_id text NOT NULL,
    status text NOT NULL,
    "position" bigint NOT NULL,
    is_own boolean
)
WITH (fillfactor='90');

CREATE TABLE public.statement_checkpoint (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    "position" bigint NOT NULL,
    accounts jsonb NOT NULL,
    causes jsonb NOT NULL
);

CREATE TABLE public.team (
    bank_id uuid NOT NULL,
    team_id text NOT NULL,
    organisation_id text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    is_guided boolean NOT NULL,
    proposed_by text,
    from_day date,
    last_day date,
    reason text,
    members bigint DEFAULT 0 NOT NULL
);

CREATE TABLE public.team_member (
    bank_id uuid NOT NULL,
    team_id text NOT NULL,
    volunteer_id text NOT NULL,
    organisation_id text NOT NULL,
    status text NOT NULL
);

CREATE TABLE public.team_month (
    bank_id uuid NOT NULL,
    organisation_id text NOT NULL,
    month date NOT NULL,
    team_id text NOT NULL,
    minutes bigint NOT NULL
);

CREATE TABLE public.transfer (
    bank_id uuid NOT NULL,
    transfer_id text NOT NULL,
    kind text NOT NULL,
    volunteer_id text,
    fund_id text,
    to_volunteer_id text,
    to_fund_id text,
    minutes bigint NOT NULL,
    reason text,
    made_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE public.uncounted (
    bank_id uuid NOT NULL,
    id text NOT NULL,
    month date NOT NULL,
    seats integer
);

CREATE TABLE public.volunteer (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    on_leaderboards boolean DEFAULT false NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    kept_id text
);

CREATE TABLE public.willing (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    is_willing boolean NOT NULL
);

CREATE TABLE public.witnessed_checkpoint (
    origin text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    cosigned_at timestamp with time zone NOT NULL,
    CONSTRAINT witnessed_checkpoint_size_check CHECK ((size >= 0))
);

ALTER TABLE ONLY public.activity
    ADD CONSTRAINT activity_pkey PRIMARY KEY (bank_id, activity_id);

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (bank_id, key_id);

ALTER TABLE ONLY public.api_key_use
    ADD CONSTRAINT api_key_use_pkey PRIMARY KEY (bank_id, key_id);

ALTER TABLE ONLY public.appointment
    ADD CONSTRAINT appointment_pkey PRIMARY KEY (bank_id, appointment_id);

ALTER TABLE ONLY public.balance
    ADD CONSTRAINT balance_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.bank
    ADD CONSTRAINT bank_pkey PRIMARY KEY (bank_id);

ALTER TABLE ONLY public.captaincy
    ADD CONSTRAINT captaincy_pkey PRIMARY KEY (bank_id, team_id, "position");

ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (projection, bank_id);

ALTER TABLE ONLY public.cosignature
    ADD CONSTRAINT cosignature_pkey PRIMARY KEY (bank_id, size, witness);

ALTER TABLE ONLY public.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.double_registration
    ADD CONSTRAINT double_registration_pkey PRIMARY KEY (bank_id, earlier_id, later_id);

ALTER TABLE ONLY public.employment
    ADD CONSTRAINT employment_pkey PRIMARY KEY (bank_id, employment_id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (bank_id, "position");

ALTER TABLE ONLY public.fund_balance
    ADD CONSTRAINT fund_balance_pkey PRIMARY KEY (bank_id, fund_id);

ALTER TABLE ONLY public.fund
    ADD CONSTRAINT fund_pkey PRIMARY KEY (bank_id, fund_id);

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (bank_id, principal, key);

ALTER TABLE ONLY public.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (bank_id, invitation_id);

ALTER TABLE ONLY public.leaderboard
    ADD CONSTRAINT leaderboard_pkey PRIMARY KEY (bank_id, volunteer_id, period);

ALTER TABLE ONLY public.leaderboard_step
    ADD CONSTRAINT leaderboard_step_pkey PRIMARY KEY (bank_id, period, level, step);

ALTER TABLE ONLY public.leaderboard_total
    ADD CONSTRAINT leaderboard_total_pkey PRIMARY KEY (bank_id, period);

ALTER TABLE ONLY public.marked_record
    ADD CONSTRAINT marked_record_pkey PRIMARY KEY (bank_id, record_id);

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (bank_id, membership_id);

ALTER TABLE ONLY public.memory_snapshot
    ADD CONSTRAINT memory_snapshot_pkey PRIMARY KEY (bank_id, kind, whom);

ALTER TABLE ONLY public.merge
    ADD CONSTRAINT merge_pkey PRIMARY KEY (bank_id, merge_id);

ALTER TABLE ONLY public.node_name
    ADD CONSTRAINT node_name_pkey PRIMARY KEY (bank_id, node_id, from_day);

ALTER TABLE ONLY public.node
    ADD CONSTRAINT node_pkey PRIMARY KEY (bank_id, node_id);

ALTER TABLE ONLY public.node_stand
    ADD CONSTRAINT node_stand_pkey PRIMARY KEY (bank_id, node_id, from_day);

ALTER TABLE ONLY public.notice_read
    ADD CONSTRAINT notice_read_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.oidc_identity
    ADD CONSTRAINT oidc_identity_pkey PRIMARY KEY (bank_id, issuer, subject);

ALTER TABLE ONLY public.oidc_login
    ADD CONSTRAINT oidc_login_pkey PRIMARY KEY (state_hash);

ALTER TABLE ONLY public.one_time_code
    ADD CONSTRAINT one_time_code_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.organisation_month
    ADD CONSTRAINT organisation_month_pkey PRIMARY KEY (bank_id, organisation_id, month);

ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_pkey PRIMARY KEY (bank_id, organisation_id);

ALTER TABLE ONLY public.person_name
    ADD CONSTRAINT person_name_pkey PRIMARY KEY (bank_id, name_key, volunteer_id);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.phone_code
    ADD CONSTRAINT phone_code_pkey PRIMARY KEY (code_id);

ALTER TABLE ONLY public.place_day
    ADD CONSTRAINT place_day_pkey PRIMARY KEY (bank_id, node_id, day);

ALTER TABLE ONLY public.place_total
    ADD CONSTRAINT place_total_pkey PRIMARY KEY (bank_id, level, node_id, period);

ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_pkey PRIMARY KEY (bank_id, activity_id, volunteer_id, since);

ALTER TABLE ONLY public.proposal
    ADD CONSTRAINT proposal_pkey PRIMARY KEY (bank_id, proposal_id);

ALTER TABLE ONLY public.proxy
    ADD CONSTRAINT proxy_pkey PRIMARY KEY (bank_id, proxy_id);

ALTER TABLE ONLY public.redemption
    ADD CONSTRAINT redemption_pkey PRIMARY KEY (bank_id, redemption_id);

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT refresh_token_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.registration_code
    ADD CONSTRAINT registration_code_pkey PRIMARY KEY (code_id);

ALTER TABLE ONLY public.residence
    ADD CONSTRAINT residence_pkey PRIMARY KEY (bank_id, volunteer_id, from_day);

ALTER TABLE ONLY public.reward
    ADD CONSTRAINT reward_pkey PRIMARY KEY (bank_id, reward_id);

ALTER TABLE ONLY public.reward_taken
    ADD CONSTRAINT reward_taken_pkey PRIMARY KEY (bank_id, reward_id, period, slot);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.sealed_secret
    ADD CONSTRAINT sealed_secret_pkey PRIMARY KEY (bank_id, volunteer_id, kind);

ALTER TABLE ONLY public.sealing_key
    ADD CONSTRAINT sealing_key_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.security_event
    ADD CONSTRAINT security_event_pkey PRIMARY KEY (bank_id, number);

ALTER TABLE ONLY public.served_month
    ADD CONSTRAINT served_month_pkey PRIMARY KEY (bank_id, volunteer_id, month, organisation_key);

ALTER TABLE ONLY public.service_record
    ADD CONSTRAINT service_record_pkey PRIMARY KEY (bank_id, record_id);

ALTER TABLE ONLY public.service_total
    ADD CONSTRAINT service_total_pkey PRIMARY KEY (bank_id, organisation_id, period);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (session_id);

ALTER TABLE ONLY public.shift
    ADD CONSTRAINT shift_pkey PRIMARY KEY (bank_id, shift_id);

ALTER TABLE ONLY public.sign_in_attempt
    ADD CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (bank_id, login, address);

ALTER TABLE ONLY public.sign_up
    ADD CONSTRAINT sign_up_pkey PRIMARY KEY (bank_id, activity_id, volunteer_id);

ALTER TABLE ONLY public.signed_checkpoint
    ADD CONSTRAINT signed_checkpoint_pkey PRIMARY KEY (bank_id, size);

ALTER TABLE ONLY public.statement_checkpoint
    ADD CONSTRAINT statement_checkpoint_pkey PRIMARY KEY (bank_id, volunteer_id, "position");

ALTER TABLE ONLY public.team_member
    ADD CONSTRAINT team_member_pkey PRIMARY KEY (bank_id, team_id, volunteer_id);

ALTER TABLE ONLY public.team_month
    ADD CONSTRAINT team_month_pkey PRIMARY KEY (bank_id, organisation_id, month, team_id);

ALTER TABLE ONLY public.team
    ADD CONSTRAINT team_pkey PRIMARY KEY (bank_id, team_id);

ALTER TABLE ONLY public.tile
    ADD CONSTRAINT tile_pkey PRIMARY KEY (bank_id, level, number);

ALTER TABLE ONLY public.transfer
    ADD CONSTRAINT transfer_pkey PRIMARY KEY (bank_id, transfer_id);

ALTER TABLE ONLY public.uncounted
    ADD CONSTRAINT uncounted_pkey PRIMARY KEY (bank_id, id);

ALTER TABLE ONLY public.volunteer
    ADD CONSTRAINT volunteer_bank_id_number_key UNIQUE (bank_id, number);

ALTER TABLE ONLY public.volunteer
    ADD CONSTRAINT volunteer_pkey PRIMARY KEY (bank_id, volunteer_id) INCLUDE (number, status, on_leaderboards, registered_at, kept_id);

ALTER TABLE ONLY public.willing
    ADD CONSTRAINT willing_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.witnessed_checkpoint
    ADD CONSTRAINT witnessed_checkpoint_pkey PRIMARY KEY (origin, size);

CREATE INDEX activity_by_organisation ON public.activity USING btree (bank_id, organisation_id, activity_id);

CREATE INDEX activity_open ON public.activity USING btree (bank_id, starts_at, activity_id) WHERE (status = 'published'::text);

CREATE INDEX activity_open_at ON public.activity USING btree (bank_id, node_id, starts_at, activity_id) WHERE (status = 'published'::text);

CREATE INDEX api_key_by_id ON public.api_key USING btree (key_id);

CREATE INDEX api_key_by_organisation ON public.api_key USING btree (bank_id, organisation_id, key_id);

CREATE INDEX appointment_by_node ON public.appointment USING btree (bank_id, node_id) WHERE ((node_id IS NOT NULL) AND (status = 'in force'::text));

CREATE INDEX appointment_by_volunteer ON public.appointment USING btree (bank_id, volunteer_id);

CREATE INDEX double_registration_by_later ON public.double_registration USING btree (bank_id, later_id);

CREATE INDEX employment_by_organisation ON public.employment USING btree (bank_id, organisation_id, employment_id);

CREATE INDEX employment_by_volunteer ON public.employment USING btree (bank_id, volunteer_id, employment_id);

CREATE INDEX event_by_actor ON public.event USING btree (public.key_in(bank_id, actor), "position");

CREATE INDEX event_by_request ON public.event USING btree (public.key_in(bank_id, request_id), "position");

CREATE INDEX event_by_topic ON public.event USING btree (public.key_in(bank_id, topic), "position");

CREATE INDEX event_tag_by_key ON public.event_tag USING btree (key, "position");

CREATE INDEX idempotency_by_age ON public.idempotency USING btree (recorded_at);

CREATE INDEX invitation_by_organisation ON public.invitation USING btree (bank_id, organisation_id, invitation_id);

CREATE INDEX leaderboard_in_order ON public.leaderboard USING btree (bank_id, period, ((- minutes)), "position", volunteer_id) WHERE (is_visible AND (minutes > 0));

CREATE INDEX membership_by_organisation ON public.membership USING btree (bank_id, organisation_id, status, membership_id);

CREATE INDEX membership_by_role ON public.membership USING btree (bank_id, organisation_id, status, role, membership_id);

CREATE INDEX membership_by_volunteer ON public.membership USING btree (bank_id, volunteer_id, membership_id);

CREATE INDEX membership_of_members ON public.membership USING btree (bank_id, organisation_id, volunteer_id) WHERE (status = 'approved'::text);

CREATE INDEX membership_waiting_of_volunteer ON public.membership USING btree (bank_id, volunteer_id, organisation_id) WHERE (status = ANY (ARRAY['requested'::text, 'invited'::text]));

CREATE INDEX merge_by_people ON public.merge USING btree (bank_id, merged_id, kept_id);

CREATE INDEX merge_by_status ON public.merge USING btree (bank_id, status, merge_id);

CREATE INDEX node_by_level ON public.node USING btree (bank_id, level, node_id);

CREATE INDEX node_stand_by_parent ON public.node_stand USING btree (bank_id, COALESCE(into_id, parent_id, ''::text), node_id);

CREATE INDEX oidc_identity_by_volunteer ON public.oidc_identity USING btree (bank_id, volunteer_id);

CREATE INDEX one_time_code_by_volunteer ON public.one_time_code USING btree (bank_id, volunteer_id);

CREATE INDEX organisation_by_status ON public.organisation USING btree (bank_id, status, organisation_id);

CREATE INDEX person_by_alike ON public.person USING btree (bank_id, alike_index) WHERE (alike_index <> ''::text);

CREATE UNIQUE INDEX person_by_document ON public.person USING btree (bank_id, document_index);

CREATE INDEX person_by_key ON public.person USING btree (key_id);

CREATE INDEX person_by_phone ON public.person USING btree (bank_id, phone_index);

CREATE INDEX person_not_compared ON public.person USING btree (bank_id) WHERE (alike_index IS NULL);

CREATE INDEX phone_code_by_phone ON public.phone_code USING btree (bank_id, phone_index, issued_at);

CREATE INDEX phone_code_by_volunteer ON public.phone_code USING btree (bank_id, volunteer_id, issued_at);

CREATE INDEX place_total_in_order ON public.place_total USING btree (bank_id, level, period, ((- minutes)), node_id) WHERE (node_id > ''::text);

CREATE INDEX proposal_by_organisation ON public.proposal USING btree (bank_id, organisation_id, proposal_id);

CREATE INDEX proposal_by_volunteer ON public.proposal USING btree (bank_id, volunteer_id, proposal_id);

CREATE INDEX proposal_waiting ON public.proposal USING btree (bank_id, organisation_id, proposal_id) WHERE (status = 'proposed'::text);

CREATE INDEX proxy_by_proxy ON public.proxy USING btree (bank_id, proxy_volunteer_id);

CREATE INDEX proxy_by_volunteer ON public.proxy USING btree (bank_id, volunteer_id);

CREATE INDEX redemption_by_beneficiary ON public.redemption USING btree (bank_id, beneficiary_id, redemption_id);

CREATE INDEX redemption_by_provider ON public.redemption USING btree (bank_id, provider_id, status, redemption_id);

CREATE INDEX redemption_by_reward ON public.redemption USING btree (bank_id, reward_id, status, redemption_id);

CREATE INDEX redemption_by_status ON public.redemption USING btree (bank_id, status, redemption_id);

CREATE INDEX redemption_by_volunteer ON public.redemption USING btree (bank_id, volunteer_id, redemption_id);

CREATE INDEX redemption_due ON public.redemption USING btree (bank_id, expires_at, redemption_id) WHERE (status = 'reserved'::text);

CREATE INDEX refresh_token_by_session ON public.refresh_token USING btree (session_id);

CREATE INDEX registration_code_by_address ON public.registration_code USING btree (bank_id, address, issued_at);

CREATE INDEX registration_code_by_network ON public.registration_code USING btree (bank_id, network, issued_at) WHERE (network IS NOT NULL);

CREATE INDEX registration_code_by_phone ON public.registration_code USING btree (bank_id, phone_index, issued_at);

CREATE INDEX residence_by_node ON public.residence USING btree (bank_id, node_id, volunteer_id) INCLUDE (from_day, until_day, tie);

CREATE INDEX residence_of_willing ON public.residence USING btree (bank_id, node_id, volunteer_id) WHERE is_willing;

CREATE INDEX reward_by_kind ON public.reward USING btree (bank_id, status, ((terms ->> 'kind'::text)), reward_id);

CREATE INDEX reward_by_status ON public.reward USING btree (bank_id, status, reward_id);

CREATE INDEX sealed_secret_by_key ON public.sealed_secret USING btree (key_id);

CREATE INDEX security_event_by_actor ON public.security_event USING btree (bank_id, actor, number);

CREATE INDEX security_event_by_age ON public.security_event USING btree (recorded_at);

CREATE INDEX security_event_by_kind ON public.security_event USING btree (bank_id, kind, number);

CREATE INDEX security_event_by_kind_and_actor ON public.security_event USING btree (bank_id, actor, kind, number);

CREATE INDEX security_event_by_request ON public.security_event USING btree (bank_id, request_id, number);

CREATE INDEX security_event_by_subject ON public.security_event USING btree (bank_id, subject, number) WHERE (subject IS NOT NULL);

CREATE INDEX security_event_notice ON public.security_event USING btree (bank_id, COALESCE(subject, actor), number) WHERE (kind = ANY (ARRAY['code-issued'::text, 'identity-linked'::text, 'identity-unlinked'::text, 'list-signed'::text, 'new-device'::text, 'password-set'::text, 'phone-code-issued'::text, 'phone-verified'::text, 'recovery-code-used'::text, 'refresh-reused'::text, 'second-factor-removed'::text, 'second-factor-reset'::text, 'second-factor-set'::text, 'sessions-ended'::text]));

CREATE INDEX service_record_by_activity ON public.service_record USING btree (bank_id, activity_id, record_id) WHERE (activity_id IS NOT NULL);

CREATE INDEX service_record_by_day ON public.service_record USING btree (bank_id, local_date, logged_position);

CREATE INDEX service_record_by_organisation ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), logged_position);

CREATE INDEX service_record_by_organisation_day ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), local_date, logged_position);

CREATE INDEX service_record_by_team ON public.service_record USING btree (bank_id, team_id, local_date) WHERE (team_id IS NOT NULL);

CREATE INDEX service_record_by_volunteer ON public.service_record USING btree (bank_id, public.key_in(bank_id, volunteer_id), logged_position);

CREATE INDEX service_record_by_volunteer_day ON public.service_record USING btree (bank_id, public.key_in(bank_id, volunteer_id), local_date, logged_position);

CREATE INDEX service_record_late ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), logged_position) WHERE is_late;

CREATE INDEX service_record_late_anywhere ON public.service_record USING btree (bank_id, logged_position) WHERE is_late;

CREATE INDEX service_record_late_by_day ON public.service_record USING btree (bank_id, local_date, logged_position) WHERE is_late;

CREATE INDEX service_record_late_of_organisation_by_day ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), local_date, logged_position) WHERE is_late;

CREATE INDEX service_record_late_of_volunteer ON public.service_record USING btree (bank_id, public.key_in(bank_id, volunteer_id), logged_position) WHERE is_late;

CREATE INDEX service_record_late_waiting ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), logged_position) WHERE (is_late AND (status = 'logged'::text));

CREATE INDEX service_record_late_waiting_anywhere ON public.service_record USING btree (bank_id, logged_position) WHERE (is_late AND (status = 'logged'::text));

CREATE INDEX service_record_logged ON public.service_record USING btree (bank_id, logged_position);

CREATE INDEX service_record_set_aside ON public.service_record USING btree (bank_id, status, logged_position) WHERE (status <> ALL (ARRAY['logged'::text, 'confirmed'::text]));

CREATE INDEX service_record_set_aside_by_day ON public.service_record USING btree (bank_id, status, local_date, logged_position) WHERE (status <> ALL (ARRAY['logged'::text, 'confirmed'::text]));

CREATE INDEX service_record_set_aside_of_organisation ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), status, logged_position) WHERE (status <> ALL (ARRAY['logged'::text, 'confirmed'::text]));

CREATE INDEX service_record_set_aside_of_organisation_by_day ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), status, local_date, logged_position) WHERE (status <> ALL (ARRAY['logged'::text, 'confirmed'::text]));

CREATE INDEX service_record_set_aside_of_volunteer ON public.service_record USING btree (bank_id, public.key_in(bank_id, volunteer_id), status, logged_position) WHERE (status <> ALL (ARRAY['logged'::text, 'confirmed'::text]));

CREATE INDEX service_record_waiting ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), logged_position) WHERE (status = 'logged'::text);

CREATE INDEX service_record_waiting_anywhere ON public.service_record USING btree (bank_id, logged_position) WHERE (status = 'logged'::text);

CREATE INDEX service_record_waiting_by_day ON public.service_record USING btree (bank_id, local_date, logged_position) WHERE (status = 'logged'::text);

CREATE INDEX service_record_waiting_of_organisation_by_day ON public.service_record USING btree (bank_id, public.key_in(bank_id, organisation_id), local_date, logged_position) WHERE (status = 'logged'::text);

CREATE INDEX service_record_waiting_of_volunteer ON public.service_record USING btree (bank_id, public.key_in(bank_id, volunteer_id), logged_position) WHERE (status = 'logged'::text);

CREATE INDEX session_by_volunteer ON public.session USING btree (bank_id, volunteer_id);

CREATE INDEX shift_by_team ON public.shift USING btree (bank_id, team_id, COALESCE(until_day, 'infinity'::date));

CREATE INDEX shift_by_volunteer ON public.shift USING btree (bank_id, volunteer_id, COALESCE(until_day, 'infinity'::date));

CREATE INDEX sign_in_attempt_by_address ON public.sign_in_attempt USING btree (bank_id, address);

CREATE INDEX sign_in_attempt_by_network ON public.sign_in_attempt USING btree (bank_id, network) WHERE (network IS NOT NULL);

CREATE INDEX sign_in_attempt_by_volunteer ON public.sign_in_attempt USING btree (bank_id, volunteer_id);

CREATE INDEX sign_up_by_volunteer ON public.sign_up USING btree (bank_id, volunteer_id, activity_id) WHERE (status <> 'withdrawn'::text);

CREATE INDEX team_by_organisation ON public.team USING btree (bank_id, organisation_id, team_id);

CREATE INDEX team_member_by_volunteer ON public.team_member USING btree (bank_id, volunteer_id, team_id);

CREATE INDEX team_member_in ON public.team_member USING btree (bank_id, team_id, volunteer_id) WHERE (status <> 'left'::text);

CREATE INDEX transfer_by_fund ON public.transfer USING btree (bank_id, fund_id, kind, "position") WHERE (fund_id IS NOT NULL);

CREATE INDEX transfer_by_kind ON public.transfer USING btree (bank_id, kind, transfer_id);

CREATE INDEX transfer_by_receiver ON public.transfer USING btree (bank_id, to_volunteer_id, transfer_id);

CREATE INDEX transfer_by_receiving_fund ON public.transfer USING btree (bank_id, to_fund_id, kind, "position") WHERE (to_fund_id IS NOT NULL);

CREATE INDEX transfer_by_volunteer ON public.transfer USING btree (bank_id, volunteer_id, transfer_id);

CREATE INDEX volunteer_by_kept ON public.volunteer USING btree (bank_id, kept_id, volunteer_id) WHERE (kept_id IS NOT NULL);

CREATE INDEX volunteer_not_taken_in ON public.volunteer USING btree (bank_id, volunteer_id) WHERE (status = ANY (ARRAY['applied'::text, 'declined'::text]));

CREATE INDEX volunteer_who_applied ON public.volunteer USING btree (bank_id, volunteer_id) WHERE (status = 'applied'::text);

CREATE TRIGGER cosignature_is_append_only BEFORE DELETE OR UPDATE ON public.cosignature FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER cosignature_is_never_truncated BEFORE TRUNCATE ON public.cosignature FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER event_is_append_only BEFORE DELETE OR UPDATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER event_is_never_truncated BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER security_event_is_append_only BEFORE DELETE OR UPDATE ON public.security_event FOR EACH ROW EXECUTE FUNCTION public.refuse_to_change_security_log();

CREATE TRIGGER security_event_is_never_truncated BEFORE TRUNCATE ON public.security_event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_security_log();

CREATE TRIGGER signed_checkpoint_is_append_only BEFORE DELETE OR UPDATE ON public.signed_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER signed_checkpoint_is_never_truncated BEFORE TRUNCATE ON public.signed_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER tile_is_append_only BEFORE DELETE OR UPDATE ON public.tile FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER tile_is_never_truncated BEFORE TRUNCATE ON public.tile FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER witnessed_checkpoint_is_append_only BEFORE DELETE OR UPDATE ON public.witnessed_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER witnessed_checkpoint_is_never_truncated BEFORE TRUNCATE ON public.witnessed_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

ALTER TABLE ONLY public.double_registration
    ADD CONSTRAINT double_registration_bank_id_earlier_id_fkey FOREIGN KEY (bank_id, earlier_id) REFERENCES public.person(bank_id, volunteer_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.double_registration
    ADD CONSTRAINT double_registration_bank_id_later_id_fkey FOREIGN KEY (bank_id, later_id) REFERENCES public.person(bank_id, volunteer_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notice_read
    ADD CONSTRAINT notice_read_bank_id_volunteer_id_fkey FOREIGN KEY (bank_id, volunteer_id) REFERENCES public.person(bank_id, volunteer_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.sealing_key(key_id);

ALTER TABLE ONLY public.phone_code
    ADD CONSTRAINT phone_code_bank_id_volunteer_id_fkey FOREIGN KEY (bank_id, volunteer_id) REFERENCES public.person(bank_id, volunteer_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.refresh_token
    ADD CONSTRAINT refresh_token_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.session(session_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sealed_secret
    ADD CONSTRAINT sealed_secret_bank_id_volunteer_id_fkey FOREIGN KEY (bank_id, volunteer_id) REFERENCES public.person(bank_id, volunteer_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sealed_secret
    ADD CONSTRAINT sealed_secret_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.sealing_key(key_id);

REVOKE ALL ON FUNCTION public.forget_addresses(bank uuid, volunteers text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.sweep_security_log(sweep_before timestamp with time zone, at_most integer) FROM PUBLIC;
