-- One row per judged answer of run $run_id.
select * exclude (job_id, run_id, scored_at)
from core_scores
where run_id = $run_id
order by model, sampling, repeat, category, case_id;
