"""A model into production: started beside the old one, smoke-tested, then swapped in."""

from prefect import flow

from schemas.serve import EngineName, ServeOptions, ServeReport
from tasks.serve import put_model_in_place


@flow(name="serve", flow_run_name="{name}: {model}", persist_result=False)
def serve(
    model: str,
    engine: EngineName = "vllm",
    name: str = "production",
    host: str = "127.0.0.1",
    port: int = 8000,
    options: ServeOptions | None = None,
) -> ServeReport:
    """Have a model answer behind a named server that goes on after this run.

    Args:
        model: folder or name; a LoRA adapter's folder is served over its base model.
        engine: vllm or embedded.
        name: of the server; one that runs swaps its model, and keeps the old one if the new one fails.
        host: where a new server listens.
        port: where a new server listens.
        options: everything else; its model and engine are the ones above.

    Raises:
        TerminalError: the model did not start or failed its smoke test.
    """
    chosen = (options or ServeOptions(model=model)).model_copy(update={"model": model, "engine": engine})
    return put_model_in_place(name, chosen, host, port)
