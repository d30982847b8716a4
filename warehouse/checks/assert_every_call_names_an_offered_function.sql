-- One row per accepted sample of job $job_id with a call of a function that its tools do not offer.
with
samples as (
    select samples.sample_id, samples.calls, samples.tools
    from core_acceptances
    join core_samples as samples using (sample_id)
    where samples.job_id = $job_id
),
names as (
    select sample_id, calls ->> '$[*].name' as called, tools ->> '$[*].function.name' as offered
    from samples
)
select sample_id, called, offered
from names
where not list_has_all(offered, called);
