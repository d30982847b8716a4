-- One row per accepted sample of the train split of job $job_id and thing that any job rejected for the very same query;
-- the columns of the rejected thing are null where there is none.
with
accepted as (
    select samples.*, lower(trim(samples.query)) as question
    from core_acceptances
    join core_samples as samples using (sample_id)
    where samples.job_id = $job_id and samples.split = 'train'
),
failed as (
    select sample_id, min(reason) as reason, min(detail) as detail
    from core_checks
    where state = 'failed'
    group by sample_id
),
rejects as (
    select
        lower(trim(query)) as question, '[' || call || ']' as calls, reason, detail, answer_ids, run_id
    from core_pairs
    where state = 'rejected' and call is not null
    union all
    select lower(trim(samples.query)), samples.calls, failed.reason, failed.detail, samples.answer_ids, samples.run_id
    from core_samples as samples
    join failed using (sample_id)
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
