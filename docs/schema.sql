CREATE FUNCTION public.refuse_to_change_history() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'events are never changed or deleted';
end $$;

CREATE TABLE public.balance (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    available_minutes bigint NOT NULL,
    reserved_minutes bigint NOT NULL,
    debt_minutes bigint NOT NULL,
    service_minutes bigint NOT NULL,
    credited_minutes bigint NOT NULL,
    CONSTRAINT balance_available_minutes_check CHECK ((available_minutes >= 0)),
    CONSTRAINT balance_debt_minutes_check CHECK ((debt_minutes >= 0)),
    CONSTRAINT balance_reserved_minutes_check CHECK ((reserved_minutes >= 0))
)
WITH (fillfactor='80');

CREATE TABLE public.bank (
    bank_id uuid NOT NULL,
    head bigint DEFAULT 0 NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    CONSTRAINT bank_head_check CHECK ((head >= 0))
)
WITH (fillfactor='50');

CREATE TABLE public.checkpoint (
    projection text NOT NULL,
    version integer NOT NULL,
    bank_id uuid NOT NULL,
    "position" bigint NOT NULL
)
WITH (fillfactor='50');

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
    CONSTRAINT event_position_check CHECK (("position" > 0))
);

CREATE TABLE public.event_tag (
    bank_id uuid NOT NULL,
    tag text NOT NULL,
    topic text NOT NULL,
    "position" bigint NOT NULL
);

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
    encode(leaf, 'hex'::text) AS leaf
   FROM public.event;

CREATE TABLE public.idempotency (
    bank_id uuid NOT NULL,
    principal text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    outcome bytea NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);

CREATE TABLE public.leaderboard (
    bank_id uuid NOT NULL,
    period text NOT NULL,
    volunteer_id text NOT NULL,
    minutes bigint NOT NULL,
    "position" bigint NOT NULL,
    is_visible boolean DEFAULT false NOT NULL
)
WITH (fillfactor='80');

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

CREATE TABLE public.organisation (
    bank_id uuid NOT NULL,
    organisation_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    code text,
    status text NOT NULL,
    registered_at timestamp with time zone NOT NULL
);

CREATE TABLE public.person (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    name text NOT NULL,
    phone text,
    skills text[] DEFAULT '{}'::text[] NOT NULL,
    alias text
);

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
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
    "position" bigint NOT NULL
)
WITH (fillfactor='80');

CREATE TABLE public.token (
    token_hash bytea NOT NULL,
    bank_id uuid NOT NULL,
    role text NOT NULL,
    actor text NOT NULL,
    label text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT token_role_check CHECK ((role = ANY (ARRAY['administrator'::text, 'organisation'::text, 'volunteer'::text])))
);

CREATE TABLE public.volunteer (
    bank_id uuid NOT NULL,
    volunteer_id text NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    on_leaderboards boolean DEFAULT false NOT NULL,
    registered_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.balance
    ADD CONSTRAINT balance_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.bank
    ADD CONSTRAINT bank_pkey PRIMARY KEY (bank_id);

ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (projection, bank_id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (bank_id, "position");

ALTER TABLE ONLY public.event_tag
    ADD CONSTRAINT event_tag_pkey PRIMARY KEY (bank_id, tag, topic, "position");

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (bank_id, principal, key);

ALTER TABLE ONLY public.leaderboard
    ADD CONSTRAINT leaderboard_pkey PRIMARY KEY (bank_id, volunteer_id, period);

ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (bank_id, membership_id);

ALTER TABLE ONLY public.organisation
    ADD CONSTRAINT organisation_pkey PRIMARY KEY (bank_id, organisation_id);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (bank_id, volunteer_id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.service_record
    ADD CONSTRAINT service_record_pkey PRIMARY KEY (bank_id, record_id);

ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.volunteer
    ADD CONSTRAINT volunteer_bank_id_number_key UNIQUE (bank_id, number);

ALTER TABLE ONLY public.volunteer
    ADD CONSTRAINT volunteer_pkey PRIMARY KEY (bank_id, volunteer_id);

CREATE INDEX event_by_actor ON public.event USING btree (bank_id, actor, "position");

CREATE INDEX event_by_topic ON public.event USING btree (bank_id, topic, "position");

CREATE INDEX leaderboard_in_order ON public.leaderboard USING btree (bank_id, period, is_visible, minutes DESC, "position", volunteer_id);

CREATE INDEX membership_by_organisation ON public.membership USING btree (bank_id, organisation_id, membership_id);

CREATE INDEX membership_by_volunteer ON public.membership USING btree (bank_id, volunteer_id, membership_id);

CREATE INDEX person_by_name ON public.person USING btree (bank_id, name);

CREATE INDEX person_by_phone ON public.person USING btree (bank_id, phone);

CREATE INDEX service_record_by_organisation ON public.service_record USING btree (bank_id, organisation_id, record_id);

CREATE INDEX service_record_by_volunteer ON public.service_record USING btree (bank_id, volunteer_id, record_id);

CREATE TRIGGER event_is_append_only BEFORE DELETE OR UPDATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();

CREATE TRIGGER event_is_never_truncated BEFORE TRUNCATE ON public.event FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_to_change_history();
