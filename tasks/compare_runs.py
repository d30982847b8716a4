"""`callmill diff`: two evaluations out of the warehouse, case by case."""

from eval.compare import compare_scores
from schemas.errors import UsageError
from schemas.evaluation import Comparison, Score
from schemas.settings import Settings, load_settings
from warehouse.store import Warehouse


def compare_runs(before: str, after: str) -> tuple[Comparison, ...]:
    """Compare two runs, each sampling by itself.

    Args:
        before: a run's id or its beginning, with =MODEL behind it where the run scored several.
        after: the same.

    Raises:
        UsageError: there is no such run, or it is not clear which model is meant.
        TerminalError: they have no case in common.
    """
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    return compare_scores(_read(warehouse, before), _read(warehouse, after), before, after)


def _read(warehouse: Warehouse, word: str) -> list[Score]:
    beginning, _, model = word.partition("=")
    runs = warehouse.read_named("scored_runs", {"beginning": beginning}).to_dicts()
    run_ids = sorted({row["run_id"] for row in runs})
    if len(run_ids) != 1:
        found = f"{len(run_ids)} evaluations" if run_ids else "no evaluation"
        raise UsageError(f"'{beginning}' is {found}; `callmill sql scores` lists their run ids.")
    models = sorted({row["model"] for row in runs})
    if model and model not in models:
        raise UsageError(f"Run {run_ids[0]} did not score '{model}'; it scored {', '.join(models)}.")
    if not model and len(models) > 1:
        raise UsageError(f"Run {run_ids[0]} scored {', '.join(models)}; write {beginning}=MODEL.")
    rows = warehouse.read_named("scores_of_run", {"run_id": run_ids[0]}).to_dicts()
    return [
        Score(**{**row, "leniencies": tuple(row["leniencies"])}) for row in rows if row["model"] == (model or models[0])
    ]
