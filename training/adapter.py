"""The low-rank adapter around a base; new tokens' embeddings are trained beside it, in the output layer too."""

from typing import Any

from schemas.training import LoraOptions, TrainConfig


def describe_adapter(config: TrainConfig, model: Any, trained_tokens: tuple[int, ...]) -> Any:
    """What PEFT is to build, a `LoraConfig`.

    Args:
        config: of the run.
        model: the base.
        trained_tokens: whose embeddings are trained too.
    """
    from peft import LoraConfig

    lora = config.lora or LoraOptions()
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets if isinstance(lora.targets, str) else list(lora.targets),
        task_type="CAUSAL_LM",
        trainable_token_indices=_name_embeddings(model, trained_tokens) if trained_tokens else None,
    )


def _name_embeddings(model: Any, trained_tokens: tuple[int, ...]) -> dict[str, list[int]]:
    """PEFT follows a tied output layer by itself; one of its own must be named."""
    entrance, head = model.get_input_embeddings(), model.get_output_embeddings()
    layers = [entrance] if head is None or head.weight is entrance.weight else [entrance, head]
    names = [
        name.rpartition(".")[2] for name, module in model.named_modules() if any(module is each for each in layers)
    ]
    return {name: list(trained_tokens) for name in names}


def let_head_be_read(model: Any) -> None:
    """Give an output layer whose tokens are trained the bias that it lacks.

    TRL 1.16 reads weight and bias of the layer instead of calling it, and PEFT 0.21's wrapper has the weight only.
    """
    head = model.get_output_embeddings()
    wrapped = getattr(head, "token_adapter", None)
    if wrapped is not None and wrapped.base_layer.bias is None and "bias" not in head._parameters:
        head.register_parameter("bias", None)


def save_adapter(model: Any, folder: str, base: str) -> None:
    """Write the adapter's folder, naming its base."""
    model.peft_config["default"].base_model_name_or_path = base
    # Rows of new tokens are in the adapter already; the embedding layer as a whole is the base's.
    model.save_pretrained(folder, selected_adapters=["default"], save_embedding_layers=False)
