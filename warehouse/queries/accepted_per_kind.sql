-- One row per job and kind: candidates made, accepted, rejected, and good but not needed so far.
with
samples as (
    select job_id, kind, sample_id, state from core_samples
),
failed as (
    select distinct sample_id from core_checks where state <> 'passed'
),
counted as (
    select
        samples.job_id, samples.kind, count(*) as candidates,
        count(acceptances.sample_id) as accepted,
        count(*) filter (samples.state = 'rejected' or failed.sample_id is not null) as rejected
    from samples
    left join core_acceptances as acceptances on acceptances.sample_id = samples.sample_id
    left join failed on failed.sample_id = samples.sample_id
    group by samples.job_id, samples.kind
)
select counted.*, candidates - accepted - rejected as not_needed
from counted
left join core_jobs as jobs using (job_id)
order by jobs.created_at, job_id, kind;
