//! Numbers and times as people read them.

use crate::pages::escaped;
use crate::wire::Time;

/// `12,345`.
pub fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or_default().to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let groups: Vec<String> = (!head.is_empty()).then(|| head.to_owned()).into_iter().chain(groups).collect();
    groups.join(",")
}

/// `97.7 %`; what is less than one percent with another digit.
pub fn percent(share: f64) -> String {
    let decimals = if share > 0.0 && share < 0.01 { 2 } else { 1 };
    format!("{:.decimals$} %", share * 100.0)
}

/// `97.7 %`, or a dash.
pub fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), percent)
}

/// Three decimals, or a dash.
pub fn decimals(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

/// A stretch of time in the unit that fits.
pub fn span(seconds: f64) -> String {
    match seconds {
        _ if seconds < 120.0 => format!("{seconds:.0} s"),
        _ if seconds < 7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ if seconds < 172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

/// `2026-05-25 08:30`, in UTC.
pub fn minute(time: Time) -> String {
    let text = rfc3339(time);
    format!("{} {}", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

/// `05-25`, or `08:30` where parts are shorter than a day.
pub fn tick(time: Time, part_seconds: u64) -> String {
    let text = rfc3339(time);
    let place = if part_seconds < 86_400 { 11..16 } else { 5..10 };
    text.get(place).unwrap_or_default().to_owned()
}

fn rfc3339(time: Time) -> String {
    match serde_json::to_value(time) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// `step-up` for `step_up`.
pub fn verdict(word: &str) -> String {
    word.replace('_', "-")
}

/// A table: heads, then rows of cells. The first column is words, the others are numbers.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = heads.iter().map(|head| format!("<th scope=\"col\">{}</th>", escaped(head))).collect();
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(place, cell)| {
            let cell = escaped(cell);
            if place == 0 { format!("<th scope=\"row\">{cell}</th>") } else { format!("<td>{cell}</td>") }
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let body: String = rows.iter().map(row).collect();
    format!("<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let counts = [0u64, 12, 999, 1_000, 200_000, 12_345_678].map(count);
        assert_eq!(counts, ["0", "12", "999", "1,000", "200,000", "12,345,678"]);
        assert_eq!([9.0, 600.0, 7_200.0, 864_000.0].map(span), ["9 s", "10 min", "2.0 h", "10.0 d"]);
        assert_eq!([0.97651, 0.0012, 0.0].map(percent), ["97.7 %", "0.12 %", "0.0 %"]);
        assert_eq!(decimals(None), "–");
        let time = Time(causeway_core::time::Timestamp(1_779_697_800_000));
        assert_eq!(
            (minute(time), tick(time, 3_600), tick(time, 86_400)),
            ("2026-05-25 08:30".into(), "08:30".into(), "05-25".into())
        );
    }
}
