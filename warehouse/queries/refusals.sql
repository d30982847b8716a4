-- One row per run, model and outcome on irrelevance cases: what a model did where nothing offered fits.
-- bfcl_valid counts what BFCL credits: a server that answers only errors gets everything there.
select
    run_id, model, category, outcome, count(*) as answers, count(*) filter (valid) as valid,
    count(*) filter (bfcl_valid) as bfcl_valid
from core_scores
where contains(category, 'irrelevance')
group by run_id, model, category, outcome
order by run_id, model, category, answers desc;
