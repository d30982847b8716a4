-- Views that other programs rely on; columns and types are checked by tests/warehouse/test_views.py.

-- One row per accepted sample.
create view out_training_set as
select
    samples.sample_id, samples.job_id, samples.run_id, samples.kind, samples.language, samples.domain,
    samples.tools, samples.messages, samples.calls, samples.split, acceptances.accepted_at
from core_acceptances as acceptances
join core_samples as samples using (sample_id);

-- One row per rejected thing: document, function, pair or sample.
create view out_rejects as
with
job_documents as (
    select job_id, unnest(document_ids) as document_id from core_jobs
)
select 'ingest' as stage, documents.reason, documents.document_id as thing_id, job_documents.job_id
from job_documents
join raw_documents as documents using (document_id)
where documents.state = 'rejected'
union all
select 'clean', functions.reason, functions.function_id, job_documents.job_id
from job_documents
join core_functions as functions using (document_id)
where functions.state = 'rejected'
union all
select stage, reason, pair_id, job_id from core_pairs where state = 'rejected'
union all
select stage, reason, sample_id, job_id from core_samples where state = 'rejected'
union all
select 'check', min(reason), sample_id, job_id from core_checks where state <> 'passed' group by sample_id, job_id;

-- One row per function found in a document.
create view out_functions as
select function_id, document_path, format, state, reason, merged_into, domain, language, split, tool
from core_functions;

-- One row per accepted sample: the way back to document, prompts, raw answers, votes and cost.
create view out_lineage as
with
accepted as (
    select samples.*
    from core_acceptances
    join core_samples as samples using (sample_id)
),
votes as (
    select
        sample_id,
        flatten(list(answer_ids order by draw)) as answer_ids,
        to_json(list(
            {'draw': draw, 'verdict': verdict, 'reasons': reasons, 'evidence': evidence} order by draw
        ))::varchar as votes
    from core_votes
    group by sample_id
),
used as (
    select accepted.sample_id, unnest(list_distinct(list_concat(accepted.answer_ids, votes.answer_ids))) as answer_id
    from accepted
    join votes using (sample_id)
),
answers as (
    select
        used.sample_id,
        list_sort(list_distinct(list(raw_answers.prompt))) as prompt_versions,
        list(raw_answers.answer_id order by raw_answers.answered_at, raw_answers.answer_id) as answer_ids,
        list(raw_answers.raw order by raw_answers.answered_at, raw_answers.answer_id) as raw_answers,
        sum(raw_answers.cost_usd) as cost_usd
    from used
    join raw_answers using (answer_id)
    group by used.sample_id
)
select
    accepted.sample_id, functions.document_path, accepted.function_ids, answers.prompt_versions, answers.answer_ids,
    answers.raw_answers, votes.votes, answers.cost_usd
from accepted
left join core_functions as functions on functions.function_id = accepted.function_ids[1]
left join votes on votes.sample_id = accepted.sample_id
left join answers on answers.sample_id = accepted.sample_id;
