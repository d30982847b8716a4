-- One row per sample that job $job_id accepted more than once.
select sample_id, count(*) as acceptances, list(position order by position) as positions
from core_acceptances
where job_id = $job_id
group by sample_id
having count(*) > 1;
