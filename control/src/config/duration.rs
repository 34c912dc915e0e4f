//! Durations as people write them: a whole number and a unit, such as `500ms`, `30s`, `5m`, `2h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use causeway_core::limits::DELIVERY_ATTEMPTS;
use causeway_core::time::Millis;

/// The longest duration that makes sense here; it keeps sums of times from overflowing.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Gaps between attempts, written with commas: `1m,5m,30m,2h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gaps(pub Vec<Duration>);

/// Reads a duration that may be zero.
pub fn any(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(malformed()),
    };
    let number: u64 = number.parse().map_err(|_| malformed())?;
    let duration = number.checked_mul(millis).map(Duration::from_millis).filter(|duration| *duration <= LONGEST);
    duration.ok_or_else(|| "must not be longer than a year".to_owned())
}

/// Reads a duration that is longer than zero.
pub fn positive(text: &str) -> Result<Duration, String> {
    any(text).and_then(
        |duration| {
            if duration.is_zero() { Err("must be longer than zero".to_owned()) } else { Ok(duration) }
        },
    )
}

/// Reads a duration of a second or more.
pub fn second_or_more(text: &str) -> Result<Duration, String> {
    positive(text).and_then(|duration| {
        if duration < Duration::from_secs(1) { Err("must not be shorter than 1s".to_owned()) } else { Ok(duration) }
    })
}

/// Reads what a call of the model may take: 1us to 1s. Microseconds are written here alone.
pub fn budget(text: &str) -> Result<Duration, String> {
    let micros = text.strip_suffix("us").and_then(|number| number.parse().ok()).map(Duration::from_micros);
    let budget = micros.map_or_else(|| any(text), Ok)?;
    if (Duration::from_micros(1)..=Duration::from_secs(1)).contains(&budget) {
        Ok(budget)
    } else {
        Err("must be from 1us to 1s".to_owned())
    }
}

/// Reads the life of a quote: longer than zero, at most 300 seconds.
pub fn quote_life(text: &str) -> Result<Duration, String> {
    positive(text).and_then(|duration| {
        if duration > Duration::from_secs(300) { Err("must not be longer than 300s".to_owned()) } else { Ok(duration) }
    })
}

/// The duration as the core counts it.
pub fn millis(duration: Duration) -> Millis {
    Millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

impl FromStr for Gaps {
    type Err = String;

    fn from_str(text: &str) -> Result<Gaps, String> {
        let gaps = text.split(',').map(|gap| positive(gap.trim())).collect::<Result<Vec<_>, _>>()?;
        if gaps.len() >= DELIVERY_ATTEMPTS {
            return Err(format!(
                "must be at most {} gaps: there are at most {DELIVERY_ATTEMPTS} attempts",
                DELIVERY_ATTEMPTS - 1
            ));
        }
        Ok(Gaps(gaps))
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(|gap| format!("{gap:?}")).collect();
        f.write_str(&texts.join(","))
    }
}

fn malformed() -> String {
    "must be a whole number and a unit, such as 500ms, 30s, 5m, 2h or 7d".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_may_be_short() {
        assert_eq!(budget("50us"), Ok(Duration::from_micros(50)));
        assert_eq!(budget("5ms"), Ok(Duration::from_millis(5)));
        assert!(["0us", "2s", "1.5ms", "us", "5"].iter().all(|text| budget(text).is_err()));
    }

    #[test]
    fn numbers_carry_a_unit() {
        let check = |text: &str, millis: u64| assert_eq!(any(text), Ok(Duration::from_millis(millis)), "{text}");
        check("0s", 0);
        check("500ms", 500);
        check("30s", 30_000);
        check("5m", 300_000);
        check("2h", 7_200_000);
        check("7d", 604_800_000);
        for text in ["", "5", "s", "1.5s", "-1s", "1 s", "5S", "99999999999999999999s", "400d", "18446744073709551615d"]
        {
            assert!(any(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lives_are_bounded() {
        assert!(positive("0s").is_err());
        assert!(quote_life("300s").is_ok());
        assert!(quote_life("301s").is_err());
    }

    #[test]
    fn gaps_are_as_many_as_the_core_counts_attempts() {
        let gaps: Gaps = "1m, 5m,30m,2h".parse().unwrap();
        assert_eq!(gaps.0.iter().map(Duration::as_secs).collect::<Vec<_>>(), [60, 300, 1_800, 7_200]);
        for text in ["", "1m,", "1m,1m,1m,1m,1m", "1m,0s"] {
            assert!(text.parse::<Gaps>().is_err(), "{text}");
        }
    }
}
