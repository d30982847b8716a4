-- One row per stage and reason: how many pairs and samples of a job it took. Parameter: $job_id.
select stage, reason, count(*) as things
from out_rejects
where job_id = $job_id and stage not in ('ingest', 'clean')
group by stage, reason
order by stage, reason
