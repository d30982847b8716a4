-- One row per run, model, task and metric of lm-evaluation-harness: the score, its standard error, over how many cases.
select
    runs.started_at, scores.model, scores.task, scores.metric, scores.filter, round(scores.value, 4) as value,
    round(scores.standard_error, 4) as standard_error, scores.cases, scores.fewshot, scores.task_version,
    scores.run_id
from core_general_scores as scores
left join core_runs as runs using (run_id)
order by runs.started_at, scores.run_id, scores.task, scores.metric, scores.filter;
