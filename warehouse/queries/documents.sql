-- One row per document: whether it parsed, what became of its functions, and how many accepted samples of all jobs
-- stand on it.
-- A sample counts for the document of the first function it calls (irrelevance: the one its query was written for).
with
functions as (
    select
        document_id,
        count(*) filter (state = 'accepted') as functions_accepted,
        count(*) filter (state = 'merged') as functions_merged,
        count(*) filter (state = 'rejected') as functions_rejected
    from core_functions
    group by document_id
),
samples as (
    select functions.document_id, count(*) as accepted_samples
    from core_acceptances
    join core_samples as samples using (sample_id)
    join core_functions as functions on functions.function_id = samples.function_ids[1]
    group by functions.document_id
),
documents as (
    select
        documents.document_id, documents.document_path, documents.format, documents.domain, documents.language,
        documents.state, documents.reason, documents.detail,
        coalesce(functions.functions_accepted, 0) as functions_accepted,
        coalesce(functions.functions_merged, 0) as functions_merged,
        coalesce(functions.functions_rejected, 0) as functions_rejected,
        coalesce(samples.accepted_samples, 0) as accepted_samples
    from raw_documents as documents
    left join functions using (document_id)
    left join samples using (document_id)
)
select * from documents
order by document_path, document_id;
