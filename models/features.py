"""The feature vector of the baseline, and the names of all features that the engine has.

features.json is what `causeway features list --json` prints: every model may use any of them. FEATURES are those of the
synthetic payments here.

Every value is a float32, computed in float64 and rounded once. The order is the order of the model's input columns;
a manifest repeats the names so that a model trained on another order is noticed. `python models/features.py` prints
the table.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Feature:
    """One column of the model's input; `missing` is its value when there is nothing to compute it from."""

    name: str
    unit: str
    meaning: str
    missing: str


# log10(1 + 30 days in seconds): what stands for "never" in seconds_since_last_log10.
NEVER_SECONDS = 30 * 24 * 3600

# An amount a hundred times the person's mean says as much as any larger one.
MOST_AMOUNT_TO_MEAN = 100.0

FEATURES = (
    Feature("amount_usd_log10", "log10(1 + USD)", "fiat amount of the redemption in US dollars", "always known"),
    Feature(
        "amount_to_mean", "ratio, clipped to [0, 100]", "amount over the mean of the person's earlier redemptions",
        "1 without an earlier redemption",
    ),
    Feature("person_count_1h", "redemptions", "by the person in the last hour, before this one, sliding estimate", "0"),
    Feature("person_count_24h", "redemptions", "the same over 24 hours", "0"),
    Feature("person_amount_24h_log10", "log10(1 + USD)", "sum of those of the last 24 hours, sliding estimate", "0"),
    Feature(
        "seconds_since_last_log10", "log10(1 + s)", "time since the person's last redemption",
        "log10(1 + 2592000), which is 30 days",
    ),
    Feature("person_declines_24h", "declines", "risk declines of the person in 24 hours, sliding estimate", "0"),
    Feature("is_new_person", "0 or 1", "1 when the person has no earlier redemption", "1"),
    Feature("hour_of_day", "hour, 0 to 23", "hour of the redemption in UTC, a whole number", "always known"),
    Feature("is_weekend", "0 or 1", "1 on Saturday and Sunday in UTC", "always known"),
    Feature("is_pay_out", "0 or 1", "1 for off_ramp, 0 for on_ramp", "always known"),
    Feature("is_card", "0 or 1", "1 when the payment method is card", "always known"),
    Feature("session_age_log10", "log10(1 + s)", "from the session's creation to the redemption", "always known"),
    Feature("quote_age_seconds", "s, 0 to 300", "from the quote's lock to the redemption", "always known"),
)

NAMES = tuple(feature.name for feature in FEATURES)

ENGINE_NAMES = tuple(
    feature["name"] for feature in json.loads((Path(__file__).parent / "features.json").read_text(encoding="utf-8"))
)


def main() -> None:
    """Prints the contract as a Markdown table."""
    print("| # | name | unit | meaning | when missing |\n|---|---|---|---|---|")
    for index, feature in enumerate(FEATURES):
        print(f"| {index} | `{feature.name}` | {feature.unit} | {feature.meaning} | {feature.missing} |")


if __name__ == "__main__":
    main()
