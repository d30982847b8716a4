-- One row per answer that a pair, a sample or a vote of job $job_id was made from and that is not stored.
with
used as (
    select 'pair' as used_by, pair_id as thing_id, unnest(answer_ids) as answer_id
    from core_pairs where job_id = $job_id
    union all
    select 'sample', sample_id, unnest(answer_ids)
    from core_samples where job_id = $job_id
    union all
    select 'vote', sample_id, unnest(answer_ids)
    from core_votes where job_id = $job_id
)
select used.*
from used
anti join raw_answers using (answer_id);
