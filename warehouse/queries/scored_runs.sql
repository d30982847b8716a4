-- One row per model of each run whose id begins with $beginning and that scored something.
select distinct run_id, model
from core_scores
where starts_with(run_id, $beginning)
order by run_id, model;
