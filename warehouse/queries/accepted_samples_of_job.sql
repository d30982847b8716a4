-- One row per sample that job $job_id accepted, in the order of acceptance.
select
    samples.sample_id, samples.kind, samples.language, samples.split, samples.query, samples.tools, samples.messages,
    samples.calls, samples.function_ids
from core_acceptances as acceptances
join core_samples as samples using (sample_id)
where acceptances.job_id = $job_id
order by acceptances.kind, acceptances.position;
