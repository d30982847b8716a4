"""Published figures of the four tiers, shown beside what was measured here and never mixed with it."""

from schemas.evaluation import PublishedScore, Tier

_SOURCE = (
    "from the earlier work that this project carries on; not measured here, and its enterprise set is not this one"
)
_TIERS: tuple[Tier, ...] = ("simple", "medium", "hard", "enterprise")
_FIGURES_PCT = {
    "GLM-4-Plus": (96.75, 94.00, 88.00, 82.56),
    "GPT-4o": (98.00, 94.00, 86.00, 81.00),
    "GPT-4o-mini": (83.20, 92.00, 82.00, 76.68),
    "Gorilla": (94.25, 95.00, 83.50, 70.37),
    "Gorilla + LoRA on 2,000 rows": (94.00, 95.50, 84.50, 80.88),
}

PUBLISHED: tuple[PublishedScore, ...] = tuple(
    PublishedScore(model=model, scores_pct=dict(zip(_TIERS, figures, strict=True)), source=_SOURCE)
    for model, figures in _FIGURES_PCT.items()
)
"""Simple, medium and hard from public sets, enterprise from one company's documents."""
