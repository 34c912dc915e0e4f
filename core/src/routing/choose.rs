//! The choice: a fixed-weight score of success, cost and speed. Ties go to the corridor named first in the file.

use super::{Catalogue, Corridor};
use crate::payment::CorridorId;
use crate::terms::Terms;

/// A corridor that could carry the payment, as receipts keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub corridor: CorridorId,
    /// Higher is better.
    pub score: f32,
    /// With which probability it could have been chosen: nothing is drawn here, so one of them has 1.
    pub probability: f32,
}

/// The corridors that can carry `terms` and are not among `tried`, best first. Empty: there is no route.
pub fn choose(catalogue: &Catalogue, terms: &Terms, tried: &[&str]) -> Vec<Candidate> {
    let usable = |corridor: &&Corridor| {
        corridor.connected
            && corridor.serves(terms.side, terms.currency, &terms.payment_method)
            && corridor.takes(terms.fiat_amount)
            && !tried.contains(&corridor.id.as_str())
    };
    let mut candidates: Vec<Candidate> = catalogue
        .corridors
        .iter()
        .filter(usable)
        .map(|corridor| Candidate { corridor: corridor.id.clone(), score: score(corridor), probability: 0.0 })
        .collect();
    candidates.sort_by(|one, other| other.score.total_cmp(&one.score));
    if let Some(best) = candidates.first_mut() {
        best.probability = 1.0;
    }
    candidates
}

/// One point is a certain success; a hundred basis points of cost take off 0.2, a day of settlement takes off 0.3.
fn score(corridor: &Corridor) -> f32 {
    let cost = corridor.cost_basis_points as f32 / 100.0 * 0.2;
    let delay = (corridor.settlement_seconds as f32 / 86_400.0).min(3.0) * 0.3;
    corridor.success - cost - delay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Amount, Asset, Currency, Rate};
    use crate::terms::{Fees, Side};

    fn corridor(id: &str, success: f32, cost: u32, seconds: u32) -> Corridor {
        Corridor {
            id: id.to_owned(),
            rail: "simulated".to_owned(),
            sides: vec![Side::OnRamp],
            countries: vec!["DE".to_owned()],
            currencies: vec![Currency::parse("EUR").unwrap()],
            methods: vec!["card".to_owned()],
            amounts: (Amount::parse("1").unwrap(), Amount::parse("1000").unwrap()),
            cost_basis_points: cost,
            settlement_seconds: seconds,
            success,
            enabled: true,
            connected: true,
        }
    }

    fn terms(fiat: &str) -> Terms {
        let amount = |text| Amount::parse(text).unwrap();
        Terms {
            side: Side::OnRamp,
            currency: Currency::parse("EUR").unwrap(),
            asset: Asset::parse("USDC").unwrap(),
            payment_method: "card".to_owned(),
            fiat_amount: amount(fiat),
            crypto_amount: amount("1"),
            exchange_rate: Rate::new("1".parse().unwrap()).unwrap(),
            fees: Fees { processing: Amount::ZERO, network: Amount::ZERO, partner: Amount::ZERO, total: Amount::ZERO },
        }
    }

    #[test]
    fn the_best_is_first_and_what_was_tried_is_left_out() {
        let slow = corridor("slow", 0.99, 10, 86_400);
        let dear = corridor("dear", 0.99, 150, 2);
        let good = corridor("good", 0.97, 20, 10);
        let catalogue = Catalogue { corridors: vec![slow, dear, good], ..Catalogue::default() };
        let order = |fiat: &str, tried: &[&str]| -> Vec<String> {
            choose(&catalogue, &terms(fiat), tried).into_iter().map(|candidate| candidate.corridor).collect()
        };
        assert_eq!(order("100", &[]), ["good", "dear", "slow"]);
        assert_eq!(order("100", &["good"]), ["dear", "slow"]);
        assert!(order("1001", &[]).is_empty());
        assert!(order("100", &["good", "dear", "slow"]).is_empty());
        let cut_off = catalogue.corridors.iter().map(|corridor| Corridor { connected: false, ..corridor.clone() });
        let nowhere = Catalogue { corridors: cut_off.collect(), ..Catalogue::default() };
        assert!(choose(&nowhere, &terms("100"), &[]).is_empty());
    }
}
