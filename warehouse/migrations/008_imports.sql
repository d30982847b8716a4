-- One row per data set of others that was brought in; its rows are candidates in core_samples.
create table core_imported_sets (
    document_id varchar, set_name varchar, set_path varchar, form varchar, licence varchar, licence_path varchar,
    sha256 varchar, rows bigint, job_id varchar, run_id varchar
);

-- One row per row of an imported data set, as it came.
create table raw_imported_rows (
    sample_id varchar, document_id varchar, position bigint, row_path varchar, text varchar, job_id varchar,
    run_id varchar
);
