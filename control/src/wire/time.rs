//! Timestamps: RFC 3339 in UTC, always with milliseconds.

use std::borrow::Cow;

use causeway_core::time::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A point in time as partners see it: `2026-05-25T08:30:00.000Z`.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text(self.0, &mut [0; 24]))
    }
}

/// Writes the 24 characters; times beyond the year 9999 are written as its last millisecond.
fn text(at: Timestamp, buffer: &mut [u8; 24]) -> &str {
    *buffer = *b"0000-00-00T00:00:00.000Z";
    let millis = at.0.min(LAST_MILLISECOND);
    let (days, time) = (millis / 86_400_000, millis % 86_400_000);
    let (year, month, day) = civil(days);
    let mut put = |from: usize, until: usize, mut value: u64| {
        for place in (from..until).rev() {
            buffer[place] = b'0' + (value % 10) as u8;
            value /= 10;
        }
    };
    put(0, 4, year);
    put(5, 7, month);
    put(8, 10, day);
    put(11, 13, time / 3_600_000);
    put(14, 16, time / 60_000 % 60);
    put(17, 19, time / 1_000 % 60);
    put(20, 23, time % 1_000);
    std::str::from_utf8(buffer).unwrap_or_default()
}

/// Year, month and day of the Gregorian calendar, from days since 1970-01-01. Years are counted from March, so that the
/// leap day is the last one of its year; an era has 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// 9999-12-31T23:59:59.999Z.
const LAST_MILLISECOND: u64 = 253_402_300_799_999;

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let check = |millis: u64, expect: &str| assert_eq!(text(Timestamp(millis), &mut [0; 24]), expect);
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_399_999, "2000-02-28T23:59:59.999Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(951_868_800_000, "2000-03-01T00:00:00.000Z");
        check(1_779_697_805_006, "2026-05-25T08:30:05.006Z");
        check(4_107_542_399_000, "2100-02-28T23:59:59.000Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
        check(LAST_MILLISECOND, "9999-12-31T23:59:59.999Z");
        check(u64::MAX, "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn each_day_follows_the_one_before() {
        let mut last = civil(0);
        for day in 1..200_000 {
            let today = civil(day);
            let (year, month, date) = last;
            assert!(
                [(year, month, date + 1), (year, month + 1, 1), (year + 1, 1, 1)].contains(&today),
                "{last:?} {today:?}"
            );
            assert!(today.2 <= 31 && today.1 <= 12);
            last = today;
        }
    }
}
