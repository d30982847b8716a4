"""What every endpoint works with: the engine, how its model is spoken to, and the limits."""

import asyncio
from dataclasses import dataclass

from serving.api.answers import Answer
from serving.api.generating import Runner
from serving.api.limits import ApiOptions, Visit
from serving.api.metrics import Metrics
from serving.api.question import Question, Ready, prepare
from serving.call_formats.format import CallFormat, Template
from serving.engine import Engine


@dataclass(frozen=True)
class Service:
    """One served model."""

    engine: Engine
    call_format: CallFormat
    template: Template
    options: ApiOptions
    metrics: Metrics

    @property
    def runner(self) -> Runner:
        """Runs generations."""
        return Runner(self.engine, self.metrics)

    async def prepare(self, question: Question, visit: Visit) -> Ready:
        """Make a question ready in a place of its own.

        Raises:
            RefusedError: 400, naming what can't be done; 429, no place is free; 504, it took too long.
        """
        visit.take(question.choices)
        try:
            async with asyncio.timeout_at(visit.ends_at):
                ready = await prepare(question, self.engine, self.call_format, self.template, self.options)
        except TimeoutError:
            raise visit.too_late() from None
        self.metrics.prompt_tokens.inc(ready.prompt_tokens)
        return ready

    async def answers(self, ready: Ready, visit: Visit) -> list[Answer]:
        """All choices, whole.

        Raises:
            RefusedError: the first that any choice meets; the others stop.
        """
        tasks = [asyncio.create_task(self.runner.answer(each, visit)) for each in ready.generations]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
