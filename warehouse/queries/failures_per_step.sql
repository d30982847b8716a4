-- One row per run, model and step: how many answers failed there first, and in which of BFCL's words.
select run_id, model, coalesce(step, outcome) as step, error_type, count(*) as answers
from core_scores
where valid is distinct from true
group by run_id, model, coalesce(step, outcome), error_type
order by run_id, model, answers desc, step, error_type;
