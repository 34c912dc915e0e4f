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

impl Time {
    /// Reads a date and time of RFC 3339 with any offset; fractions of a millisecond are cut off, and a time before 1970
    /// counts as 1970.
    pub fn parse(text: &str) -> Option<Time> {
        let (day, time) = (text.get(..10)?, text.get(11..19)?);
        let is_divided = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
        let (year, month, day) = (digits(day, 0..4)?, digits(day, 5..7)?, digits(day, 8..10)?);
        let (hour, minute, second) = (digits(time, 0..2)?, digits(time, 3..5)?, digits(time, 6..8)?);
        let dividers = [4, 7, 13, 16].map(|place| text.as_bytes()[place]);
        let is_time = hour < 24 && minute < 60 && second <= 60 && (1..=month_length(year, month)?).contains(&day);
        if !is_divided || dividers != *b"--::" || !is_time {
            return None;
        }
        let (fraction, zone) = split_fraction(&text[19..])?;
        let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        let millis = (seconds - offset(zone)?) * 1_000 + fraction;
        Some(Time(Timestamp(u64::try_from(millis).unwrap_or(0))))
    }
}

/// The number that these digits write.
fn digits(text: &str, place: std::ops::Range<usize>) -> Option<i64> {
    let part = text.get(place)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}

/// The milliseconds of `.5` and its like, and what stands behind them.
fn split_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(text) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, zone) = text.split_at(length);
    let millis = format!("{:0<3}", fraction.get(..3).unwrap_or(fraction));
    (length > 0).then(|| Some((digits(&millis, 0..3)?, zone))).flatten()
}

/// The seconds by which a zone is ahead.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'Z' | b'z' if zone.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (digits(zone, 1..3)?, digits(zone, 4..6)?);
    let is_whole = zone.len() == 6 && zone.as_bytes()[3] == b':' && hours < 24 && minutes < 60;
    is_whole.then_some(sign * (hours * 3_600 + minutes * 60))
}

fn month_length(year: i64, month: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap { 29 } else { 28 }),
        _ => None,
    }
}

/// The inverse of [`civil`], for any year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
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
    fn times_are_read_with_any_offset() {
        let read = |text: &str| Time::parse(text).map(|at| at.0.0);
        for at in [0, 951_782_400_000, 1_790_000_000_000, LAST_MILLISECOND] {
            assert_eq!(read(text(Timestamp(at), &mut [0; 24])), Some(at));
        }
        for text in [
            "2026-09-21T14:13:20Z",
            "2026-09-21t16:13:20.0009+02:00",
            "2026-09-21T13:43:20-00:30",
            "2026-09-21T14:13:20z",
        ] {
            assert_eq!(read(text), Some(1_790_000_000_000), "{text}");
        }
        assert_eq!(read("2026-09-21T14:13:20.5Z"), Some(1_790_000_000_500));
        assert_eq!(read("1969-12-31T23:59:59Z"), Some(0));
        assert_eq!(read("0000-02-29T00:00:00Z"), Some(0));
        for text in [
            "",
            "2026-09-21",
            "2026-09-21T14:13:20",
            "2026-09-21 14:13:20Z",
            "2026-9-21T14:13:20Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00+01:00x",
            "2026-01-01T00:00:00Zx",
            "2026/01/01T00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00é",
            "2026-01-01é00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

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
