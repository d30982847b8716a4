-- One row per finished training run: what it was made of, what it cost, what came of it.
create table core_trainings (
    model_path varchar, config_sha256 varchar, data_sha256 varchar, base_sha256 varchar, base_model varchar,
    method varchar, call_format varchar, config varchar, stages varchar, packages varchar, command varchar,
    device varchar, started_at timestamp, wall_seconds double, train_seconds double, tokens_per_second double,
    peak_memory_bytes bigint, parameters bigint, trained_parameters bigint, first_loss double, last_loss double,
    perplexity_before double, perplexity_after double, resumed_from varchar, job_id varchar, run_id varchar
);
