//! Numbers, sizes and times as people read them.

use std::time::Duration;

/// A whole number with a comma before every third digit.
pub fn grouped(number: u64) -> String {
    commas(&number.to_string())
}

/// A number with this many decimals, and a comma before every third digit of the whole.
pub fn number(value: f64, decimals: usize) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    format!("{sign}{}{rest}", commas(whole))
}

fn commas(digits: &str) -> String {
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// Bytes in the largest unit of which there is one.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64 / 1e3;
    let mut unit = 0;
    while value >= 1e3 && unit + 1 < units.len() {
        value /= 1e3;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// Minutes and seconds.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (value, decimals, expected) in [
            (0.0, 0, "0"),
            (999.4, 0, "999"),
            (1_000.0, 0, "1,000"),
            (1_234_567.891, 2, "1,234,567.89"),
            (-1_000.0, 0, "-1,000"),
        ] {
            assert_eq!(number(value, decimals), expected);
        }
    }

    #[test]
    fn sizes_and_times_are_written_for_people() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1_500, 2_500_000_000].map(size), ["0.0 kB", "1.5 kB", "2.5 GB"]);
        assert_eq!(
            [59, 61, 3_600].map(|seconds| time(Duration::from_secs(seconds))),
            ["59 s", "1 min 01 s", "60 min 00 s"]
        );
    }
}
