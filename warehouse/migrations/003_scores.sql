-- One row per case of a suite.
create table core_cases (
    case_id varchar, suite varchar, category varchar, rule varchar, code_language varchar, messages varchar,
    functions varchar, tools varchar, possible_answer varchar, source varchar, job_id varchar, run_id varchar
);

-- One row per answer to a case, judged: a run that goes on from a killed one judges again what that one had asked.
create table core_scores (
    case_id varchar, suite varchar, category varchar, model varchar, mode varchar, sampling varchar, repeat bigint,
    valid boolean, error_type varchar, reason varchar, outcome varchar, step varchar, detail varchar,
    our_valid boolean, our_error_type varchar, our_reason varchar, second_valid boolean, is_disputed boolean, leniencies varchar[],
    bfcl_valid boolean, calls varchar, raw varchar, answer_id varchar, latency_ms double, prompt_tokens bigint,
    completion_tokens bigint, scored_at timestamp, job_id varchar, run_id varchar
);

-- One row per evaluated case and draw.
create view out_scores as
select case_id, suite, category, model, run_id, valid, error_type, reason, latency_ms
from core_scores;
