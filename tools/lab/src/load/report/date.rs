//! Dates in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// The day, as `2026-05-25`.
pub fn day(time: SystemTime) -> String {
    let seconds = since_epoch(time);
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Day and time as they stand in file names: `2026-05-25T101530Z`.
pub fn stamp(time: SystemTime) -> String {
    let seconds = since_epoch(time) % 86_400;
    format!("{}T{:02}{:02}{:02}Z", day(time), seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn since_epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The date of a day after 1970-01-01, by Howard Hinnant's `civil_from_days`: years begin in March, so that leap days come
/// last.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T000000Z"),
            (951_782_400, "2000-02-29T000000Z"),
            (1_779_704_130, "2026-05-25T101530Z"),
            (4_107_542_399, "2100-02-28T235959Z"),
        ] {
            assert_eq!(stamp(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }
}
