-- Organisations, units, actors, their roles, duty and wishes.

CREATE TABLE organisation (
    id uuid PRIMARY KEY,
    name varchar NOT NULL,
    kind varchar NOT NULL,
    in_network boolean NOT NULL,
    is_hub boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX organisation_hub ON organisation (is_hub) WHERE is_hub;

CREATE TABLE actor (
    id uuid PRIMARY KEY,
    name varchar NOT NULL,
    email varchar NOT NULL UNIQUE,
    language varchar NOT NULL,
    password_hash varchar,
    disabled boolean NOT NULL,
    is_service boolean NOT NULL,
    supervisor_id uuid REFERENCES actor,
    demo boolean NOT NULL,
    organisation_id uuid REFERENCES organisation
);
CREATE INDEX ix_actor_organisation_id ON actor (organisation_id);

CREATE TABLE absence (
    id uuid PRIMARY KEY,
    actor_id uuid NOT NULL REFERENCES actor,
    deputy_id uuid REFERENCES actor,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    noted_by uuid,
    noted_at timestamptz NOT NULL,
    cancelled_at timestamptz
);
CREATE INDEX ix_absence_actor_id ON absence (actor_id);

CREATE TABLE contact (
    actor_id uuid NOT NULL REFERENCES actor,
    channel varchar NOT NULL,
    encrypted_address bytea,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, channel)
);

CREATE TABLE preference (
    actor_id uuid PRIMARY KEY REFERENCES actor,
    channels text[] DEFAULT '{}' NOT NULL,
    digest varchar NOT NULL,
    quiet_from varchar NOT NULL,
    quiet_until varchar NOT NULL,
    zone varchar NOT NULL,
    changed_at timestamptz NOT NULL,
    page_language varchar DEFAULT '' NOT NULL
);

CREATE TABLE unit (
    id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisation,
    name varchar NOT NULL,
    jurisdiction varchar NOT NULL,
    zone varchar NOT NULL,
    language varchar NOT NULL,
    contact varchar NOT NULL
);
CREATE INDEX ix_unit_organisation_id ON unit (organisation_id);

CREATE TABLE membership (
    actor_id uuid NOT NULL REFERENCES actor,
    unit_id uuid NOT NULL REFERENCES unit,
    role varchar NOT NULL,
    ends_at timestamptz,
    PRIMARY KEY (actor_id, unit_id, role)
);
CREATE INDEX membership_by_role ON membership (unit_id, role);

CREATE TABLE shift (
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES unit,
    actor_id uuid NOT NULL REFERENCES actor,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    taken_from uuid,
    noted_by uuid,
    noted_at timestamptz NOT NULL,
    cancelled_at timestamptz
);
CREATE INDEX shift_by_unit ON shift (unit_id, starts_at);

-- Definitions, commands and facts of the installation.

CREATE TABLE command (
    id uuid PRIMARY KEY,
    case_id uuid,
    answer jsonb DEFAULT '{}' NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX ix_command_at ON command (at);

CREATE TABLE definition_version (
    id uuid PRIMARY KEY,
    kind varchar NOT NULL,
    name varchar NOT NULL,
    version integer NOT NULL,
    title varchar NOT NULL,
    status varchar NOT NULL,
    content_hash varchar NOT NULL,
    source varchar NOT NULL,
    flattened json NOT NULL,
    contract_hashes jsonb DEFAULT '{}' NOT NULL,
    author varchar NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    owner_unit_id uuid,
    UNIQUE (kind, name, version),
    CONSTRAINT definition_version_owner_fkey FOREIGN KEY (owner_unit_id) REFERENCES unit (id)
);
CREATE INDEX ix_definition_version_content_hash ON definition_version (content_hash);

CREATE TABLE demo (
    one boolean DEFAULT true PRIMARY KEY,
    since timestamptz NOT NULL,
    CONSTRAINT demo_one_row CHECK (one)
);

CREATE TABLE installation (
    key varchar PRIMARY KEY,
    value jsonb DEFAULT '{}' NOT NULL
);

CREATE TABLE wall_secret (
    one boolean DEFAULT true PRIMARY KEY,
    secret bytea NOT NULL,
    CONSTRAINT wall_secret_one_row CHECK (one)
);

INSERT INTO wall_secret (secret)
    SELECT sha256(convert_to(string_agg(gen_random_uuid()::text, ''), 'UTF8')) FROM generate_series(1, 4);

-- Signatures of lawyers under limits of the law.

CREATE TABLE law_signature (
    id uuid PRIMARY KEY,
    limit_id varchar NOT NULL,
    text_hash varchar NOT NULL,
    name varchar NOT NULL,
    place varchar NOT NULL,
    signed_by uuid NOT NULL REFERENCES actor,
    signed_on date NOT NULL,
    signed_at timestamptz NOT NULL,
    source_read varchar NOT NULL,
    revoked_by uuid REFERENCES actor,
    revoked_at timestamptz,
    revoked_for varchar DEFAULT '' NOT NULL
);
CREATE INDEX ix_law_signature_limit_id ON law_signature (limit_id);
CREATE UNIQUE INDEX law_signature_live ON law_signature (text_hash) WHERE revoked_at IS NULL;

-- Sessions, second factors, invitations, and keys of service accounts.

CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    actor_id uuid NOT NULL REFERENCES actor,
    key_hash bytea NOT NULL UNIQUE,
    scopes text[] DEFAULT '{}' NOT NULL,
    valid_until timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid,
    name varchar DEFAULT '' NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    encrypted_secret bytea
);
CREATE INDEX ix_api_key_actor_id ON api_key (actor_id);

CREATE TABLE invitation (
    id uuid PRIMARY KEY,
    kind varchar NOT NULL,
    actor_id uuid REFERENCES actor,
    token_hash bytea NOT NULL UNIQUE,
    created_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    cancelled_at timestamptz
);
CREATE INDEX ix_invitation_actor_id ON invitation (actor_id);

CREATE TABLE kept_form (
    id uuid PRIMARY KEY,
    actor_id uuid NOT NULL REFERENCES actor,
    path varchar NOT NULL,
    encrypted_fields bytea,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_kept_form_actor_id ON kept_form (actor_id);

CREATE TABLE known_device (
    actor_id uuid NOT NULL REFERENCES actor,
    mark_hash bytea NOT NULL,
    first_seen_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, mark_hash)
);

CREATE TABLE recovery_code (
    id uuid PRIMARY KEY,
    actor_id uuid NOT NULL REFERENCES actor,
    code_hash varchar NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX ix_recovery_code_actor_id ON recovery_code (actor_id);

CREATE TABLE second_factor (
    actor_id uuid PRIMARY KEY REFERENCES actor,
    encrypted_secret bytea,
    encrypted_proposed bytea,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step integer DEFAULT 0 NOT NULL
);

CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    actor_id uuid NOT NULL REFERENCES actor,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    id uuid DEFAULT gen_random_uuid() NOT NULL UNIQUE,
    stepped_up_at timestamptz,
    by_factor boolean DEFAULT false NOT NULL,
    pending boolean DEFAULT false NOT NULL,
    device varchar DEFAULT '' NOT NULL
);
CREATE INDEX ix_session_actor_id ON session (actor_id);

CREATE TABLE sign_in_habit (
    actor_id uuid NOT NULL REFERENCES actor,
    mark bytea NOT NULL,
    sort varchar NOT NULL,
    count integer NOT NULL,
    first_seen_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, mark)
);

CREATE TABLE sign_in_try (
    key bytea PRIMARY KEY,
    count integer NOT NULL,
    last_at timestamptz NOT NULL
);

-- Cases: reports, persons, runs, steps, answers, work items, intervals, papers, events.

CREATE TABLE "case" (
    id uuid PRIMARY KEY,
    number varchar NOT NULL UNIQUE,
    unit_id uuid NOT NULL REFERENCES unit,
    jurisdiction varchar NOT NULL,
    status varchar NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    revision integer NOT NULL,
    chain_head bytea NOT NULL,
    chain_length integer NOT NULL,
    merged_into uuid REFERENCES "case",
    rests boolean DEFAULT false NOT NULL,
    concern varchar,
    encrypted_facts bytea,
    encrypted_report bytea
);
CREATE INDEX case_open_by_unit ON "case" (unit_id, opened_at) WHERE status = 'open';
CREATE INDEX ix_case_merged_into ON "case" (merged_into);
CREATE INDEX ix_case_unit_id ON "case" (unit_id);

CREATE TABLE answer (
    step_id uuid NOT NULL,
    turn integer NOT NULL,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    encrypted_answers bytea,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (step_id, turn)
);
CREATE INDEX ix_answer_case_id ON answer (case_id);

CREATE TABLE document (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    step_id uuid,
    name varchar NOT NULL,
    title varchar NOT NULL,
    number varchar NOT NULL,
    version integer NOT NULL,
    sha256 varchar NOT NULL,
    encrypted_html bytea,
    made_at timestamptz NOT NULL,
    released_by uuid,
    released_at timestamptz,
    UNIQUE (case_id, step_id, name, version)
);
CREATE INDEX ix_document_case_id ON document (case_id);
CREATE INDEX ix_document_step_id ON document (step_id);

CREATE TABLE draft (
    item_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    encrypted_answers bytea,
    encrypted_proposals bytea,
    saved_at timestamptz NOT NULL,
    saved_by uuid,
    encrypted_notes bytea
);
CREATE INDEX ix_draft_case_id ON draft (case_id);

CREATE TABLE event (
    case_id uuid NOT NULL REFERENCES "case",
    seq integer NOT NULL,
    unit_id uuid NOT NULL REFERENCES unit,
    at timestamptz NOT NULL,
    actor_id uuid,
    type varchar NOT NULL,
    body jsonb DEFAULT '{}' NOT NULL,
    hash bytea NOT NULL,
    encrypted_body bytea,
    PRIMARY KEY (case_id, seq)
);
CREATE INDEX ix_event_at ON event (at);

CREATE TABLE event_words (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    seq integer NOT NULL,
    encrypted_words bytea,
    UNIQUE (case_id, seq)
);

CREATE TABLE interval (
    step_id uuid NOT NULL,
    name varchar NOT NULL,
    start timestamptz NOT NULL,
    "end" timestamptz,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    has_place boolean DEFAULT false NOT NULL,
    encrypted_place bytea,
    PRIMARY KEY (step_id, name, start)
);
CREATE INDEX ix_interval_case_id ON "interval" (case_id);

CREATE TABLE report (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    received_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid,
    encrypted_answers bytea
);
CREATE INDEX ix_report_case_id ON report (case_id);
CREATE INDEX report_by_actor ON report (recorded_by, recorded_at);

CREATE TABLE run (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    workflow varchar NOT NULL,
    version integer NOT NULL,
    definition_hash varchar NOT NULL,
    status varchar NOT NULL,
    started_at timestamptz NOT NULL,
    zone varchar NOT NULL,
    calendar varchar,
    jurisdiction varchar NOT NULL
);
CREATE INDEX ix_run_case_id ON run (case_id);
CREATE INDEX ix_run_definition_hash ON run (definition_hash);
CREATE INDEX ix_run_workflow ON run (workflow);

CREATE TABLE step (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    run_id uuid NOT NULL REFERENCES run,
    key varchar NOT NULL,
    path varchar NOT NULL,
    uses varchar NOT NULL,
    automatic boolean NOT NULL,
    status varchar NOT NULL,
    opened_at timestamptz,
    opens_at timestamptz,
    ended_at timestamptz,
    recorded_at timestamptz,
    outcome varchar,
    gate varchar,
    completed_by uuid,
    series_over boolean NOT NULL,
    turn integer NOT NULL,
    revision integer NOT NULL,
    added jsonb,
    encrypted_title bytea,
    encrypted_outputs bytea
);
CREATE INDEX ix_step_case_id ON step (case_id);

CREATE TABLE work_item (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    run_id uuid NOT NULL,
    step_id uuid NOT NULL,
    step_key varchar NOT NULL,
    uses varchar NOT NULL,
    approval boolean NOT NULL,
    status varchar NOT NULL,
    candidate_roles text[] DEFAULT '{}' NOT NULL,
    excluded_ids uuid[] DEFAULT '{}' NOT NULL,
    assignee_id uuid REFERENCES actor,
    priority integer NOT NULL,
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    revision integer NOT NULL
);
CREATE INDEX work_item_by_assignee ON work_item (assignee_id) WHERE status = 'reserved';
CREATE INDEX work_item_open_by_case ON work_item (case_id) WHERE status IN ('ready', 'reserved');
CREATE INDEX work_item_open_by_step ON work_item (step_id) WHERE status IN ('ready', 'reserved');
CREATE INDEX work_item_ready_by_role ON work_item USING gin (candidate_roles) WHERE status = 'ready';
CREATE INDEX work_item_ready_by_unit ON work_item (unit_id, opened_at) WHERE status IN ('ready', 'reserved');

-- Time limits, what their ladders did, added days, recounts.

CREATE TABLE deadline (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    run_id uuid NOT NULL,
    step_id uuid NOT NULL,
    key varchar NOT NULL,
    path varchar NOT NULL,
    purpose varchar NOT NULL,
    "limit" varchar NOT NULL,
    law varchar,
    ladder varchar NOT NULL,
    zone varchar NOT NULL,
    calendar varchar,
    warn text[] DEFAULT '{}' NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    status varchar NOT NULL,
    breached_at timestamptz,
    ended_at timestamptz,
    fired text[] DEFAULT '{}' NOT NULL,
    next_at timestamptz,
    next_firing varchar,
    acknowledged_at timestamptz,
    failures integer NOT NULL,
    deferred_until timestamptz,
    pauses jsonb DEFAULT '[]' NOT NULL,
    extensions jsonb DEFAULT '[]' NOT NULL,
    raised jsonb DEFAULT '{}' NOT NULL,
    delay_owner varchar,
    critical boolean DEFAULT false NOT NULL,
    budget_seconds bigint,
    consumed_seconds bigint DEFAULT 0 NOT NULL,
    running_since timestamptz,
    discovered_at timestamptz,
    excluded jsonb DEFAULT '[]' NOT NULL,
    owner_named_at timestamptz,
    kept_until varchar DEFAULT 'instant' NOT NULL,
    late_at timestamptz,
    counted_by varchar DEFAULT 'case' NOT NULL,
    calls jsonb DEFAULT '[]' NOT NULL
);
CREATE INDEX deadline_aside ON deadline (failures) WHERE status = 'open' AND failures >= 5;
CREATE INDEX deadline_calls ON deadline (unit_id) WHERE status = 'open' AND calls <> '[]';
CREATE INDEX deadline_discovered ON deadline (discovered_at) WHERE discovered_at IS NOT NULL;
CREATE INDEX deadline_extended ON deadline (unit_id) WHERE status = 'open' AND extensions <> '[]';
CREATE INDEX deadline_next ON deadline (next_at) WHERE status = 'open' AND next_at IS NOT NULL;
CREATE INDEX deadline_next_critical ON deadline (next_at) WHERE status = 'open' AND critical;
CREATE INDEX deadline_open_by_unit ON deadline (unit_id, due_at) WHERE status = 'open';
CREATE INDEX ix_deadline_case_id ON deadline (case_id);
CREATE INDEX ix_deadline_step_id ON deadline (step_id);

CREATE TABLE escalation (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    deadline_id uuid NOT NULL REFERENCES deadline,
    level integer NOT NULL,
    round integer NOT NULL,
    planned_at timestamptz NOT NULL,
    fired_at timestamptz NOT NULL,
    recipient_ids uuid[] DEFAULT '{}' NOT NULL,
    channels text[] DEFAULT '{}' NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    note varchar NOT NULL,
    ladder varchar DEFAULT '' NOT NULL,
    ladder_version integer DEFAULT 1 NOT NULL,
    is_missed boolean DEFAULT false NOT NULL,
    step_id uuid,
    UNIQUE (deadline_id, level, round)
);
CREATE INDEX escalation_fired ON escalation (fired_at);
CREATE INDEX ix_escalation_case_id ON escalation (case_id);

CREATE TABLE escalation_audit (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    checked integer NOT NULL,
    problems jsonb DEFAULT '[]' NOT NULL
);
CREATE INDEX ix_escalation_audit_at ON escalation_audit (at);

CREATE TABLE recount (
    id uuid PRIMARY KEY,
    kind varchar NOT NULL,
    name varchar NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    after_case_id uuid,
    cases integer NOT NULL,
    moved integer NOT NULL,
    done_at timestamptz
);
CREATE INDEX recount_open ON recount (asked_at) WHERE done_at IS NULL;

CREATE TABLE special_day (
    id uuid PRIMARY KEY,
    calendar varchar NOT NULL,
    day date NOT NULL,
    kind varchar NOT NULL,
    added_by uuid,
    added_at timestamptz NOT NULL,
    removed_by uuid,
    removed_at timestamptz,
    encrypted_words bytea
);
CREATE INDEX ix_special_day_calendar ON special_day (calendar);

-- Automatic work: jobs, batches, services.

CREATE TABLE batch (
    id uuid PRIMARY KEY,
    workflow varchar NOT NULL,
    case_ids uuid[] DEFAULT '{}' NOT NULL,
    case_numbers text[] DEFAULT '{}' NOT NULL,
    flow_run_id uuid,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX batch_open ON batch (opened_at) WHERE closed_at IS NULL;

CREATE TABLE dispatch (
    case_id uuid PRIMARY KEY REFERENCES "case",
    workflow varchar NOT NULL,
    batch_id uuid
);
CREATE INDEX ix_dispatch_batch_id ON dispatch (batch_id);

CREATE TABLE job (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    run_id uuid,
    step_id uuid,
    kind varchar NOT NULL,
    task varchar NOT NULL,
    payload jsonb DEFAULT '{}' NOT NULL,
    status varchar NOT NULL,
    ready_at timestamptz NOT NULL,
    retries integer NOT NULL,
    retry_delay varchar NOT NULL,
    timeout varchar NOT NULL,
    attempt integer NOT NULL,
    token integer NOT NULL,
    lease_until timestamptz,
    worker varchar,
    batch_id uuid,
    held_by uuid,
    critical boolean NOT NULL,
    gateway varchar NOT NULL,
    announces text[] DEFAULT '{}' NOT NULL,
    flow_run_id uuid,
    task_run_id uuid,
    done_by varchar,
    error_code varchar,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    asked_by uuid
);
CREATE INDEX ix_job_case_id ON job (case_id);
CREATE INDEX ix_job_step_id ON job (step_id);
CREATE INDEX job_by_flow_run ON job (finished_at) WHERE flow_run_id IS NOT NULL;
CREATE INDEX job_claimed ON job (lease_until) WHERE status = 'claimed';
CREATE INDEX job_failed ON job (case_id) WHERE status IN ('aside', 'failed');
CREATE INDEX job_ready ON job (ready_at) WHERE status = 'ready';
CREATE INDEX job_waiting_by_case ON job (case_id) WHERE status IN ('ready', 'claimed');

CREATE TABLE service (
    name varchar PRIMARY KEY,
    state varchar NOT NULL,
    since timestamptz NOT NULL,
    noted_at timestamptz NOT NULL
);

-- Persons, and what they are found by.

CREATE TABLE case_link (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    other_case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    kind varchar NOT NULL,
    reason_code varchar DEFAULT '' NOT NULL,
    rests boolean DEFAULT false NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    approved_at timestamptz,
    ended_by uuid,
    ended_at timestamptz,
    held_items jsonb DEFAULT '[]' NOT NULL
);
CREATE INDEX ix_case_link_case_id ON case_link (case_id);
CREATE INDEX ix_case_link_other_case_id ON case_link (other_case_id);

CREATE TABLE person (
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES unit,
    encrypted_identity bytea,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_person_unit_id ON person (unit_id);

CREATE TABLE case_person (
    case_id uuid NOT NULL REFERENCES "case",
    person_id uuid NOT NULL REFERENCES person,
    role varchar NOT NULL,
    unit_id uuid NOT NULL REFERENCES unit,
    "position" integer NOT NULL,
    added_at timestamptz NOT NULL,
    removed_at timestamptz,
    status varchar DEFAULT 'stated' NOT NULL,
    from_on date,
    until_on date,
    PRIMARY KEY (case_id, person_id, role)
);
CREATE INDEX ix_case_person_person_id ON case_person (person_id);

CREATE TABLE person_merge (
    id uuid PRIMARY KEY,
    primary_id uuid NOT NULL REFERENCES person,
    secondary_id uuid NOT NULL REFERENCES person,
    case_id uuid NOT NULL REFERENCES "case",
    other_case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    reason_code varchar NOT NULL,
    merged_by uuid,
    merged_at timestamptz NOT NULL,
    ended_by uuid,
    ended_at timestamptz
);
CREATE INDEX ix_person_merge_case_id ON person_merge (case_id);
CREATE INDEX ix_person_merge_other_case_id ON person_merge (other_case_id);
CREATE INDEX ix_person_merge_primary_id ON person_merge (primary_id);
CREATE UNIQUE INDEX person_merge_live ON person_merge (secondary_id) WHERE ended_at IS NULL;

CREATE TABLE person_token (
    person_id uuid NOT NULL REFERENCES person,
    kind varchar NOT NULL,
    token bytea NOT NULL,
    key_id varchar DEFAULT '' NOT NULL,
    unit_id uuid NOT NULL,
    PRIMARY KEY (person_id, kind, token)
);
CREATE INDEX person_token_by_token ON person_token (token, kind);

-- Data keys, the tokens that organisations search by, and files that people added.

CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    step_id uuid,
    media_type varchar NOT NULL,
    size integer NOT NULL,
    encrypted_name bytea,
    added_at timestamptz NOT NULL,
    added_by uuid,
    kind varchar DEFAULT 'other' NOT NULL,
    status varchar DEFAULT 'kept' NOT NULL,
    copy_size integer,
    scan varchar DEFAULT 'not_scanned' NOT NULL,
    address bytea,
    encrypted_details bytea,
    address_key varchar DEFAULT '' NOT NULL,
    UNIQUE (case_id, address)
);
CREATE INDEX attachment_arriving ON attachment (added_at) WHERE status = 'arriving';
CREATE INDEX ix_attachment_case_id ON attachment (case_id);
CREATE INDEX ix_attachment_unit_id ON attachment (unit_id);

CREATE TABLE attachment_part (
    attachment_id uuid NOT NULL REFERENCES attachment,
    copy_of varchar NOT NULL,
    number integer NOT NULL,
    encrypted_content bytea,
    PRIMARY KEY (attachment_id, copy_of, number)
);

CREATE TABLE data_key (
    owner_id uuid NOT NULL,
    version integer NOT NULL,
    wrapped bytea,
    wrapped_by varchar NOT NULL,
    created_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    retired_at timestamptz,
    uses bigint DEFAULT 0 NOT NULL,
    period varchar DEFAULT '' NOT NULL,
    PRIMARY KEY (owner_id, version)
);
CREATE INDEX ix_data_key_wrapped_by ON data_key (wrapped_by);

CREATE TABLE search_token (
    person_id uuid NOT NULL REFERENCES person,
    organisation_id uuid NOT NULL REFERENCES organisation,
    kind varchar NOT NULL,
    token bytea NOT NULL,
    key_id varchar DEFAULT '' NOT NULL,
    PRIMARY KEY (person_id, organisation_id, kind, token)
);
CREATE INDEX search_token_by_token ON search_token (organisation_id, token);

-- Who may see a case beside its unit, who never, and what waits for a second person.

CREATE TABLE approval_request (
    id uuid PRIMARY KEY,
    kind varchar NOT NULL,
    case_id uuid REFERENCES "case",
    unit_id uuid REFERENCES unit,
    subject jsonb DEFAULT '{}' NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    reason_code varchar NOT NULL,
    answered_by uuid,
    answered_at timestamptz,
    approved boolean,
    expires_at timestamptz NOT NULL,
    subject_id uuid NOT NULL,
    seen varchar DEFAULT '' NOT NULL,
    needed integer DEFAULT 1 NOT NULL,
    agreed jsonb DEFAULT '[]' NOT NULL,
    ended_reason varchar DEFAULT '' NOT NULL
);
CREATE UNIQUE INDEX approval_request_about ON approval_request (kind, subject_id) WHERE answered_at IS NULL;
CREATE INDEX approval_request_open ON approval_request (unit_id, asked_at) WHERE answered_at IS NULL;
CREATE INDEX approval_request_subject ON approval_request (subject_id);
CREATE INDEX ix_approval_request_case_id ON approval_request (case_id);

CREATE TABLE recusal (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    actor_id uuid REFERENCES actor,
    unit_id uuid REFERENCES unit,
    organisation_id uuid REFERENCES organisation,
    reason varchar NOT NULL,
    reason_code varchar NOT NULL,
    set_by uuid,
    set_at timestamptz NOT NULL,
    ended_by uuid,
    ended_at timestamptz,
    CONSTRAINT recusal_has_a_reason
        CHECK (reason = 'denied' OR (reason = 'conflict_of_interest' AND actor_id IS NOT NULL)),
    CONSTRAINT recusal_names_one CHECK (num_nonnulls(actor_id, unit_id, organisation_id) = 1)
);
CREATE INDEX ix_recusal_actor_id ON recusal (actor_id);
CREATE INDEX ix_recusal_case_id ON recusal (case_id);
CREATE INDEX ix_recusal_organisation_id ON recusal (organisation_id);
CREATE INDEX ix_recusal_unit_id ON recusal (unit_id);

CREATE TABLE "grant" (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    purpose varchar NOT NULL,
    fields text[] DEFAULT '{}' NOT NULL,
    valid_until timestamptz,
    ended_at timestamptz,
    granted_at timestamptz NOT NULL,
    granted_by uuid,
    kind varchar DEFAULT 'hand' NOT NULL,
    actor_id uuid REFERENCES actor,
    referral_id uuid,
    consent_id uuid,
    second_by uuid,
    second_at timestamptz,
    ended_reason varchar DEFAULT '' NOT NULL,
    persons uuid[] DEFAULT '{}' NOT NULL
);
CREATE INDEX ix_grant_case_id ON "grant" (case_id);
CREATE INDEX ix_grant_consent_id ON "grant" (consent_id);
CREATE INDEX ix_grant_referral_id ON "grant" (referral_id);
CREATE INDEX ix_grant_unit_id ON "grant" (unit_id);

-- What leaves a unit: consents, referrals, links for partners without an account, matches between units.

CREATE TABLE consent (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    person_id uuid NOT NULL REFERENCES person,
    step_id uuid,
    kind varchar NOT NULL,
    purposes text[] DEFAULT '{}' NOT NULL,
    fields text[] DEFAULT '{}' NOT NULL,
    valid_until timestamptz,
    withdrawn_at timestamptz,
    recorded_at timestamptz NOT NULL,
    recipients text[] DEFAULT '{}' NOT NULL,
    recorded_by uuid,
    withdrawn_by uuid,
    expired_at timestamptz,
    encrypted_answers bytea
);
CREATE INDEX consent_runs_out ON consent (valid_until)
    WHERE withdrawn_at IS NULL AND expired_at IS NULL AND valid_until IS NOT NULL;
CREATE INDEX ix_consent_case_id ON consent (case_id);

CREATE TABLE match_alert (
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES unit,
    case_id uuid NOT NULL REFERENCES "case",
    other_unit_id uuid NOT NULL REFERENCES unit,
    kinds text[] DEFAULT '{}' NOT NULL,
    found_at timestamptz NOT NULL,
    seen_by uuid,
    seen_at timestamptz,
    is_question boolean DEFAULT false NOT NULL,
    about_case_id uuid,
    answer varchar DEFAULT '' NOT NULL,
    answered_by uuid,
    answered_at timestamptz,
    CONSTRAINT match_alert_once UNIQUE (case_id, other_unit_id, is_question)
);
CREATE INDEX ix_match_alert_case_id ON match_alert (case_id);
CREATE INDEX ix_match_alert_unit_id ON match_alert (unit_id);

CREATE TABLE match_check (
    person_id uuid PRIMARY KEY REFERENCES person,
    asked_at timestamptz NOT NULL,
    asked_by uuid,
    deferred_until timestamptz
);

CREATE TABLE match_probe (
    unit_id uuid NOT NULL REFERENCES unit,
    actor_id uuid NOT NULL,
    day date NOT NULL,
    compared integer NOT NULL,
    held integer NOT NULL,
    PRIMARY KEY (unit_id, actor_id, day)
);

CREATE TABLE referral (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    to_unit_id uuid REFERENCES unit,
    step_id uuid,
    kind varchar NOT NULL,
    status varchar NOT NULL,
    fields text[] DEFAULT '{}' NOT NULL,
    encrypted_note bytea,
    sent_at timestamptz NOT NULL,
    due_at timestamptz,
    answered_at timestamptz,
    released_by uuid,
    answered_by uuid,
    reason_code varchar DEFAULT '' NOT NULL,
    deadline_id uuid,
    to_kind varchar DEFAULT '' NOT NULL,
    purpose varchar DEFAULT '' NOT NULL,
    help varchar DEFAULT '' NOT NULL,
    urgency varchar DEFAULT '' NOT NULL,
    ground varchar DEFAULT '' NOT NULL,
    ended_reason varchar DEFAULT '' NOT NULL,
    consent_id uuid REFERENCES consent,
    asked_by uuid,
    second_by uuid,
    answer_step_id uuid,
    after_id uuid REFERENCES referral,
    keep_days integer DEFAULT 0 NOT NULL,
    ended_at timestamptz,
    persons uuid[] DEFAULT '{}' NOT NULL,
    encrypted_to_name bytea,
    to_hub_id uuid
);
CREATE INDEX ix_referral_answer_step_id ON referral (answer_step_id);
CREATE INDEX ix_referral_case_id ON referral (case_id);
CREATE INDEX ix_referral_consent_id ON referral (consent_id);
CREATE INDEX ix_referral_deadline_id ON referral (deadline_id);
CREATE INDEX ix_referral_to_unit_id ON referral (to_unit_id);

CREATE TABLE partner_link (
    id uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referral,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    token_hash bytea NOT NULL UNIQUE,
    code_hash varchar NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    made_by uuid,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at timestamptz,
    session_hash bytea,
    session_until timestamptz,
    ended_at timestamptz,
    ended_reason varchar DEFAULT '' NOT NULL
);
CREATE INDEX ix_partner_link_case_id ON partner_link (case_id);
CREATE INDEX ix_partner_link_referral_id ON partner_link (referral_id);

CREATE TABLE partner_view (
    id uuid PRIMARY KEY,
    link_id uuid NOT NULL REFERENCES partner_link,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    at timestamptz NOT NULL,
    what varchar NOT NULL,
    count integer DEFAULT 0 NOT NULL
);
CREATE INDEX ix_partner_view_case_id ON partner_view (case_id);
CREATE INDEX ix_partner_view_link_id ON partner_view (link_id);

-- The directory of partners: bodies, never persons.

CREATE TABLE partner (
    id uuid PRIMARY KEY,
    kind varchar DEFAULT '' NOT NULL,
    encrypted_words bytea,
    takes_men boolean,
    takes_children boolean,
    takes_foreigners boolean,
    capacity_free integer,
    valid_until timestamptz,
    agreement_until date,
    updated_at timestamptz NOT NULL
);

-- Messages, deliveries and the gateways they go through.

CREATE TABLE channel_change (
    id uuid PRIMARY KEY,
    setting_id uuid NOT NULL,
    act varchar NOT NULL,
    host varchar NOT NULL,
    rate_per_minute integer NOT NULL,
    changed_by uuid,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_channel_change_setting_id ON channel_change (setting_id);

CREATE TABLE channel_setting (
    id uuid PRIMARY KEY,
    organisation_id uuid REFERENCES organisation,
    channel varchar NOT NULL,
    encrypted_url bytea,
    host varchar NOT NULL,
    enabled boolean NOT NULL,
    rate_per_minute integer NOT NULL,
    changed_by uuid,
    changed_at timestamptz NOT NULL,
    UNIQUE (organisation_id, channel)
);

CREATE TABLE message (
    id uuid PRIMARY KEY,
    key varchar NOT NULL UNIQUE,
    case_id uuid REFERENCES "case",
    unit_id uuid REFERENCES unit,
    escalation_id uuid,
    kind varchar NOT NULL,
    recipient_id uuid NOT NULL REFERENCES actor,
    subject varchar NOT NULL,
    body varchar NOT NULL,
    link varchar NOT NULL,
    critical boolean NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    html varchar DEFAULT '' NOT NULL,
    digest_id uuid,
    link_hash varchar UNIQUE,
    code_of bytea
);
CREATE INDEX ix_message_case_id ON message (case_id);
CREATE INDEX ix_message_digest_id ON message (digest_id);
CREATE INDEX ix_message_escalation_id ON message (escalation_id);
CREATE INDEX message_inbox ON message (recipient_id, created_at);

CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES message,
    case_id uuid REFERENCES "case",
    unit_id uuid REFERENCES unit,
    channel varchar NOT NULL,
    status varchar NOT NULL,
    attempt integer NOT NULL,
    next_at timestamptz NOT NULL,
    sent_at timestamptz,
    error_code varchar,
    lane integer DEFAULT 0 NOT NULL,
    first_tried_at timestamptz,
    tried_at timestamptz,
    dropped_by uuid,
    drop_reason varchar DEFAULT '' NOT NULL,
    second_of uuid
);
CREATE INDEX delivery_dead ON delivery (case_id) WHERE status = 'dead';
CREATE INDEX delivery_held ON delivery (status, message_id) WHERE status IN ('storm', 'digest');
CREATE INDEX delivery_waiting ON delivery (channel, next_at) WHERE status = 'waiting';
CREATE INDEX ix_delivery_case_id ON delivery (case_id);
CREATE INDEX ix_delivery_message_id ON delivery (message_id);
CREATE INDEX ix_delivery_second_of ON delivery (second_of);

-- How long data is kept: holds, restrictions, erasures and their tombstones, corrections, copies that were exported.

CREATE TABLE correction (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    person_id uuid NOT NULL REFERENCES person,
    kind varchar NOT NULL,
    reason_code varchar NOT NULL,
    encrypted_before bytea,
    encrypted_words bytea,
    made_by uuid,
    made_at timestamptz NOT NULL
);
CREATE INDEX ix_correction_case_id ON correction (case_id);
CREATE INDEX ix_correction_person_id ON correction (person_id);

CREATE TABLE erasure (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    person_id uuid NOT NULL REFERENCES person,
    source varchar NOT NULL,
    ground_code varchar NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    status varchar NOT NULL,
    cooling_until timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    ended_reason varchar DEFAULT '' NOT NULL,
    keys_gone_at timestamptz,
    revision integer DEFAULT 1 NOT NULL
);
CREATE UNIQUE INDEX erasure_live ON erasure (person_id) WHERE status IN ('asked', 'approved');
CREATE INDEX ix_erasure_case_id ON erasure (case_id);

CREATE TABLE erasure_notice (
    id uuid PRIMARY KEY,
    erasure_id uuid NOT NULL REFERENCES erasure,
    case_id uuid NOT NULL REFERENCES "case",
    unit_id uuid NOT NULL REFERENCES unit,
    sent_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    answered_by uuid,
    answered_at timestamptz,
    answer varchar DEFAULT '' NOT NULL,
    UNIQUE (erasure_id, case_id, unit_id)
);
CREATE INDEX ix_erasure_notice_erasure_id ON erasure_notice (erasure_id);
CREATE INDEX ix_erasure_notice_unit_id ON erasure_notice (unit_id);

CREATE TABLE export_copy (
    id uuid PRIMARY KEY,
    number integer NOT NULL UNIQUE,
    asked_by uuid NOT NULL REFERENCES actor,
    unit_id uuid REFERENCES unit,
    asked_at timestamptz NOT NULL,
    what varchar NOT NULL,
    purpose_code varchar NOT NULL,
    chosen jsonb DEFAULT '{}' NOT NULL,
    counted integer NOT NULL,
    status varchar NOT NULL,
    answered_by uuid,
    answered_at timestamptz,
    token_hash bytea,
    expires_at timestamptz NOT NULL,
    fetched_at timestamptz,
    rows integer,
    sha256 varchar DEFAULT '' NOT NULL,
    revision integer DEFAULT 1 NOT NULL
);
CREATE INDEX export_waiting ON export_copy (unit_id) WHERE status = 'asked';
CREATE INDEX ix_export_copy_asked_by ON export_copy (asked_by);

CREATE TABLE legal_hold (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    kind varchar NOT NULL,
    encrypted_reason bytea,
    placed_by uuid,
    placed_at timestamptz NOT NULL,
    lifted_by uuid,
    lifted_at timestamptz
);
CREATE INDEX ix_legal_hold_case_id ON legal_hold (case_id);

CREATE TABLE restriction (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    ground_code varchar NOT NULL,
    holder_id uuid NOT NULL REFERENCES actor,
    placed_by uuid,
    placed_at timestamptz NOT NULL,
    lifted_by uuid,
    lifted_at timestamptz
);
CREATE UNIQUE INDEX restriction_live ON restriction (case_id) WHERE lifted_at IS NULL;

CREATE TABLE retention_proposal (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    act varchar NOT NULL,
    policy varchar NOT NULL,
    policy_version integer NOT NULL,
    due_at timestamptz NOT NULL,
    kept_until timestamptz,
    proposed_at timestamptz NOT NULL,
    decision varchar DEFAULT '' NOT NULL,
    decided_by uuid,
    decided_at timestamptz
);
CREATE INDEX ix_retention_proposal_case_id ON retention_proposal (case_id);
CREATE UNIQUE INDEX retention_open ON retention_proposal (case_id) WHERE decided_at IS NULL;

CREATE TABLE tombstone (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    case_ids uuid[] DEFAULT '{}' NOT NULL,
    key_owners uuid[] DEFAULT '{}' NOT NULL,
    approved_by uuid[] DEFAULT '{}' NOT NULL,
    source varchar NOT NULL,
    erased_at timestamptz NOT NULL
);
CREATE INDEX ix_tombstone_person_id ON tombstone (person_id);

-- What proves itself: chains beside the cases, readings, checkpoints; and what is told in confidence.

CREATE TABLE audit_chain (
    name varchar PRIMARY KEY,
    length integer NOT NULL,
    head bytea NOT NULL
);

CREATE TABLE audit_event (
    stream varchar NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    type varchar NOT NULL,
    body jsonb DEFAULT '{}' NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (stream, seq)
);
CREATE INDEX ix_audit_event_at ON audit_event (at);

CREATE TABLE emergency_access (
    id uuid PRIMARY KEY,
    actor_id uuid NOT NULL REFERENCES actor,
    case_id uuid REFERENCES "case",
    grant_id uuid,
    approval_id uuid,
    reason_code varchar NOT NULL,
    encrypted_words bytea,
    hours integer NOT NULL,
    asked_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    flagged_at timestamptz,
    encrypted_number bytea
);
CREATE INDEX emergency_access_open ON emergency_access (asked_at) WHERE grant_id IS NOT NULL AND flagged_at IS NULL;
CREATE INDEX ix_emergency_access_actor_id ON emergency_access (actor_id);
CREATE INDEX ix_emergency_access_case_id ON emergency_access (case_id);

CREATE TABLE checkpoint (
    number serial PRIMARY KEY,
    at timestamptz NOT NULL,
    key_id varchar NOT NULL,
    previous bytea NOT NULL,
    chains integer NOT NULL,
    links integer NOT NULL,
    heads_hash bytea NOT NULL,
    signature bytea NOT NULL
);

CREATE TABLE checkpoint_head (
    number integer NOT NULL,
    chain varchar NOT NULL,
    length integer NOT NULL,
    head bytea NOT NULL,
    PRIMARY KEY (number, chain),
    FOREIGN KEY (number) REFERENCES checkpoint (number)
);
CREATE INDEX checkpoint_head_by_chain ON checkpoint_head (chain, length);

CREATE TABLE concern (
    id uuid PRIMARY KEY,
    kind varchar NOT NULL,
    about_id uuid NOT NULL REFERENCES actor,
    raised_by uuid NOT NULL REFERENCES actor,
    raised_at timestamptz NOT NULL,
    recipient_id uuid NOT NULL REFERENCES actor,
    encrypted_words bytea,
    status varchar DEFAULT 'new' NOT NULL,
    encrypted_answer bytea,
    answered_at timestamptz,
    encrypted_case_number bytea
);
CREATE INDEX ix_concern_raised_by ON concern (raised_by);
CREATE INDEX ix_concern_recipient_id ON concern (recipient_id);

CREATE TABLE reading (
    case_id uuid NOT NULL REFERENCES "case",
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    what varchar NOT NULL,
    subject_id uuid,
    classes text[] DEFAULT '{}' NOT NULL,
    roles text[] DEFAULT '{}' NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (case_id, seq)
);
CREATE INDEX ix_reading_at ON reading (at);
CREATE INDEX reading_by_actor ON reading (actor_id, at);

-- Hubs that work together, the cases that they share, and what goes between them.

CREATE TABLE peer_hub (
    id uuid PRIMARY KEY,
    name varchar NOT NULL, kind varchar NOT NULL, address varchar NOT NULL,
    sign_key bytea NOT NULL UNIQUE, agree_key bytea NOT NULL,
    unit_id uuid NOT NULL REFERENCES unit,
    status varchar NOT NULL, asked_by uuid, confirmed_by uuid,
    added_at timestamptz NOT NULL, ended_at timestamptz,
    sent_number integer NOT NULL, received_number integer NOT NULL,
    heard_at timestamptz, skew_seconds integer NOT NULL, tries integer NOT NULL,
    down_since timestamptz, next_try_at timestamptz, line_error varchar NOT NULL,
    wire_id varchar DEFAULT '' NOT NULL,
    key_changes jsonb DEFAULT '[]' NOT NULL
);

CREATE TABLE mirror (
    id uuid PRIMARY KEY,
    hub_id uuid NOT NULL REFERENCES peer_hub, ref uuid NOT NULL, came_in boolean NOT NULL,
    unit_id uuid NOT NULL REFERENCES unit, case_id uuid REFERENCES "case",
    status varchar NOT NULL, kind varchar NOT NULL, purpose varchar NOT NULL, help varchar NOT NULL,
    urgency varchar NOT NULL, number varchar NOT NULL, jurisdiction varchar NOT NULL,
    offered_at timestamptz NOT NULL, due_at timestamptz, zone varchar NOT NULL,
    answered_at timestamptz, answered_by uuid, reason_code varchar NOT NULL,
    their_number varchar NOT NULL, their_due_at timestamptz, their_zone varchar NOT NULL,
    ended_at timestamptz, ended_reason varchar NOT NULL, erasure varchar NOT NULL, erasure_at timestamptz,
    UNIQUE (hub_id, ref)
);
CREATE INDEX ix_mirror_case_id ON mirror (case_id);
CREATE INDEX ix_mirror_unit_id ON mirror (unit_id);

CREATE TABLE hub_message (
    id uuid PRIMARY KEY,
    hub_id uuid NOT NULL REFERENCES peer_hub, came_in boolean NOT NULL, number integer NOT NULL,
    kind varchar NOT NULL, ref uuid NOT NULL, case_id uuid REFERENCES "case", by uuid,
    at timestamptz NOT NULL, sent_at timestamptz, tried_at timestamptz, settled_at timestamptz,
    answer varchar NOT NULL, problem varchar NOT NULL, encrypted_body bytea, envelope bytea,
    UNIQUE (hub_id, came_in, number)
);
CREATE INDEX ix_hub_message_case_id ON hub_message (case_id);
CREATE INDEX hub_message_waits ON hub_message (hub_id, came_in, number) WHERE settled_at IS NULL;
ALTER TABLE referral ADD FOREIGN KEY (to_hub_id) REFERENCES peer_hub;

-- Moves of running cases, senders of a gateway, published and saved numbers.

CREATE TABLE bulk_move (
    id uuid PRIMARY KEY,
    workflow varchar NOT NULL,
    version integer NOT NULL,
    to_hash varchar NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    total integer NOT NULL,
    cancels boolean NOT NULL,
    undoes uuid,
    cases integer NOT NULL,
    moved integer NOT NULL,
    after_run_id uuid,
    done_at timestamptz
);
CREATE INDEX bulk_move_open ON bulk_move (asked_at) WHERE done_at IS NULL;

CREATE TABLE sender (
    token bytea PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    seen_at timestamptz NOT NULL
);
CREATE INDEX ix_sender_case_id ON sender (case_id);

CREATE TABLE number_sheet (
    id uuid PRIMARY KEY,
    period varchar NOT NULL,
    unit_id uuid REFERENCES unit,
    published_at timestamptz NOT NULL,
    figures jsonb DEFAULT '{}' NOT NULL,
    medians jsonb DEFAULT '{}' NOT NULL,
    UNIQUE NULLS NOT DISTINCT (period, unit_id)
);
CREATE INDEX ix_number_sheet_unit_id ON number_sheet (unit_id);

CREATE TABLE saved_numbers (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES actor,
    unit_id uuid REFERENCES unit,
    tables text[] DEFAULT '{}' NOT NULL,
    period varchar NOT NULL,
    saved_at timestamptz NOT NULL,
    monthly_since timestamptz,
    encrypted_name bytea
);
CREATE INDEX ix_saved_numbers_owner_id ON saved_numbers (owner_id);

CREATE TABLE monthly_numbers (
    id uuid PRIMARY KEY,
    saved_id uuid NOT NULL REFERENCES saved_numbers,
    owner_id uuid NOT NULL REFERENCES actor,
    unit_id uuid REFERENCES unit,
    month varchar NOT NULL,
    made_at timestamptz NOT NULL,
    quarters text[] DEFAULT '{}' NOT NULL,
    figures jsonb DEFAULT '{}' NOT NULL,
    medians jsonb DEFAULT '{}' NOT NULL,
    UNIQUE (saved_id, month)
);
CREATE INDEX ix_monthly_numbers_owner_id ON monthly_numbers (owner_id);

-- What the roles of the application may call; each acts in the name of the owner of the tables.

-- Return the proof of some words by a secret that no role of the application reads.
CREATE FUNCTION icmc_prove(told text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
        SELECT encode(sha256(secret || sha256(secret || convert_to(told, 'UTF8'))), 'hex') FROM public.wall_secret
    $$;

-- Keep what the units of a viewer were granted, and what is kept from them, in settings of the transaction.
CREATE FUNCTION icmc_raise_wall(units uuid[], viewer uuid, present timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog, public
    AS $$
    DECLARE
        granted uuid[];
        hidden uuid[];
    BEGIN
        SELECT array_agg(DISTINCT g.case_id) INTO granted FROM public."grant" g
            WHERE g.unit_id = ANY(units) AND (g.actor_id IS NULL OR g.actor_id = viewer)
              AND g.ended_at IS NULL AND (g.valid_until IS NULL OR g.valid_until > present);
        SELECT array_agg(DISTINCT h.case_id) INTO hidden FROM (
            SELECT d.case_id FROM public.recusal d WHERE d.ended_at IS NULL AND (
                d.actor_id = viewer OR d.unit_id = ANY(units)
                OR d.organisation_id IN (SELECT u.organisation_id FROM public.unit u WHERE u.id = ANY(units)))
            UNION ALL
            SELECT r.case_id FROM public.restriction r JOIN public."case" s ON s.id = r.case_id
            WHERE r.lifted_at IS NULL AND r.holder_id IS DISTINCT FROM viewer AND NOT EXISTS (
                SELECT 1 FROM public.membership m
                WHERE m.actor_id = viewer AND m.unit_id = s.unit_id AND m.role = 'data_protection_officer')
              AND (s.unit_id = ANY(units) OR r.case_id = ANY(granted) OR EXISTS (
                SELECT 1 FROM public.referral f WHERE f.case_id = r.case_id AND f.to_unit_id = ANY(units)))
        ) h;
        PERFORM set_config('icmc.wall', 'up', true), set_config('icmc.viewer', viewer::text, true),
            set_config('icmc.viewer_units', units::text, true),
            set_config('icmc.granted_cases', coalesce(granted, '{}')::text, true),
            set_config('icmc.hidden_cases', coalesce(hidden, '{}')::text, true);
    END $$;

-- Let a transaction act for one viewer, given a proof; each setting is kept with a proof of its own.
CREATE FUNCTION icmc_enter(units text, viewer text, present text, proof text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    DECLARE
        named text[];
        name text;
        told text;
    BEGIN
        IF proof IS DISTINCT FROM public.icmc_prove(
            'enter|' || pg_backend_pid() || '|' || viewer || '|' || units || '|' || present)
        THEN
            RAISE insufficient_privilege USING MESSAGE = 'nobody reads here: this proof is of nobody';
        END IF;
        PERFORM public.icmc_raise_wall(units::uuid[], viewer::uuid, present::timestamptz);
        named := ARRAY['viewer', '{' || viewer || '}', 'viewer_units', units,
            'granted_cases', current_setting('icmc.granted_cases'),
            'hidden_cases', current_setting('icmc.hidden_cases')];
        FOR number IN 1..4 LOOP
            name := named[2 * number - 1];
            told := named[2 * number];
            PERFORM set_config('icmc.seen_' || name, public.icmc_prove(
                'seen|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp()) || '|' || name || '|'
                || told) || ':' || told, true);
        END LOOP;
    END $$;

-- Whether the transaction acts for the system: it does for the role of the system, and no other.
CREATE FUNCTION icmc_for_all() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    BEGIN
        RETURN session_user = 'icmc_system';
    END $$;

-- Return a setting that icmc_enter made; refuse one that anybody else made.
CREATE FUNCTION icmc_seen(name text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    DECLARE
        kept text := current_setting('icmc.seen_' || name, true);
        told text := substr(kept, 66);
    BEGIN
        IF kept IS NULL OR left(kept, 64) IS DISTINCT FROM public.icmc_prove(
            'seen|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp()) || '|' || name || '|'
            || told)
        THEN
            IF public.icmc_for_all() THEN
                RETURN NULL; -- PostgreSQL asks for all parts of a rule when it looks at a row again that was locked
            END IF;
            RAISE insufficient_privilege USING MESSAGE = 'nobody reads here: the wall is not up';
        END IF;
        RETURN told::uuid[];
    END $$;

-- Return what is named of a case to a unit that offered it, was offered it, or shall erase its copy: no more.
CREATE FUNCTION icmc_named(asked_case uuid, asked_step uuid)
    RETURNS TABLE(number varchar, unit varchar, key varchar, uses varchar, definition_hash varchar)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    DECLARE
        is_open boolean := public.icmc_for_all();
        units uuid[];
        hidden uuid[];
    BEGIN
        IF NOT is_open THEN
            units := public.icmc_seen('viewer_units');
            hidden := public.icmc_seen('hidden_cases');
        END IF;
        RETURN QUERY SELECT c.number, u.name, s.key, s.uses, r.definition_hash
        FROM public."case" c JOIN public.unit u ON u.id = c.unit_id
            LEFT JOIN public.step s ON s.id = asked_step AND s.case_id = c.id
            LEFT JOIN public.run r ON r.id = s.run_id
        WHERE c.id = asked_case AND (is_open OR (c.id <> ALL (hidden) AND (
            c.unit_id = ANY (units)
            OR EXISTS (SELECT 1 FROM public.referral f WHERE f.case_id = c.id
                AND (f.to_unit_id = ANY (units) OR f.unit_id = ANY (units)))
            OR EXISTS (SELECT 1 FROM public.erasure_notice n WHERE n.case_id = c.id AND n.unit_id = ANY (units)))));
    END $$;

-- Whether somebody has set a password, which is all that a page is told of it.
CREATE FUNCTION icmc_has_password(asked uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
        SELECT password_hash IS NOT NULL FROM public.actor WHERE id = asked
    $$;

-- Wrap keys anew, only whole ones.
CREATE FUNCTION icmc_rewrap(owners uuid[], versions integer[], wraps bytea[], wrappers text[], periods text[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    DECLARE
        changed int;
    BEGIN
        UPDATE public.data_key k SET wrapped = n.wrapped, wrapped_by = n.wrapped_by, period = n.period
        FROM unnest(owners, versions, wraps, wrappers, periods) AS n (owner_id, version, wrapped, wrapped_by, period)
        WHERE k.owner_id = n.owner_id AND k.version = n.version AND k.wrapped IS NOT NULL
            AND length(n.wrapped) >= 32 AND n.wrapped_by <> '' AND n.period IS NOT NULL;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed IS DISTINCT FROM cardinality(owners) THEN
            RAISE insufficient_privilege USING MESSAGE = 'a key is wrapped anew only while it is whole, and into one';
        END IF;
    END $$;

-- Destroy the keys of an owner, or retire those older than a version; each leaves a trace.
CREATE FUNCTION icmc_drop_keys(owner uuid, before integer, at timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    DECLARE
        dropped int;
    BEGIN
        UPDATE public.data_key SET wrapped = NULL,
            destroyed_at = CASE WHEN before IS NULL THEN at ELSE destroyed_at END,
            retired_at = CASE WHEN before IS NULL THEN retired_at ELSE at END
        WHERE owner_id = owner AND at IS NOT NULL AND CASE WHEN before IS NULL THEN destroyed_at IS NULL
            ELSE version < before AND wrapped IS NOT NULL END;
        GET DIAGNOSTICS dropped = ROW_COUNT;
        RETURN dropped;
    END $$;

-- Forget counts of comparisons that are older than what the limits of a day count, whatever is asked for.
CREATE FUNCTION icmc_forget_probes(before date) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO pg_catalog, public, pg_temp
    AS $$
    DECLARE
        gone int;
    BEGIN
        DELETE FROM public.match_probe WHERE day < least(before, current_date - 2);
        GET DIAGNOSTICS gone = ROW_COUNT;
        RETURN gone;
    END $$;
