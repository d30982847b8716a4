-- One row per accepted sample of job $job_id that offers fewer functions than its kind needs.
with
offers as (
    select samples.sample_id, samples.kind, len(samples.offered_ids) as offered
    from core_acceptances as acceptances
    join core_samples as samples using (sample_id)
    where acceptances.job_id = $job_id
)
select * from offers
where offered < case when kind in ('multiple', 'parallel_multiple') then 2 else 1 end;
