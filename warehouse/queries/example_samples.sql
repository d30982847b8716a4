-- One row per example: short accepted samples of a job, each of another kind. Parameters: $job_id, $examples.
with
accepted as (
    select samples.*, functions.document_path
    from core_acceptances as acceptances
    join core_samples as samples using (sample_id)
    join core_functions as functions on functions.function_id = samples.function_ids[1]
    where acceptances.job_id = $job_id
),
ranked as (
    select
        *,
        row_number() over (
            partition by kind order by abs(length(query) - 110), sample_id
        ) as rank_in_kind
    from accepted
)
select *
from ranked
order by rank_in_kind, case kind when 'parallel_multiple' then 0 when 'multiple' then 1 when 'irrelevance' then 2 else 3 end
limit $examples
