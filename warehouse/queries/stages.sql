-- One row per stage of each ended factory run: its minutes, and what it cost.
select
    stage.value ->> 'stage' as stage,
    round((stage.value ->> 'seconds')::double / 60, 2) as minutes,
    (stage.value ->> 'teacher_usd')::double as teacher_usd,
    (stage.value ->> 'machine_usd')::double as machine_usd,
    run_id,
    event_at
from core_run_events, json_each(detail -> 'stages') as stage
where event = 'ended' and (detail -> 'stages') is not null
order by event_at, run_id, stage.key;
