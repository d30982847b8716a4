-- One row per acceptance of job $job_id whose position is not the next one of its kind, counted from 0.
with
numbered as (
    select
        sample_id, kind, position,
        row_number() over (partition by kind order by position, sample_id) - 1 as expected_position
    from core_acceptances
    where job_id = $job_id
)
select * from numbered
where position is distinct from expected_position;
