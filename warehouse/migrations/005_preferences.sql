-- One row per pair of a right and a wrong answer to one question; job_id and run_id are of the run that paired them.
create table core_preferences (
    pair_id varchar, source varchar, sample_id varchar, kind varchar, language varchar, prompt varchar, tools varchar,
    chosen varchar, rejected varchar, chosen_by varchar, written_by varchar, fingerprint varchar, error_type varchar,
    detail varchar, answer_ids varchar[], answered_run_id varchar, job_id varchar, run_id varchar
);
