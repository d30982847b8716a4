-- One row per job and prompt: answers the job paid for, and what they come to per sample it accepted.
-- cost_usd is null where no price is set. An answer that two jobs use is paid for, and counted, by the first.
with
accepted as (
    select job_id, count(*) as accepted from core_acceptances group by job_id
),
paid as (
    select
        job_id, prompt, count(*) as answers, sum(attempts)::bigint as attempts,
        sum(prompt_tokens)::bigint as prompt_tokens, sum(completion_tokens)::bigint as completion_tokens,
        sum(cost_usd) as cost_usd, avg(latency_ms) as mean_latency_ms
    from raw_answers
    group by job_id, prompt
),
shared_out as (
    select
        paid.*, accepted.accepted,
        (paid.prompt_tokens + paid.completion_tokens) / accepted.accepted as tokens_per_accepted,
        paid.cost_usd / accepted.accepted as cost_usd_per_accepted
    from paid
    left join accepted using (job_id)
)
select * from shared_out
order by job_id, prompt;
