//! The description that lies beside the tables.

use std::fmt::Write as _;

use super::{LABELS, OUTAGES, PAYMENTS};
use crate::calendar::{DAY, Moment};
use crate::fill::generate::{Settings, VERSION};

/// The text of `README.md`.
pub fn text(settings: &Settings) -> String {
    let Settings { payments, seed, days, until, partners, plants } = settings;
    let (start, length) = settings.period();
    let (from, to) = (Moment(start), Moment(start + length - 1));
    debug_assert_eq!(length, days * DAY);
    let mut text = format!(
        "# Generated payments\n\n\
         {payments} payments from {from} to {to}, with frauds, made up by the generator {VERSION} of `causeway-lab fill`. \
         Nobody in them is real. The same call writes the same bytes:\n\n\
         ```\ncargo xtask fill --payments {payments} --seed {seed} --days {days} --until {until} --partners {partners} \
         --plant {plants} --csv DIR\n```\n\n\
         With `--data-dir DIR` the same history is written as the data directory of a sandbox.\n"
    );
    text.push_str(INTRODUCTION);
    for (name, columns) in [("payments.csv", &PAYMENTS[..]), ("labels.csv", &LABELS[..]), ("outages.csv", &OUTAGES[..])]
    {
        let table: String = columns.iter().map(|(name, meaning)| format!("| `{name}` | {meaning} |\n")).collect();
        write!(text, "\n## {name}\n\n| column | meaning |\n|---|---|\n{table}").unwrap_or_default();
    }
    text.push_str(PATTERNS);
    text
}

const INTRODUCTION: &str = "
Fields are separated by commas, no field needs quotes, the first line names the columns, times are like
2026-06-30T12:00:00Z. Amounts are decimal numbers to be read as such: a float cannot hold them.

Beware of two things. In the sandbox the last two digits of the amount that is asked for (of `amount` when on_ramp, of
`asset_amount` when off_ramp) say what is to happen: declined payments end in 04 and no other payment ends in 01 to 07, so
these digits are no feature. And columns from `attempts` on were not known when the payment was judged.
";

const PATTERNS: &str = "
## What is planted

Every figure is an assumption, chosen so that honest and fraudulent payments overlap; nothing here says anything about real
fraud.

- **Customers** have a country, a partner, a median amount (log-normal, median 120 US dollars) and a spread around it, two
  methods, an asset, one to three devices, one or two wallets, and a middle of their day. There are 25 payments for each:
  5 % of the customers make 30 % of the payments, the next 25 % make 40 %. Four in ten join during the period. One in ten
  hurries from session to redemption.
- **Corridors** settle with the success and in about the time that the shipped catalogue states. Of what fails, 65 % may be
  tried on another corridor, 25 % is rejected, 10 % cancelled.
- **Declined** were 0.3 % of the honest payments and 25 % of the frauds, by rules of the time that left no trace.
- **ring**: 20 to 80 payments within two to seven days by customers nobody has seen before, two each on average, to one
  partner from one country, from one device for twelve of them and to one or two wallets.
- **stolen-device**: 1 to 4 payments, minutes apart, by a customer of long standing from the usual device in another
  country, four to fourteen times the usual amount, to a wallet nobody has seen before.
- **burst**: 12 to 40 card payments of a few dollars by a new customer, seconds apart, the last one large.
- **outage**: for 30 to 240 minutes a corridor keeps 15 % of its success, and what fails there may be tried elsewhere.
";
