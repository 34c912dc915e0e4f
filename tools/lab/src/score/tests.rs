//! A cell at work and a replay of the same history see the same features, of those that a partner's server can bring about:
//! devices, networks and countries come with the widget alone.

use std::fmt::Write as _;
use std::path::Path;

use causeway_control::config::Replay;
use causeway_control::features::{Payments, replay};
use causeway_core::risk::FEATURE_NAMES;

use super::cell::Cell;
use super::labels::Labels;

/// Payments of the history.
const PAYMENTS: u64 = 600;
/// A busy machine lets the cell's time go on by a few milliseconds while the clock stands still.
const TOLERANCE: f32 = 3e-3;

/// Payments and labels of a seeded month: few customers and wallets, so that all windows fill; labels after a day to a week,
/// some never, some corrected or taken back a day later.
fn history() -> [String; 2] {
    let mut payments = "id,time,customer,amount,wallet,method\n".to_owned();
    let mut labels = "id,is_fraud,label_time\n".to_owned();
    let mut state = 20_261_122_u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let (mut second, time) = (0, |second: u64| {
        let (day, rest) = (second / 86_400, second % 86_400);
        format!("2026-03-{:02}T{:02}:{:02}:{:02}Z", day % 31 + 1, rest / 3_600, rest / 60 % 60, rest % 60)
    });
    for number in 0..PAYMENTS {
        second += 60 + below(4_000);
        // Whole dollars: in the sandbox some cents are magic, and mean a decline.
        let amount = format!("{}.00", 1 + below(40) * below(40));
        let (customer, wallet) = (below(9), below(14));
        let known = second + 86_400 * (1 + below(6));
        let (word, other) = if below(4) == 0 { ("1", "0") } else { ("0", "1") };
        let wallet = if wallet == 0 { String::new() } else { format!("wallet-{wallet}") };
        // Nothing beyond the month: dates stay simple.
        if known + 86_400 >= 31 * 86_400 {
            break;
        }
        let at = time(second);
        writeln!(payments, "{number},{at},customer-{customer},{amount},{wallet},METHOD").unwrap();
        if below(8) == 0 {
            continue;
        }
        writeln!(labels, "{number},{word},{}", time(known)).unwrap();
        match below(6) {
            0 => writeln!(labels, "{number},{other},{}", time(known + 86_400)).unwrap(),
            1 => writeln!(labels, "{number},,{}", time(known + 86_400)).unwrap(),
            _ => {}
        }
    }
    [payments, labels]
}

fn replayed(payments: &Path, labels: &Path, table: &Path) -> Vec<Vec<f32>> {
    let wanted = Replay {
        payments: payments.to_owned(),
        labels: Some(labels.to_owned()),
        out: vec![table.to_owned()],
        rates: None,
    };
    replay(&wanted).unwrap();
    let text = std::fs::read_to_string(table).unwrap();
    let first = text.lines().next().unwrap().split(',').position(|name| name == FEATURE_NAMES[0]).unwrap();
    let row = |line: &str| {
        line.split(',').skip(first).take(FEATURE_NAMES.len()).map(|value| value.parse().unwrap()).collect()
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn a_cell_sees_the_features_of_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let cell = Cell::start(&folder.path().join("cell")).unwrap();
    let [payments, known] = ["payments.csv", "labels.csv"].map(|name| folder.path().join(name));
    let [rows, words] = history();
    std::fs::write(&payments, rows.replace("METHOD", cell.method())).unwrap();
    std::fs::write(&known, words).unwrap();
    let expected = replayed(&payments, &known, &folder.path().join("table.csv"));
    assert!(expected.len() > 300, "{} payments are few", expected.len());
    let mut rows = Payments::open(&payments, Some(&known), None).unwrap();
    let (mut labels, mut seen) = (Labels::default(), 0);
    while let Some(payment) = rows.next_payment().unwrap() {
        labels.come(&cell, payment.at).unwrap();
        let opened = cell.open(std::slice::from_ref(&payment)).unwrap().remove(0);
        let id = cell.redeem(payment.at, opened).unwrap();
        labels.expect(&payment, id);
        let receipt = cell.running.reader.decision(id).unwrap().unwrap();
        for (place, name) in FEATURE_NAMES.iter().enumerate() {
            let (engine, replay) = (receipt.features.0[place], expected[seen][place]);
            // The account is as old as the cell; and how long a session or a quote was open is this test's doing.
            if !["partner_age_log10", "session_age_log10", "quote_age_seconds"].contains(name) {
                let is_near = (engine - replay).abs() <= TOLERANCE * replay.abs().max(1.0);
                assert!(is_near, "{name} of payment {}: {engine} in the cell, {replay} in the replay", payment.id);
            }
        }
        seen += 1;
    }
    assert_eq!(seen, expected.len());
}
