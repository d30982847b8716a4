-- One row per preference pair: whose answer was wrong, how, in which run, and who wrote the right one.
select
    preferences.pair_id, preferences.source, preferences.kind, preferences.error_type, preferences.written_by,
    preferences.chosen_by, preferences.fingerprint, preferences.sample_id, preferences.answered_run_id,
    samples.job_id as sample_job_id, preferences.prompt, preferences.chosen, preferences.rejected, preferences.detail,
    preferences.job_id, preferences.run_id
from core_preferences as preferences
left join core_samples as samples using (sample_id)
order by preferences.job_id, preferences.source, preferences.sample_id, preferences.pair_id;
