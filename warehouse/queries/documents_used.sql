-- One row: from how many documents the accepted samples of a job come. Parameter: $job_id.
with
called as (
    select unnest(samples.function_ids) as function_id
    from core_acceptances as acceptances
    join core_samples as samples using (sample_id)
    where acceptances.job_id = $job_id
)
select count(distinct functions.document_id) as documents
from called
join core_functions as functions using (function_id)
