-- One row per accepted sample of the train split of job $job_id and thing of that split that any job rejected for the
-- very same query; the columns of the rejected thing are null where there is none.
with
accepted as (
    select samples.*, lower(trim(samples.query)) as question
    from core_acceptances
    join core_samples as samples using (sample_id)
    where samples.job_id = $job_id and samples.split = 'train'
),
failed as (
    select sample_id, min(reason) as reason, arg_min_null(detail, reason) as detail
    from core_checks
    where state = 'failed'
    group by sample_id
),
rejects as (
    select
        lower(trim(pairs.query)) as question, '[' || pairs.call || ']' as calls, pairs.reason, pairs.detail,
        pairs.answer_ids, pairs.run_id
    from core_pairs as pairs
    join core_functions as functions using (function_id)
    where pairs.state = 'rejected' and pairs.call is not null and functions.split = 'train'
    union all
    select lower(trim(samples.query)), samples.calls, failed.reason, failed.detail, samples.answer_ids, samples.run_id
    from core_samples as samples
    join failed using (sample_id)
    where samples.split = 'train'
)
select
    accepted.sample_id, accepted.kind, accepted.language, accepted.split, accepted.query, accepted.messages,
    accepted.tools, accepted.calls, accepted.function_ids,
    json_extract_string(jobs.parameters, '$.writer_model') as chosen_by,
    rejects.calls as rejected_calls, rejects.reason, rejects.detail, rejects.answer_ids,
    rejects.run_id as answered_run_id, coalesce(answers.served_model, answers.model) as written_by
from accepted
join core_jobs as jobs on jobs.job_id = accepted.job_id
left join rejects using (question)
left join raw_answers as answers on answers.answer_id = rejects.answer_ids[1]
order by accepted.kind, accepted.index, rejected_calls;
