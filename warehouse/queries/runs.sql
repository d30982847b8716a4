-- One row per run: when it started and ended, the last thing that happened to it, and its seconds so far.
-- ended_at is null for a run that is under way or was killed.
with
last_events as (
    select
        run_id, max(event_at) as last_event_at, arg_max(event, event_at) as last_event,
        arg_max(stage, event_at) as last_stage,
        max(event_at) filter (event in ('ended', 'failed', 'fell_short')) as ended_at
    from core_run_events
    group by run_id
),
runs as (
    select
        runs.run_id, runs.job_id, runs.flow, runs.started_at, last_events.ended_at, last_events.last_event,
        last_events.last_stage, last_events.last_event_at,
        epoch_ms(last_events.last_event_at - runs.started_at) / 1000 as seconds
    from core_runs as runs
    left join last_events using (run_id)
)
select * from runs
order by started_at, run_id;
