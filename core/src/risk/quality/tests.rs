use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const FIXTURE: &str = include_str!("fixture.txt");

/// One case of the fixture.
#[derive(Default)]
struct Case {
    rows: Vec<Judged>,
    values: Vec<(String, f64)>,
}

fn cases() -> BTreeMap<&'static str, Case> {
    let mut cases: BTreeMap<&str, Case> = BTreeMap::new();
    for line in FIXTURE.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let case = cases.entry(words[1]).or_default();
        match words[0] {
            "row" => case.rows.push(Judged { score: words[2].parse().unwrap(), is_fraud: words[3] == "1" }),
            _ => case.values.push((words[2].to_owned(), words[3].parse().unwrap())),
        }
    }
    cases
}

/// Our value of what the fixture calls `name`.
fn value(name: &str, quality: &Quality, bins: &[Calibration], delays: Delays) -> f64 {
    let parts: Vec<&str> = name.split('.').collect();
    match parts[..] {
        ["auc"] => quality.auc.unwrap(),
        ["average_precision"] => quality.average_precision.unwrap(),
        ["brier"] => quality.brier,
        ["median"] => delays.median.0 as f64,
        ["p90"] => delays.p90.0 as f64,
        ["calibration", place, part] => {
            let bin = bins[place.parse::<usize>().unwrap()];
            match part {
                "from" => bin.from,
                "to" => bin.to,
                "payments" => bin.frauds.of as f64,
                "score" => bin.score,
                _ => ratio(bin.frauds),
            }
        }
        [threshold, part] => {
            let score = match threshold {
                "step_up" => 0.05,
                "review" => 0.1,
                _ => 0.5,
            };
            let point = quality.at(score);
            match part {
                "precision" => ratio(point.precision),
                "recall" => ratio(point.recall),
                "honest" => ratio(point.honest),
                _ => f64::from(point.score),
            }
        }
        _ => unreachable!("{name}"),
    }
}

#[test]
fn numbers_are_those_of_scikit_learn() {
    let cases = cases();
    assert_eq!(cases.len(), 3);
    for (name, Case { mut rows, values }) in cases {
        let times = (0..rows.len() as u64).rev().map(Millis).collect();
        let (quality, delays) = (Quality::of(&mut rows).unwrap(), delays(times).unwrap());
        let bins = calibration(&rows);
        assert!(values.len() > 30);
        for (what, expected) in values {
            let found = value(&what, &quality, &bins, delays);
            assert!((found - expected).abs() < 1e-7, "{name} {what}: {found}, not {expected}");
        }
    }
}

#[test]
fn what_cannot_be_said_is_not_said() {
    assert_eq!((Quality::of(&mut []), delays(Vec::new())), (None, None));
    let honest = Judged { score: 0.3, is_fraud: false };
    let quality = Quality::of(&mut [honest, honest]).unwrap();
    assert_eq!((quality.auc, quality.average_precision), (None, None));
    assert_eq!(quality.curve.len(), 1);
    let fraud = Quality::of(&mut [Judged { is_fraud: true, ..honest }]).unwrap();
    assert_eq!((fraud.auc, fraud.average_precision), (None, Some(1.0)));
    let above = fraud.at(0.5);
    assert_eq!((above.precision.value(), above.recall.value(), above.honest.value()), (None, Some(0.0), None));
}

proptest! {
    /// Every pair of a fraud and an honest payment, counted one by one.
    #[test]
    fn the_area_is_the_share_of_pairs_in_order(rows in prop::collection::vec((0u8..20, any::<bool>()), 2..80)) {
        let mut rows: Vec<Judged> =
            rows.iter().map(|(score, is_fraud)| Judged { score: f32::from(*score) / 20.0, is_fraud: *is_fraud }).collect();
        let frauds: Vec<f32> = rows.iter().filter(|row| row.is_fraud).map(|row| row.score).collect();
        let honest: Vec<f32> = rows.iter().filter(|row| !row.is_fraud).map(|row| row.score).collect();
        let pairs = frauds.iter().flat_map(|fraud| honest.iter().map(move |honest| (fraud, honest)));
        let points: f64 = pairs.map(|(fraud, honest)| match fraud.total_cmp(honest) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        }).sum();
        let expected = points / (frauds.len() * honest.len()) as f64;
        match Quality::of(&mut rows).unwrap().auc {
            Some(auc) => prop_assert!((auc - expected).abs() < 1e-9),
            None => prop_assert!(expected.is_nan()),
        }
    }
}
