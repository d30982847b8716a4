-- One row per job, stage and reason: how many things were rejected for it.
select job_id, stage, reason, count(*) as things
from out_rejects
group by job_id, stage, reason
order by job_id, things desc, stage, reason;
