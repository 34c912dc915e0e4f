//! The file of labels: what became known of payments, any number of times each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use causeway_core::time::Timestamp;

use super::FeaturesError;
use super::key::key;
use super::rows::Rows;
use crate::wire::Time;

/// What became known of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whether it was a fraud; `None` takes back what was known.
    pub is_fraud: Option<bool>,
    /// When that became known; `None`: never.
    pub at: Option<Timestamp>,
}

/// Every label of a file, by a hash of the payment's id: some 130 bytes a label.
pub struct Labels {
    rows: HashMap<[u8; 16], Vec<Line>>,
}

/// A label with its line.
struct Line {
    known: Known,
    line: u32,
}

/// Labels whose payments never came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftOver {
    /// How many payments.
    pub count: u64,
    /// The ids of the first few.
    pub first: Vec<String>,
}

const COLUMNS: [&str; 3] = ["id", "is_fraud", "label_time"];
/// Ids of labels without payments that are told.
const TOLD: usize = 3;

impl Labels {
    /// Reads the file.
    pub fn open(path: &Path) -> Result<Labels, FeaturesError> {
        let mut file = Rows::open(path, &COLUMNS)?;
        let mut rows: HashMap<[u8; 16], Vec<Line>> = HashMap::new();
        while file.advance()? {
            let id = file.text("id").ok_or_else(|| file.fault("id is empty"))?;
            let known = Known { is_fraud: file.read("is_fraud", "0, 1 or empty", bit)?, at: file.time("label_time")? };
            let line = Line { known, line: u32::try_from(file.line()).unwrap_or(u32::MAX) };
            match rows.entry(key(&[id])) {
                Entry::Vacant(place) => {
                    place.insert(vec![line]);
                }
                Entry::Occupied(mut lines) => {
                    if known.at.is_none() || lines.get().iter().any(|before| before.known.at.is_none()) {
                        let reason = format!(
                            "the payment {id:?} has a label already: of several each needs its label_time, the later counts"
                        );
                        return Err(file.fault(&reason));
                    }
                    lines.get_mut().push(line);
                }
            }
        }
        Ok(Labels { rows })
    }

    /// What became known of the payment of `at`, in the order of time; of one time the last line comes last.
    pub fn take(&mut self, path: &Path, id: &str, at: Timestamp) -> Result<Vec<Known>, FeaturesError> {
        let mut lines = self.rows.remove(&key(&[id])).unwrap_or_default();
        lines.sort_by_key(|line| line.known.at);
        let known: Vec<Known> = lines.iter().map(|line| line.known).collect();
        match first_fault(&known, id, at) {
            None => Ok(known),
            Some((place, reason)) => Err(FeaturesError(format!("{}:{}: {reason}", path.display(), lines[place].line))),
        }
    }

    /// Once all payments were read: what is still there. Reads the file again for its ids, if there is any.
    pub fn left_over(&self, path: &Path) -> Result<LeftOver, FeaturesError> {
        let mut left = LeftOver { count: self.rows.len() as u64, first: Vec::new() };
        if left.count == 0 {
            return Ok(left);
        }
        let mut file = Rows::open(path, &COLUMNS)?;
        while left.first.len() < TOLD && file.advance()? {
            let id = file.text("id").unwrap_or_default();
            if self.rows.contains_key(&key(&[id])) && !left.first.iter().any(|told| told == id) {
                left.first.push(id.to_owned());
            }
        }
        Ok(left)
    }
}

/// The first of the labels of a payment that cannot be true, and why. They stand in the order of time.
pub fn first_fault(labels: &[Known], id: &str, payment: Timestamp) -> Option<(usize, String)> {
    let mut is_known = false;
    for (place, known) in labels.iter().enumerate() {
        if let Some(at) = known.at.filter(|at| *at < payment) {
            let at = at_text(at);
            return Some((
                place,
                format!("label_time {at} is before the payment {id:?} itself: give when it became known"),
            ));
        }
        if known.is_fraud.is_none() && known.at.is_some() && !is_known {
            let reason = format!(
                "the payment {id:?} has a label_time and no is_fraud, which takes back what was known, but nothing was: give 0 \
                 or 1, or leave both empty"
            );
            return Some((place, reason));
        }
        is_known |= known.is_fraud.is_some();
    }
    None
}

/// The time as tables have it.
pub fn at_text(at: Timestamp) -> String {
    serde_json::to_value(Time(at)).ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `0` or `1`.
pub fn bit(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}
