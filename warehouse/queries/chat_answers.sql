-- One row per question of an accepted chat: the new answer, which model wrote it, and the row that it was asked in.
select
    samples.job_id, accepted.position, answers.turn, samples.language, answers.question, answers.answer,
    answers.written_by, samples.source, samples.source_row, answers.answer_ids, samples.sample_id
from core_chat_acceptances as accepted
join core_chat_samples as samples using (sample_id)
join core_chat_answers as answers using (sample_id)
order by samples.job_id, accepted.position, answers.turn;
