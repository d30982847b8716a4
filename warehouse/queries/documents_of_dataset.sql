-- One row per API document that the job of data set $job_id was made from.
select distinct documents.document_path
from core_jobs as jobs, unnest(jobs.document_ids) as used(document_id)
join raw_documents as documents on documents.document_id = used.document_id
where jobs.job_id = $job_id and documents.format not in ('toolace', 'xlam', 'glaive', 'hermes')
order by documents.document_path;
