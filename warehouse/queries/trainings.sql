-- One row per finished training run: base, method, losses, cost, and the model's folder.
select
    started_at, base_model, method, call_format, first_loss, last_loss, wall_seconds, tokens_per_second,
    round(peak_memory_bytes / 1024 / 1024 / 1024, 2) as peak_memory_gib, trained_parameters, data_sha256, model_path,
    job_id, run_id
from core_trainings
order by started_at, model_path;
