-- One row per accepted sample of job $job_id that fewer than two judge draws passed, or no more passed than failed.
with
votes as (
    select
        sample_id, count(*) filter (verdict = 'pass') as passing, count(*) filter (verdict = 'fail') as failing
    from core_votes
    group by sample_id
),
accepted as (
    select
        acceptances.sample_id, coalesce(votes.passing, 0) as passing, coalesce(votes.failing, 0) as failing
    from core_acceptances as acceptances
    left join votes using (sample_id)
    where acceptances.job_id = $job_id
)
select * from accepted
where passing < 2 or passing <= failing;
