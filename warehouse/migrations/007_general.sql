-- One row per metric of a task of lm-evaluation-harness, over all its cases.
create table core_general_scores (
    model varchar, task varchar, metric varchar, filter varchar, value double, standard_error double, cases bigint,
    task_version varchar, fewshot bigint, higher_is_better boolean, job_id varchar, run_id varchar
);

-- One row per metric of one case of it.
create table core_general_cases (
    model varchar, task varchar, doc_id bigint, metric varchar, filter varchar, value double, prompt varchar,
    expected varchar, answer varchar, job_id varchar, run_id varchar
);
