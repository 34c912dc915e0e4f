//! The patterns that can be planted, and how much of each.

use std::fmt;
use std::str::FromStr;

/// A pattern of fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
pub enum Pattern {
    /// Many fresh customers who share a few devices and wallets.
    Ring = 1,
    /// A regular customer's device, suddenly in another country and with large amounts.
    StolenDevice = 2,
    /// Card testing: many small payments within minutes, then a large one.
    Burst = 3,
}

/// How much is planted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plants {
    /// Shares of all payments, in the order of [`Pattern::ALL`].
    frauds: [f64; 3],
    /// The share of the time in which each corridor is out.
    pub outage: f64,
}

/// The name of outages in the option.
pub const OUTAGE: &str = "outage";
/// More than this of one kind would not leave a history to plant it in.
const MOST: f64 = 0.2;

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 3] = [Pattern::Ring, Pattern::StolenDevice, Pattern::Burst];

    /// The name in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::Ring => "ring",
            Pattern::StolenDevice => "stolen-device",
            Pattern::Burst => "burst",
        }
    }
}

impl Plants {
    /// Nothing.
    pub const NONE: Plants = Plants { frauds: [0.0; 3], outage: 0.0 };

    /// Of `payments`, how many belong to a pattern.
    pub fn payments(&self, pattern: Pattern, payments: u64) -> u64 {
        (payments as f64 * self.frauds[pattern as usize - 1]) as u64
    }

    /// The rate of the thing of this name: 0 for a name that is none.
    pub fn rate(&self, name: &str) -> f64 {
        let place = Pattern::ALL.iter().position(|pattern| pattern.name() == name);
        place.map_or(if name == OUTAGE { self.outage } else { 0.0 }, |place| self.frauds[place])
    }

    /// The same with another rate of the thing of this name; `None` for a name that is none.
    fn with(mut self, name: &str, rate: f64) -> Option<Plants> {
        if name == OUTAGE {
            self.outage = rate;
        } else {
            self.frauds[Pattern::ALL.iter().position(|pattern| pattern.name() == name)?] = rate;
        }
        Some(self)
    }
}

impl Default for Plants {
    fn default() -> Plants {
        Plants { frauds: [0.002, 0.0015, 0.002], outage: 0.004 }
    }
}

impl FromStr for Plants {
    type Err = String;

    /// Reads `ring=0.01,outage=0`: what is not named keeps its default; `none` in front sets everything to 0.
    fn from_str(text: &str) -> Result<Plants, String> {
        let (mut plants, rest) = match text.strip_prefix("none") {
            Some(rest) => (Plants::NONE, rest.strip_prefix(',').unwrap_or(rest)),
            None => (Plants::default(), text),
        };
        for part in rest.split(',').filter(|part| !part.is_empty()) {
            let wrong = || format!("`{part}` is no NAME=RATE");
            let (name, rate) = part.split_once('=').ok_or_else(wrong)?;
            let rate: f64 = rate.parse().map_err(|_| wrong())?;
            if !(0.0..=MOST).contains(&rate) {
                return Err(format!("the rate of {name} must be from 0 to {MOST}"));
            }
            let unknown = || format!("there is no pattern `{name}`: ring, stolen-device, burst and outage are known");
            plants = plants.with(name, rate).ok_or_else(unknown)?;
        }
        Ok(plants)
    }
}

impl fmt::Display for Plants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (pattern, rate) in Pattern::ALL.iter().zip(self.frauds) {
            write!(f, "{}={rate},", pattern.name())?;
        }
        write!(f, "{OUTAGE}={}", self.outage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plants_are_read_and_written() {
        let check = |text: &str, expected: &str| {
            let plants: Plants = text.parse().unwrap();
            assert_eq!(plants.to_string(), expected);
            assert_eq!(plants.to_string().parse(), Ok(plants));
        };
        check("none", "ring=0,stolen-device=0,burst=0,outage=0");
        check("none,burst=0.05", "ring=0,stolen-device=0,burst=0.05,outage=0");
        check("ring=0,outage=0.01", "ring=0,stolen-device=0.0015,burst=0.002,outage=0.01");
        for wrong in ["ring", "ring=x", "ring=0.3", "ring=-0.1", "rings=0.1", "nonesuch=1"] {
            assert!(wrong.parse::<Plants>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_a_share_of_the_payments() {
        let plants: Plants = "none,ring=0.01".parse().unwrap();
        assert_eq!(Pattern::ALL.map(|pattern| plants.payments(pattern, 5_000)), [50, 0, 0]);
    }
}
