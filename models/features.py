"""The features that the engine has, and those that the baseline and the examples use.

features.json is what `causeway features list --json` prints; any model may use any of them. The order of a model's
features is that of its input columns, which its manifest repeats. `python models/features.py` prints all as a table.
"""

import json
from pathlib import Path

ENGINE = json.loads((Path(__file__).parent / "features.json").read_text(encoding="utf-8"))
ENGINE_NAMES = tuple(feature["name"] for feature in ENGINE)

# What says something at any bank: how the payment lies to what its person does, who else is behind its device, and what was
# reported of it. Left out is what feeds itself: declines, which are the gateway's own verdicts and would make more of them,
# and how many others a network block or a wallet has, which says as much of an office or an exchange as of fraud.
BASELINE = (
    "amount_usd_log10", "amount_to_mean", "amount_to_largest", "amount_to_partner_mean",
    "person_count_1h", "person_count_24h", "person_count_7d", "person_amount_24h_log10", "seconds_since_last_log10",
    "person_age_log10", "is_new_person", "customer_age_log10",
    "is_new_device", "is_new_destination", "has_destination", "destination_age_log10",
    "device_persons_30d", "device_frauds_30d", "destination_frauds_30d", "destination_fraud_share_of_labels_30d",
    "hour_of_day", "is_weekend", "is_pay_out", "is_card", "is_hosted", "session_age_log10", "quote_age_seconds",
)


def main() -> None:
    """Prints the table; a * stands at what the baseline uses."""
    print("| name | | unit | window | meaning | when missing |\n|---|---|---|---|---|---|")
    for each in ENGINE:
        mark = "*" if each["name"] in BASELINE else ""
        cells = (f"`{each['name']}`", mark, each["unit"], each["window"], each["meaning"], each["missing"])
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
