-- Every intermediate of the line. No primary keys and no indexes, so that the same SQL runs on DuckLake;
-- keys are content hashes and rows come in by `merge into`. Moments are UTC.

-- One row per job: what was asked for.
create table core_jobs (
    job_id varchar, flow varchar, parameters varchar, document_ids varchar[], seed bigint, occurrence varchar,
    created_at timestamp
);

-- One row per attempt at a job, written at its start.
create table core_runs (
    run_id varchar, job_id varchar, flow varchar, started_at timestamp, settings varchar, git_commit varchar,
    is_dirty boolean, packages varchar, prompts varchar, seed bigint, parents varchar[]
);

-- One row per thing that happened to a run.
create table core_run_events (
    run_id varchar, job_id varchar, event_at timestamp, event varchar, stage varchar, detail varchar
);

-- One row per file given, parsed or not.
create table raw_documents (
    document_id varchar, document_path varchar, format varchar, title varchar, domain varchar, language varchar,
    state varchar, reason varchar, detail varchar, text varchar, job_id varchar, run_id varchar
);

-- One row per function found in a document.
create table core_functions (
    function_id varchar, document_id varchar, document_path varchar, format varchar, position bigint, name varchar,
    description varchar, parameters varchar, http varchar, tool varchar, domain varchar, language varchar,
    family_id varchar, split varchar, state varchar, reason varchar, detail varchar, merged_into varchar,
    repairs varchar[], job_id varchar, run_id varchar
);

-- One row per question to a model.
create table raw_requests (
    request_id varchar, prompt varchar, model varchar, messages varchar, temperature double, max_tokens bigint,
    answer_schema_name varchar, job_id varchar, run_id varchar
);

-- One row per answer, as it came; failures are never stored.
create table raw_answers (
    answer_id varchar, request_id varchar, draw bigint, prompt varchar, model varchar, served_model varchar,
    text varchar, raw varchar, finish_reason varchar, prompt_tokens bigint, completion_tokens bigint,
    cost_usd double, latency_ms double, attempts bigint, answered_at timestamp, job_id varchar, run_id varchar
);

-- One row per pair of query and call that the teacher was asked for.
create table core_pairs (
    pair_id varchar, function_id varchar, ordinal bigint, language varchar, query varchar, call varchar,
    state varchar, stage varchar, reason varchar, detail varchar, answer_ids varchar[], job_id varchar, run_id varchar
);

-- One row per candidate, composed or rejected on the way.
create table core_samples (
    sample_id varchar, kind varchar, index bigint, language varchar, domain varchar, split varchar, query varchar,
    tools varchar, messages varchar, calls varchar, function_ids varchar[], offered_ids varchar[],
    pair_ids varchar[], answer_ids varchar[], source varchar, state varchar, stage varchar, reason varchar,
    detail varchar, job_id varchar, run_id varchar
);

-- One row per check of a candidate.
create table core_checks (
    sample_id varchar, check_name varchar, state varchar, reason varchar, detail varchar,
    job_id varchar, run_id varchar
);

-- One row per judge draw on a candidate.
create table core_votes (
    sample_id varchar, draw bigint, answer_ids varchar[], is_valid boolean, verdict varchar, reasons varchar[],
    evidence varchar, job_id varchar, run_id varchar
);

-- One row per accepted candidate: the first n of each kind that passed, in candidate order.
create table core_acceptances (
    sample_id varchar, kind varchar, position bigint, accepted_at timestamp, job_id varchar, run_id varchar
);

-- One row per data set written.
create table core_exports (
    export_id varchar, export_path varchar, rows bigint, manifest_sha256 varchar, exported_at timestamp,
    job_id varchar, run_id varchar
);
