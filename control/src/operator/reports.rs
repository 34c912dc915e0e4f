//! Reports about models: how they score, how good they turn out to be, and whether what they see has shifted.

use causeway_core::id::Mode;
use causeway_core::time::{Millis, Timestamp};

use super::body::ModeWord;
use super::call::{Call, Handled, answer};
use crate::problem::{Code, Problem};
use crate::reports::{self, Basis, Named, Request};
use crate::wire::Time;

/// How far a report looks back unless it is told.
const STRETCH: Millis = Millis::seconds(60 * 86_400);
/// After how many days a fraud would have been told, unless it is said.
const MATURITY_DAYS: u64 = 30;
/// The most that may be said.
const MOST_DAYS: u64 = 366;

/// What is answered.
enum Format {
    Html,
    Json,
}

/// The report about a model: a page, or its numbers with `format=json`.
pub async fn model_report(call: Call<'_>) -> Handled {
    let (mode, request) = read(&call)?;
    let expected = "html or json";
    let format = call.query.parsed("format", expected, |word| match word {
        "html" => Some(Format::Html),
        "json" => Some(Format::Json),
        _ => None,
    })?;
    let report = call.interface.reports.make(call.cell(mode)?, request).await?;
    if report.is_empty() {
        let message =
            "No decision of this time is by such a model, and no package of it is known; check name, version and mode.";
        return Err(Problem::new(Code::NotFound, message));
    }
    match format.unwrap_or(Format::Html) {
        Format::Html => Ok(reports::page(&report)),
        Format::Json => answer(200, &report),
    }
}

fn read(call: &Call<'_>) -> Result<(Mode, Request), Problem> {
    let mode = call.query.parsed("mode", "sandbox or live", ModeWord::parse)?;
    let mode = mode.ok_or_else(|| Problem::invalid("mode", "mode must be sandbox or live."))?.mode();
    let now = call.cell(mode)?.now();
    let name = format!("{}/{}", call.parameter(0), call.parameter(1));
    let unknown =
        || Problem::new(Code::NotFound, "There is no such model: a name and a version as its package has them.");
    let model = Named::parse(&name).ok_or_else(unknown)?;
    let against = call.query.parsed("against", "another model as name/version", Named::parse)?;
    if against.as_ref() == Some(&model) {
        return Err(Problem::invalid("against", "against must be another model."));
    }
    let time =
        |name| call.query.parsed(name, "a time like 2026-05-25T08:30:00Z", |text| Time::parse(text).map(|time| time.0));
    let until = time("until")?.unwrap_or(Timestamp(now.0.saturating_add(1)));
    let from = time("from")?.unwrap_or(Timestamp(until.0.saturating_sub(STRETCH.0)));
    if from >= until {
        return Err(Problem::invalid("from", "from must be before until."));
    }
    let days = |text: &str| text.parse().ok().filter(|days| *days <= MOST_DAYS);
    let days = call.query.parsed("maturity_days", "a whole number of days, at most 366", days)?;
    let maturity = Millis::seconds(days.unwrap_or(MATURITY_DAYS) * 86_400);
    let basis = call.query.parsed("basis", "mature or labelled", Basis::parse)?;
    Ok((mode, Request { model, against, from, until, maturity, basis, now }))
}
