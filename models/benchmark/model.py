"""The benchmark's model: gradient boosted trees, the mean of a few seeds. All was chosen on validation folds."""

from dataclasses import dataclass

import lightgbm
import numpy as np


THREADS = 1

# Of those that `causeway features list` prints.
FEATURES = (
    "amount_usd_log10", "amount_to_mean", "amount_deviations", "person_count_24h", "person_count_30d",
    "person_unusual_7d", "person_unusual_14d", "destination_unexplained_frauds_3d",
    "destination_unexplained_frauds_7d", "destination_unexplained_frauds_14d", "destination_unexplained_frauds_30d",
    "destination_days_since_last_fraud", "destination_days_since_last_unexplained_fraud",
    "destination_days_since_first_unexplained_fraud", "destination_seconds_since_legitimate_log10",
    "destination_days_since_newest_label", "destination_fraud_share_of_labels_7d",
    "destination_fraud_share_of_labels_14d", "destination_fraud_share_of_labels_30d", "amount_to_largest",
    "destination_frauds_in_a_row", "destination_frauds_3d", "destination_frauds_7d", "destination_frauds_14d",
    "destination_frauds_30d", "amount_to_mean_30d", "person_count_7d", "destination_seconds_since_frauds_began_log10",
    "destination_frauds_21d",
)

# In the first days no label has arrived and every window is short.
FIRST_DAY = 14


@dataclass(frozen=True)
class Setting:
    """How long a model looks back, and how it is grown."""

    name: str
    trained_on: str
    days: int | None  # None: everything before, but for the first days
    trees: int
    half_life_days: float | None = None  # young rows weigh more: what is going on now says more about the next weeks
    genuine_share: float = 1.0  # of a long history a part of the genuine transactions is enough, and takes less time
    seeds: int = 3


WEEK = Setting("week", "the seven days that end seven days before the test week, as in the book", days=7, trees=80)
LONG = Setting(
    "long", "all days from 15 April 2018 to the same end", days=None, trees=150, half_life_days=14, genuine_share=0.2,
)
TRAINED_ON = {setting.name: setting.trained_on for setting in (WEEK, LONG)}


def kept(fraud: np.ndarray, setting: Setting, seed: int) -> np.ndarray:
    """The rows that a seed learns from, as a mask: all frauds and a part of the others."""
    return fraud | (np.random.default_rng(seed).random(len(fraud)) < setting.genuine_share)


def fit(rows: np.ndarray, fraud: np.ndarray, age_days: np.ndarray, setting: Setting) -> list[lightgbm.Booster]:
    """One booster for each seed; the score is the sigmoid of the mean of their logits."""
    boosters = []
    for seed in range(setting.seeds):
        keep = kept(fraud, setting, seed)
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
