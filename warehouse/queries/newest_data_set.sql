-- One row: the data set for training that `synth` wrote last; practice cases of `rounds` are none.
select exports.export_path, exports.exported_at, exports.rows, exports.job_id
from core_exports as exports
join core_jobs as jobs on jobs.job_id = exports.job_id
where jobs.flow = 'synth' and coalesce(jobs.parameters ->> 'split', 'train') = 'train'
    and jobs.occurrence is distinct from 'practice'
order by exports.exported_at desc, exports.export_path
limit 1;
