-- One row per accepted sample of job $job_id, in the order of its data set: what an export writes.
select trained.*, acceptances.position, samples.query
from out_training_set as trained
join core_acceptances as acceptances using (sample_id)
join core_samples as samples using (sample_id)
where trained.job_id = $job_id
order by trained.kind, acceptances.position;
