-- One row for accepted sample $sample_id: the document, functions, prompts, raw answers, votes and cost that made it.
with
sample as (
    select * from core_samples where sample_id = $sample_id
),
functions as (
    select list(functions.name order by called.place) as function_names
    from (select unnest(function_ids) as function_id, generate_subscripts(function_ids, 1) as place from sample) as called
    join core_functions as functions using (function_id)
)
select
    sample.sample_id, sample.kind, sample.query, sample.calls, lineage.document_path, functions.function_names,
    lineage.prompt_versions, lineage.raw_answers, lineage.votes, lineage.cost_usd, sample.job_id, sample.run_id
from out_lineage as lineage
join sample using (sample_id)
cross join functions
where lineage.sample_id = $sample_id;
