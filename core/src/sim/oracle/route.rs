//! Routes: which corridors could carry a payment, best first.

use crate::routing::{Candidate, Corridor};
use crate::terms::Terms;

use super::{Oracle, lock};

/// Longer delays count as this many days.
const DAYS_MAX: f64 = 3.0;

impl Oracle {
    /// Everything that could carry the terms and was not tried. Of equals the one named first comes first.
    pub(super) fn candidates(&self, terms: &Terms, tried: &[String]) -> Vec<Candidate> {
        let carrying = self.carrying(terms.side, terms.currency, &terms.payment_method);
        let usable = carrying.filter(|corridor| {
            corridor.connected && lock::holds(corridor, terms.fiat_amount) && !tried.contains(&corridor.id)
        });
        let mut left: Vec<&Corridor> = usable.collect();
        let mut ordered = Vec::new();
        while !left.is_empty() {
            let mut best = 0;
            for place in 1..left.len() {
                if score(left[place]) > score(left[best]) {
                    best = place;
                }
            }
            let corridor = left.remove(best);
            let probability = if ordered.is_empty() { 1.0 } else { 0.0 };
            ordered.push(Candidate { corridor: corridor.id.clone(), score: score(corridor) as f32, probability });
        }
        ordered
    }
}

/// Success, less a fifth for each percent of cost, less three tenths for each day of settlement. What differs by less than a
/// millionth is equal.
fn score(corridor: &Corridor) -> f64 {
    let cost = f64::from(corridor.cost_basis_points) / 100.0 * 0.2;
    let days = (f64::from(corridor.settlement_seconds) / 86_400.0).min(DAYS_MAX);
    ((f64::from(corridor.success) - cost - days * 0.3) * 1e6).round() / 1e6
}
