"""The benchmark's model: gradient boosted trees, the mean of a few seeds. All was chosen on validation folds."""

from dataclasses import dataclass

import lightgbm
import numpy as np

from emulate import NAMES as FEATURES

__all__ = ["FEATURES", "FIRST_DAY", "LONG", "WEEK", "Setting", "fit"]

THREADS = 1


# In the first days no label has arrived and every window is short.
FIRST_DAY = 14


@dataclass(frozen=True)
class Setting:
    """How long a model looks back, and how it is grown."""

    name: str
    days: int | None  # None: everything before, but for the first days
    trees: int
    half_life_days: float | None = None  # young rows weigh more: what is going on now says more about the next weeks
    genuine_share: float = 1.0  # of a long history a part of the genuine transactions is enough, and takes less time
    seeds: int = 3


WEEK = Setting("week", days=7, trees=80)
LONG = Setting("long", days=None, trees=150, half_life_days=14, genuine_share=0.2)


def fit(rows: np.ndarray, fraud: np.ndarray, age_days: np.ndarray, setting: Setting) -> list[lightgbm.Booster]:
    """One booster for each seed; the score is the sigmoid of the mean of their logits."""
    boosters = []
    for seed in range(setting.seeds):
        keep = fraud | (np.random.default_rng(seed).random(len(fraud)) < setting.genuine_share)
        # Those that are kept stand for those that are not, so that the score stays a probability.
        weights = np.where(fraud, 1.0, 1 / setting.genuine_share)
        if setting.half_life_days is not None:
            weights *= 0.5 ** (age_days / setting.half_life_days)
        classifier = lightgbm.LGBMClassifier(
            n_estimators=setting.trees, learning_rate=0.05, num_leaves=15, min_child_samples=30, reg_lambda=5,
            subsample=0.7, subsample_freq=1, colsample_bytree=0.5, random_state=seed,
            n_jobs=THREADS, deterministic=True, force_row_wise=True, verbose=-1,
        )
        boosters.append(classifier.fit(rows[keep], fraud[keep], sample_weight=weights[keep]).booster_)
    return boosters
