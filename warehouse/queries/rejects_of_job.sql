-- One row per thing, stage and reason: how many pairs and candidates of a job it took. Parameter: $job_id.
with
rejects as (
    select 'pair' as thing, stage, reason from core_pairs where job_id = $job_id and state = 'rejected'
    union all
    select 'candidate', stage, reason from core_samples where job_id = $job_id and state = 'rejected'
    union all
    select 'candidate', 'check', reason from core_checks where job_id = $job_id and state <> 'passed'
)
select thing, stage, reason, count(*) as things
from rejects
group by thing, stage, reason
order by thing, stage, reason
