-- One row: how many runs have ended of the evaluation that asked for the very same, hash $asked.
select count(*) as ended
from core_run_events as events
join core_jobs as jobs using (job_id)
where events.event = 'ended' and jobs.flow = 'evaluate' and json_extract_string(jobs.parameters, '$.asked') = $asked;
