-- One row per answer that a chat of job $job_id was made from and that is not stored.
with
used as (
    select sample_id, unnest(answer_ids) as answer_id
    from core_chat_answers
    where job_id = $job_id
)
select used.*
from used
anti join raw_answers using (answer_id);
