//! Days and moments as people write them, in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
pub const DAY: u64 = 86_400;

/// A day, by its number since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u64);

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl FromStr for Day {
    type Err = String;

    /// Reads `2026-06-30`.
    fn from_str(text: &str) -> Result<Day, String> {
        let wrong = || format!("`{text}` is no day from 1970 to 2999, written like 2026-06-30");
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(wrong()) };
        let number = |part: &str| part.parse::<u64>().map_err(|_| wrong());
        let (year, month, date) = (number(year)?, number(month)?, number(day)?);
        if !(1_970..3_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&date) {
            return Err(wrong());
        }
        let day = Day(number_of(year, month, date));
        if civil(day.0) == (year, month, date) { Ok(day) } else { Err(wrong()) }
    }
}

impl Moment {
    /// The second of this time.
    pub fn at(time: SystemTime) -> Moment {
        Moment(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }

    /// This second.
    pub fn now() -> Moment {
        Moment::at(SystemTime::now())
    }

    /// Its day.
    pub fn day(self) -> Day {
        Day(self.0 / DAY)
    }

    /// As it stands in file names: `2026-05-25T101530Z`.
    pub fn stamp(self) -> String {
        self.to_string().replace(':', "")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0 % DAY;
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.day(), time / 3_600, time / 60 % 60, time % 60)
    }
}

/// Days of the Gregorian calendar before 1970-01-01, counted from a March whose era of 400 years begins there.
const BEFORE_1970: u64 = 719_468;

/// Years are counted from March, so that the leap day is the last one of its year.
fn number_of(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year / 400 * 146_097 + year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + day_of_year - BEFORE_1970
}

fn civil(day: u64) -> (u64, u64, u64) {
    let (era, day_of_era) = ((day + BEFORE_1970) / 146_097, (day + BEFORE_1970) % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for (text, number) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("2000-03-01", 11_017), ("2026-06-30", 20_634)]
        {
            assert_eq!(text.parse(), Ok(Day(number)));
            assert_eq!(Day(number).to_string(), text);
        }
        for wrong in ["", "2026", "2026-02-29", "2026-13-01", "2026-06-31", "1969-12-31", "2026-06-30-1", "a-b-c"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
        assert!((0..200_000).all(|day| Day(day).to_string().parse() == Ok(Day(day))));
    }

    #[test]
    fn moments_are_written_to_the_second() {
        assert_eq!(Moment(951_782_399).to_string(), "2000-02-28T23:59:59Z");
        assert_eq!(Moment(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(Moment(1_779_704_130).stamp(), "2026-05-25T101530Z");
    }
}
