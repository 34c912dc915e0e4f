"""Trains the model by which speed is measured: 200 trees of 31 leaves, as large models of this kind are.

    python models/speed.py TABLE.csv

TABLE is what `causeway features replay` wrote of `cargo xtask fill --payments 60000 --seed 3 --csv DIR`. Writes
models/speed/1. It decides about nobody's money.
"""

import argparse
from pathlib import Path

from lightgbm import LGBMClassifier
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from finish import finish, summary
from package import serialized
from tables import replayed

NAME = "speed"
VERSION = 1
SEED = 3
FEATURES = [
    "amount_usd_log10", "amount_to_mean", "amount_deviations", "amount_to_largest", "person_count_1h",
    "person_count_24h", "person_count_7d", "person_count_30d", "person_amount_24h_log10", "person_amount_30d_log10",
    "device_count_24h", "device_count_7d", "network_count_1h", "network_count_24h", "destination_count_24h",
    "destination_count_7d", "destination_count_30d", "partner_count_24h", "destination_frauds_7d",
    "destination_frauds_30d", "destination_fraud_share_of_labels_30d", "destination_unexplained_frauds_14d",
    "person_unusual_7d", "person_unusual_14d", "hour_of_day", "is_weekend", "is_hosted", "is_card",
]


def main() -> None:
    """Trains and writes the package."""
    parser = argparse.ArgumentParser(description="Trains the model by which speed is measured.")
    parser.add_argument("table", type=Path, help="what `causeway features replay` wrote, as CSV")
    table = replayed(parser.parse_args().table, FEATURES)
    learn = table.learn
    classifier = LGBMClassifier(
        # Every tree grows to its last leaf, useful or not: what is measured is the time.
        n_estimators=200, num_leaves=31, learning_rate=0.02, min_child_samples=2, min_child_weight=0,
        random_state=SEED, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1,
    )
    classifier.fit(learn.rows, learn.labels.astype(int))
    leaves = [tree["num_leaves"] for tree in classifier.booster_.dump_model()["tree_info"]]
    print(f"{len(leaves)} trees with {min(leaves)} to {max(leaves)} leaves")
    inputs = [("features", FloatTensorType([None, len(table.names)]))]
    model = serialized(convert_lightgbm(classifier, name=NAME, initial_types=inputs, zipmap=False))
    folder = Path(__file__).parent / NAME / str(VERSION)
    finished = finish(folder, model, table, name=NAME, version=VERSION, script="models/speed.py", seed=SEED)
    print(summary(finished, table.test))
    print(f"wrote {folder} ({sum(file.stat().st_size for file in folder.iterdir()) / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
