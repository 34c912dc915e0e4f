//! The description that lies beside the tables.

use std::fmt::Write as _;

use super::{LABELS, OUTAGES, PAYMENTS};
use crate::calendar::{DAY, Moment};
use crate::fill::generate::overlap as o;
use crate::fill::generate::{History, Settings, VERSION};

/// The text of `README.md`.
pub fn text(history: &History) -> String {
    let Settings { payments, seed, days, until, partners, plants } = history.settings();
    let (start, length) = history.settings().period();
    let (from, to) = (Moment(start), Moment(start + length - 1));
    let mut text = format!(
        "# Generated payments\n\n\
         {payments} payments from {from} to {to}, with frauds, made up by the generator {VERSION} of `causeway-lab fill`. \
         Nobody in them is real. The same call writes the same bytes:\n\n\
         ```\ncargo xtask fill --payments {payments} --seed {seed} --days {days} --until {until} --partners {partners} \
         --plant {plants} --csv DIR\n```\n\n\
         With `--data-dir DIR` the same history is written as the data directory of a sandbox.\n"
    );
    text.push_str(INTRODUCTION);
    // By then the latest label is known: the slowest corridor takes days, and honest is who was not reported for sixty.
    text.push_str(&LOADING.replace("{today}", &Moment(start + length + 66 * DAY).to_string()));
    for (name, columns) in [("payments.csv", &PAYMENTS[..]), ("labels.csv", &LABELS[..]), ("outages.csv", &OUTAGES[..])]
    {
        let table: String = columns.iter().map(|(name, meaning)| format!("| `{name}` | {meaning} |\n")).collect();
        write!(text, "\n## {name}\n\n| column | meaning |\n|---|---|\n{table}").unwrap_or_default();
    }
    text.push_str(PATTERNS);
    text.push_str(&overlaps());
    text.push_str("\n## How much of it is here\n\n| planted | payments, or outages |\n|---|---|\n");
    let planted = history.planted();
    text.extend(planted.iter().map(|(name, count)| format!("| {name} | {count} |\n")));
    text
}

/// A share, in hundredths.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1_000.0).round() / 10.0)
}

const INTRODUCTION: &str = "
Fields are separated by commas, no field needs quotes, the first line names the columns, times are like
2026-06-30T12:00:00Z. Amounts are decimal numbers to be read as such: a float cannot hold them.

Beware of two things. In the sandbox the last two digits of the amount that is asked for (of `amount` when on_ramp, of
`asset_amount` when off_ramp) say what is to happen: declined payments end in 04 and no other payment ends in 01 to 07, so
these digits are no feature. And columns from `attempts` on were not known when the payment was judged.
";

/// The code in it is run by a test.
const LOADING: &str = r#"
## From columns to features

`causeway features replay` reads these tables, and gives the features that the gateway itself computes; `models/README.md` goes
on from there. A first look without it: in this folder, with Python 3.11 or newer, this gives a list of numbers for each payment
whose truth was known on some day, and the truth:

```python
import csv, math
from datetime import datetime

def features(row):
    time = datetime.fromisoformat(row["time"])
    return [math.log10(1 + float(row["amount"])), time.hour, time.weekday() >= 5, row["side"] == "off_ramp",
            row["method"] == "card", math.log10(1 + int(row["session_seconds"])), int(row["quote_seconds"])]

with open("payments.csv") as payments, open("labels.csv") as labels:
    pairs = zip(csv.DictReader(payments), csv.DictReader(labels))
    known = [(features(row), int(label["is_fraud"])) for row, label in pairs if "" < label["label_time"] <= "{today}"]
X, y = zip(*known)
```

Frauds are rare: split by `time` and judge by precision and recall, not by accuracy.
"#;

const PATTERNS: &str = "
## What is planted

Every figure is an assumption, chosen so that honest and fraudulent payments overlap; nothing here says anything about real
fraud.

- **Customers** have a country, a partner, a median amount (log-normal, median 120 US dollars) and a spread around it, two
  methods, an asset, one to three devices, one or two wallets, and a middle of their day. There are 17 payments for each:
  3.5 % of the customers make 30 % of the payments, the next 17 % make 38 %, the next 47 % make 29 %, and the others try it
  once or twice. Four in ten join during the period. One in ten hurries from session to redemption.
- **Corridors** settle with the success and in about the time that the shipped catalogue states. Of what fails, 65 % may be
  tried on another corridor, 25 % is rejected, 10 % cancelled.
- **Declined** were 0.3 % of the honest payments and 25 % of the frauds, by rules of the time that left no trace.
- **ring**: 20 to 80 payments within two to seven days (less in a shorter period) by customers nobody has seen before, two
  each on average, to one partner from one country, most of them from one device for twelve and to one or two wallets.
- **stolen-device**: 1 to 4 payments, minutes apart, by a customer of long standing from the usual device, two and a half to
  fourteen times the usual amount, when buying to a wallet nobody has seen before.
- **burst**: 12 to 40 card payments of a few dollars by a new customer, seconds apart, the last one large.
- **outage**: for 30 to 240 minutes a corridor keeps 15 % of its success, and what fails there may be tried elsewhere.

A group is smaller only where all that is planted of its kind is less than the smallest one.
";

fn overlaps() -> String {
    let abroad = o::TRAVELLERS * o::AWAY;
    let ((device, wallet), (far, near)) = (o::OWN_IN_RING, o::STOLEN_USED);
    let lines = [
        format!(
            "People **travel**: {} of the customers are away {} of the time, in countries where nobody lives (NG, RO, TR, \
             UA, VN, ZA) {} of that; so {} of the honest payments come from those, and about {} from abroad.",
            percent(o::TRAVELLERS),
            percent(o::AWAY),
            percent(o::FAR_AWAY),
            percent(abroad * o::FAR_AWAY),
            percent(abroad)
        ),
        format!("**Devices** are replaced after {} to {} days.", o::DEVICE_DAYS.0, o::DEVICE_DAYS.1),
        circle("families", o::FAMILY),
        circle("offices and cafés", o::OFFICE),
        format!(
            "{} of the customers use a **wallet of an exchange**, of which there is one for {} customers; a few have most \
             of them, many are shared by two to twenty. {} of the payments go to a wallet never seen before.",
            percent(o::AT_EXCHANGES),
            o::CUSTOMERS_PER_EXCHANGE_WALLET,
            percent(o::NEW_WALLET)
        ),
        format!(
            "{} of the payments are three to fourteen times the **usual amount**, half of them to a new wallet; {} are of a \
             few dollars.",
            percent(o::LARGE),
            percent(o::SMALL)
        ),
        format!(
            "{} of the payments come in **rushes**: a shop or an agent makes 6 to 25 small ones within minutes on one \
             device, half of the rushes to a new wallet each time, a quarter with a large payment at the end.",
            percent(o::RUSHES)
        ),
        format!(
            "Of a **ring** one member in {device} has a device of its own, and one in {wallet} a wallet. **Stolen devices** \
             are used in those six countries ({}), in any other ({}) or at home ({}). {} of the **bursts** change the \
             device every one to four payments.",
            percent(far),
            percent(near),
            percent(1.0 - far - near),
            percent(o::BURSTS_OF_DEVICES)
        ),
    ];
    let list: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    format!("\n## How honest payments and frauds overlap\n\n{list}")
}

fn circle(name: &str, circle: o::Circle) -> String {
    format!(
        "**{name}**: {} of the people share a device and a wallet with {} others, for {} and {} of their payments.",
        percent(circle.share),
        circle.people - 1,
        percent(circle.device),
        percent(circle.wallet)
    )
}
