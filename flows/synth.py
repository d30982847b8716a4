"""The main line: API documents in, checked training data out."""

from prefect import flow

from schemas.function import Language, Split
from schemas.job import DEFAULT_MIX, describe_options
from schemas.report import SynthReport
from tasks.accept import accept_samples, open_quotas, rounds, settle
from tasks.announce import announce_data_set
from tasks.check import check_samples
from tasks.compose import compose_samples, drop_duplicates
from tasks.export_samples import export_samples
from tasks.generate import generate_pairs
from tasks.report import report_run
from tasks.store_documents import read_documents, store_functions
from tasks.synth_run import open_synth


@flow(name="synth", flow_run_name="{samples} samples, seed {seed}", persist_result=False)
async def synth(
    apis: list[str],
    samples: int = 500,
    mix: str = DEFAULT_MIX,
    language: Language | None = None,
    split: Split = "train",
    seed: int = 0,
    judge_draws: int = 3,
    occurrence: str | None = None,
    budget_usd: float | None = None,
    out: str | None = None,
    dry_run: bool = False,
) -> SynthReport:
    """Make exactly `samples` accepted samples from API documents.

    Args:
        apis: files and folders of OpenAPI documents or OpenAI tools lists.
        samples: how many samples to end with.
        mix: weights of the kinds, such as simple=25,multiple=25.
        language: of every query; none: each document's own.
        split: use only functions of this split.
        seed: another seed, other candidates.
        judge_draws: independent judge answers per sample.
        occurrence: makes this a new job each time it changes; a deployment's run takes its scheduled date.
        budget_usd: stop before spending more on this job.
        out: folder of the data set; none: below the home folder.
        dry_run: try 20 candidates and forecast the rest.

    Raises:
        FellShortError: fewer than `samples` were accepted; what there is has been exported.
    """
    options = describe_options(samples, mix, language, split, seed, judge_draws)
    ingested = await read_documents(apis)
    async with open_synth(options, ingested, occurrence, budget_usd) as run:
        catalog = await store_functions(run, ingested)
        quotas = open_quotas(catalog, options)
        with run.until_budget():
            for plans in rounds(run, catalog, quotas, dry_run):
                await generate_pairs(run, catalog, plans)
                composed = await compose_samples(run, catalog, plans)
                checks = await check_samples(run, catalog, await drop_duplicates(run, composed))
                settle(quotas, composed, checks)
        await accept_samples(run, quotas, dry_run)
        dataset_path = await export_samples(run, ingested, quotas, out, dry_run)
        report = await report_run(run, ingested, quotas, dataset_path, dry_run)
        announce_data_set(run, dataset_path)
        return report
