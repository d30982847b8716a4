-- One row per judged answer of evaluation job $job_id, beside the accepted sample that its case is; the sample's columns
-- are null where the case is none of ours.
with
held_out as (
    select distinct used.sample_id
    from (
        select sample_id, unnest(offered_ids) as function_id
        from core_samples
        where sample_id in (select case_id from core_scores where job_id = $job_id)
    ) as used
    left join core_functions as functions using (function_id)
    where functions.split is distinct from 'train'
)
select
    scores.run_id, scores.case_id, scores.model, scores.repeat, scores.valid, scores.is_disputed, scores.error_type,
    scores.detail, scores.raw, scores.answer_id, scores.scored_at, samples.sample_id, samples.kind, samples.language,
    samples.messages, samples.tools, samples.job_id as sample_job_id,
    samples.split = 'train' and held_out.sample_id is null as may_be_learnt,
    json_extract_string(jobs.parameters, '$.writer_model') as chosen_by
from core_scores as scores
left join core_samples as samples on samples.sample_id = scores.case_id
left join core_jobs as jobs on jobs.job_id = samples.job_id
left join held_out on held_out.sample_id = scores.case_id
where scores.job_id = $job_id
order by scores.case_id, scores.model, scores.sampling, scores.repeat;
