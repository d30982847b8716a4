-- One row per candidate of `synth --chat`: a question row of a chat set with new answers, or why there are none.
create table core_chat_samples (
    sample_id varchar, index bigint, question_id varchar, language varchar, source varchar, source_row bigint,
    messages varchar, written_by varchar[], answer_ids varchar[], state varchar, reason varchar, detail varchar,
    job_id varchar, run_id varchar
);

-- One row per question of a candidate: the new answer, and which model wrote it.
create table core_chat_answers (
    sample_id varchar, turn bigint, question varchar, answer varchar, written_by varchar, reason varchar,
    detail varchar, answer_ids varchar[], job_id varchar, run_id varchar
);

-- One row per accepted candidate: the first n that passed, in candidate order.
create table core_chat_acceptances (
    sample_id varchar, position bigint, accepted_at timestamp, job_id varchar, run_id varchar
);
