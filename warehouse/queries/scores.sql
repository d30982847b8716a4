-- One row per run, model, sampling and category: how much was right, how much has no verdict, where failures start.
select
    run_id, suite, model, mode, sampling, category,
    count(distinct case_id) as cases, max(repeat) + 1 as repeats,
    round(100 * avg(coalesce(valid, false)::int), 2) as accuracy_pct,
    round(100 * avg(coalesce(bfcl_valid, false)::int), 2) as bfcl_accuracy_pct,
    round(100 * avg(coalesce(second_valid, false)::int), 2) as second_opinion_pct,
    count(*) filter (valid is null) as unscored,
    count(*) filter (is_disputed) as disputed,
    median(latency_ms) as latency_ms_median,
    min(scored_at) as scored_at
from core_scores
group by run_id, suite, model, mode, sampling, category
order by scored_at, run_id, model, sampling, category;
