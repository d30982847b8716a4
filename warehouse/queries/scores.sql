-- One row per run, model, sampling and category: how much was right, how much has no verdict, where failures start.
select
    run_id, model, sampling, category, count(distinct case_id) as cases,
    round(100 * avg(coalesce(valid, false)::int), 2) as accuracy_pct,
    round(100 * avg(coalesce(bfcl_valid, false)::int), 2) as bfcl_pct,
    count(*) filter (valid is null) as unscored, count(*) filter (is_disputed) as disputed,
from core_scores
group by run_id, model, sampling, category
order by min(scored_at), run_id, model, sampling, category;
