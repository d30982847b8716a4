-- One row per data set of others that was imported: whose it is, under which licence, how many of its rows were accepted.
with
accepted as (
    select job_id, count(*) as rows_accepted
    from core_acceptances
    group by job_id
)
select
    sets.set_name, sets.form, sets.rows, coalesce(accepted.rows_accepted, 0) as rows_accepted,
    coalesce(sets.licence, 'not known') as licence, sets.licence_path, sets.set_path, sets.job_id, sets.run_id
from core_imported_sets as sets
left join accepted using (job_id)
order by sets.set_name, sets.job_id;
