-- One row per failed case of run $run_id: what was asked, what would be right, what came, where to start debugging.
select
    scores.model, scores.category, scores.case_id, scores.repeat, scores.step, scores.error_type, scores.detail,
    scores.is_disputed, cases.messages, cases.possible_answer, scores.calls, scores.raw
from core_scores as scores
left join core_cases as cases on cases.suite = scores.suite and cases.case_id = scores.case_id
where scores.run_id = $run_id and scores.valid is distinct from true
order by scores.model, scores.category, scores.case_id, scores.repeat;
