-- One row per set of accepted samples of job $job_id with the same kind, tools, query and calls.
with
accepted as (
    select samples.sample_id, samples.kind, samples.query, samples.calls, md5(samples.tools) as tools_md5
    from (select distinct sample_id from core_acceptances where job_id = $job_id)
    join core_samples as samples using (sample_id)
)
select kind, query, calls, count(*) as samples, list(sample_id order by sample_id) as sample_ids
from accepted
group by kind, query, calls, tools_md5
having count(*) > 1;
