-- One row per function that an accepted sample of job $job_id offers, calls or was asked about, and that is not of the
-- sample's split (or not stored at all).
with
used as (
    select samples.sample_id, samples.split, unnest(list_concat(samples.offered_ids, samples.function_ids)) as function_id
    from core_acceptances
    join core_samples as samples using (sample_id)
    where samples.job_id = $job_id
)
select distinct used.sample_id, used.function_id, used.split, functions.split as function_split
from used
left join core_functions as functions using (function_id)
where functions.split is distinct from used.split;
