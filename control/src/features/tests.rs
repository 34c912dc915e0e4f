use std::path::{Path, PathBuf};

use causeway_core::money::{Amount, Currency};
use causeway_core::risk::FEATURE_NAMES;

use super::*;
use crate::config::Replay;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The table of these payments, as rows of cells.
    fn table(&self, payments: &str, labels: Option<&str>) -> Vec<Vec<String>> {
        let out = self.0.path().join("table.csv");
        let wanted = Replay {
            payments: self.file("payments.csv", payments),
            labels: labels.map(|text| self.file("labels.csv", text)),
            out: vec![out.clone()],
            rates: Some(self.file("rates.toml", RATES)),
        };
        replay(&wanted).unwrap();
        let text = std::fs::read_to_string(out).unwrap();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    fn refused(&self, payments: &str, labels: Option<&str>) -> String {
        let wanted = Replay {
            payments: self.file("payments.csv", payments),
            labels: labels.map(|text| self.file("labels.csv", text)),
            out: vec![self.0.path().join("table.csv")],
            rates: None,
        };
        replay(&wanted).unwrap_err().to_string()
    }
}

fn cell(table: &[Vec<String>], row: usize, name: &str) -> f32 {
    let place = table[0].iter().position(|column| column == name).unwrap();
    table[row][place].parse().unwrap()
}

/// Half a euro is a dollar, so that ten are twenty.
const RATES: &str = "\
dollar_asset = \"USDC\"
[[rate]]
currency = \"EUR\"
asset = \"USDC\"
mid = \"0.50\"
spread_basis_points = 15
[[rate]]
currency = \"EUR\"
asset = \"BTC\"
mid = \"58880.00\"
";

const PAYMENTS: &str = "\
time,id,customer,amount,currency,wallet,unheard of
2026-06-01T12:00:00Z,p1,ann,10.00,USD,w1,x
2026-06-02T12:00:00Z,p2,ann,10.00,EUR,w1,x
2026-06-09T12:00:00Z,p3,bob,30.00,USD,w1,x
2026-06-09T12:00:01Z,p4,bob,30.00,USD,w2,x
";

#[test]
fn a_payment_sees_the_past_and_labels_that_have_come() {
    let labels = "\
id,is_fraud,label_time
p1,1,2026-06-09T12:00:00Z
p2,1,2026-06-09T12:00:01Z
p3,0,
p4,,
";
    let table = Files::new().table(PAYMENTS, Some(labels));
    assert_eq!(table[0].len(), FEATURE_NAMES.len() + 6);
    assert_eq!(cell(&table, 1, "is_new_person"), 1.0);
    assert_eq!(cell(&table, 2, "amount_to_mean"), 2.0, "ten euros are twenty dollars");
    assert_eq!(cell(&table, 2, "person_count_30d"), 1.0);
    assert_eq!(cell(&table, 2, "destination_frauds_30d"), 0.0, "nobody knew yet");
    assert_eq!(cell(&table, 3, "destination_frauds_30d"), 1.0, "one label has come by then, the other a second later");
    assert_eq!(cell(&table, 3, "destination_persons_30d"), 1.0);
    assert_eq!(cell(&table, 4, "has_destination"), 1.0);
    assert_eq!(cell(&table, 4, "destination_frauds_30d"), 0.0);
    let ends: Vec<[&str; 2]> =
        table[1..].iter().map(|row| [&row[row.len() - 2][..], &row[row.len() - 1][..]]).collect();
    assert_eq!(ends, [["1", "2026-06-09T12:00:00.000Z"], ["1", "2026-06-09T12:00:01.000Z"], ["0", ""], ["", ""]]);
}

/// What comes after a payment changes nothing of its row.
#[test]
fn nothing_looks_ahead() {
    let lines: Vec<&str> = PAYMENTS.lines().collect();
    let whole = Files::new().table(PAYMENTS, None);
    for length in 2..lines.len() {
        let part = Files::new().table(&lines[..length].join("\n"), None);
        assert_eq!(part, whole[..length]);
    }
}

#[test]
fn a_fault_is_told_with_its_line() {
    let files = Files::new();
    let row = |text: &str| format!("id,time,customer,amount,currency\np1,2026-06-01T12:00:00Z,ann,1.00,USD\n{text}\n");
    for (payments, labels, expected) in [
        ("id,time,amount\n".to_owned(), None, "payments.csv:1: there is no column customer"),
        (
            row("p2,2026-05-01T12:00:00Z,ann,1.00,USD"),
            None,
            "payments.csv:3: time 2026-05-01T12:00:00Z is earlier than that of the row before it",
        ),
        (row("p2,yesterday,ann,1.00,USD"), None, "payments.csv:3: time must be a time such as"),
        (row("p2,2026-06-01T12:00:00Z,,1.00,USD"), None, "payments.csv:3: customer is empty"),
        (row("p2,2026-06-01T12:00:00Z,ann,1.00,EUR"), None, "payments.csv:3: there is no rate for EUR"),
        (row("p2,2026-06-01T12:00:00Z,ann,dear,USD"), None, "payments.csv:3: amount must be above 0 and like 12.50"),
        (
            row("p2,2026-06-01T12:00:00Z,ann"),
            None,
            "payments.csv:3: line 3 has 3 fields, the header 5: text with commas needs quotes around it",
        ),
        ("id;time;customer;amount\n".to_owned(), None, "The fields must have commas between them"),
        (row("p2,1969-06-01T12:00:00Z,ann,1.00,USD"), None, "payments.csv:3: time must be a time such as"),
        (row("p2,2026-06-01T12:00:00Z,ann,1.00,usd"), None, "in upper case such as USD, not \"usd\""),
        (
            row("p2,2026-06-01T12:00:00Z,ann,0.00,USD"),
            None,
            "payments.csv:3: amount is 0.00, and a gateway moves nothing",
        ),
        (row("p2,2026-06-01T12:00:00Z,ann,-0,USD"), None, "payments.csv:3: amount must be above 0 and like 12.50"),
        (row("p2,2026-06-01T12:00:00Z,ann,1000000000001,USD"), None, "is more than a gateway moves"),
    ] {
        let told = files.refused(&payments, labels);
        assert!(told.contains(expected), "{told} does not say {expected}");
    }
}

#[test]
fn what_cannot_be_true_is_refused() {
    let files = Files::new();
    let one = |columns: &str, cells: &str| {
        format!("id,time,customer,amount,{columns}\np1,2026-06-01T12:00:00Z,ann,1.00,{cells}\n")
    };
    for (payments, labels, expected) in [
        (
            one("hosted", "1") + "p2,2026-06-01T12:00:00Z,ann,1.00,1\np1,2026-06-02T12:00:00Z,bob,2.00,1\n",
            None,
            "payments.csv:4: the payment \"p1\" is there twice, first in line 2",
        ),
        (one("amount", "2.00"), None, "payments.csv:1: the column \"amount\" is there twice, as number 4 and 5"),
        (one("side", "on_ramp"), Some("id,is_fraud,label_time,id\n"), "labels.csv:1: the column \"id\" is there twice"),
        (one("customer_country", "DE"), None, "payments.csv:2: customer_country needs customer_since"),
        (
            one("customer_since", "2026-06-01T12:00:01Z"),
            None,
            "payments.csv:2: customer_since 2026-06-01T12:00:01Z is after the payment",
        ),
        (
            one("partner_since", "2026-06-02T12:00:00Z"),
            None,
            "payments.csv:2: partner_since 2026-06-02T12:00:00Z is after the payment",
        ),
        (
            one("failure_code,declined_at", "risk_declined,2026-05-01T12:00:00Z"),
            None,
            "payments.csv:2: declined_at 2026-05-01T12:00:00Z is before time",
        ),
        (
            one("failure_code,declined_at", "no_route,2026-06-02T12:00:00Z"),
            None,
            "payments.csv:2: declined_at 2026-06-02T12:00:00Z needs failure_code risk_declined",
        ),
        (one("network", "192.0.2.0/16"), None, "payments.csv:2: network must be an address, or a block with /24"),
        (one("network", "office"), None, "not \"office\""),
    ] {
        let told = files.refused(&payments, labels);
        assert!(told.contains(expected), "{told} does not say {expected}");
    }
}

#[test]
fn labels_that_cannot_be_true_are_refused() {
    let files = Files::new();
    let one = |columns: &str, cells: &str| {
        format!("id,time,customer,amount,{columns}\np1,2026-06-01T12:00:00Z,ann,1.00,{cells}\n")
    };
    for (payments, labels, expected) in [
        (
            one("is_fraud,label_time", "1,2026-06-01T11:59:59Z"),
            None,
            "payments.csv:2: label_time 2026-06-01T11:59:59.000Z is before the payment \"p1\" itself",
        ),
        (
            one("side", "on_ramp"),
            Some("id,is_fraud,label_time\np1,0,2026-05-01T12:00:00Z\n"),
            "labels.csv:2: label_time 2026-05-01T12:00:00.000Z is before the payment \"p1\" itself",
        ),
        (
            one("side", "on_ramp"),
            Some("id,is_fraud,label_time\np1,0,\np1,1,\n"),
            "labels.csv:3: the payment \"p1\" has a label already: of several each needs its label_time",
        ),
        (
            one("side", "on_ramp"),
            Some("id,is_fraud,label_time\np1,,2026-06-02T12:00:00Z\np1,1,2026-06-03T12:00:00Z\n"),
            "labels.csv:2: the payment \"p1\" has a label_time and no is_fraud, which takes back what was known, but nothing was",
        ),
        (
            one("label_time", "2026-06-02T12:00:00Z"),
            None,
            "payments.csv:2: the payment \"p1\" has a label_time and no is_fraud",
        ),
    ] {
        let told = files.refused(&payments, labels);
        assert!(told.contains(expected), "{told} does not say {expected}");
    }
}

#[test]
fn labels_without_payments_are_counted() {
    let files = Files::new();
    let labels = PAYMENTS.lines().skip(1).filter_map(|line| line.split(',').nth(1)).chain(["q1", "q2", "q3", "q4"]);
    let labels = labels.fold("id,is_fraud,label_time\n".to_owned(), |text, id| text + id + ",0,\n");
    let wanted = Replay {
        payments: files.file("payments.csv", PAYMENTS),
        labels: Some(files.file("labels.csv", &labels)),
        out: vec![files.0.path().join("table.csv")],
        rates: Some(files.file("rates.toml", RATES)),
    };
    let told = replay(&wanted).unwrap().to_string();
    assert!(told.contains("4 of them: q1, q2, q3 and others. Is the file of payments whole?"), "{told}");
}

/// As in the cell: what was learned before is taken back, in the window where it came.
#[test]
fn a_later_label_supersedes_and_takes_back() {
    let labels = "\
id,is_fraud,label_time
p3,0,
p1,,2026-06-05T12:00:00Z
p1,1,2026-06-03T12:00:00Z
p1,1,2026-06-04T12:00:00Z
p2,1,2026-06-03T12:00:00Z
p2,0,2026-06-04T12:00:00Z
";
    let payment = |id: &str, at: &str| format!("{at},{id},ann,10.00,USD,w1,\n");
    let mut payments = "time,id,customer,amount,currency,wallet,unheard of\n".to_owned();
    for (id, at) in [
        ("p1", "2026-06-01T12:00:00Z"),
        ("p2", "2026-06-01T13:00:00Z"),
        ("p3", "2026-06-03T12:00:00Z"),
        ("p4", "2026-06-04T12:00:00Z"),
        ("p5", "2026-06-05T12:00:00Z"),
    ] {
        payments += &payment(id, at);
    }
    let table = Files::new().table(&payments, Some(labels));
    let frauds: Vec<f32> = (1..=5).map(|row| cell(&table, row, "destination_frauds_30d")).collect();
    assert_eq!(frauds, [0.0, 0.0, 2.0, 1.0, 0.0], "one was no fraud, the other was taken back");
    let share = |row| cell(&table, row, "destination_fraud_share_of_labels_30d");
    assert_eq!([share(3), share(4), share(5)], [1.0, 0.5, 0.0]);
    let ends: Vec<String> = table[1..].iter().map(|row| row[row.len() - 2..].join(" ")).collect();
    assert_eq!(ends, [" ", "0 2026-06-04T12:00:00.000Z", "0 ", " ", " "]);
}

#[test]
fn what_is_easily_misread_is_told() {
    let files = Files::new();
    let payments = "\
id,time,customer,amount,method,failure_code,is_fraud
p1,2026-06-01T12:00:00Z,ann,1.00,Card,RISK_DECLINED,1
p2,2026-06-01T12:00:01Z,ann,1.00,crad,,
p3,2026-06-01T12:00:02Z,ann,1.00,,no_route,
";
    let out = files.0.path().join("table.csv");
    let wanted =
        Replay { payments: files.file("payments.csv", payments), labels: None, out: vec![out.clone()], rates: None };
    let told = replay(&wanted).unwrap().to_string();
    for expected in ["none named 1, card 1, crad 1", "1 were declined by risk", "1 labels have no label_time"] {
        assert!(told.contains(expected), "{told} does not say {expected}");
    }
    let table = files.table(payments, None);
    let cards: Vec<f32> = (1..=3).map(|row| cell(&table, row, "is_card")).collect();
    assert_eq!(cards, [1.0, 0.0, 0.0]);
    assert_eq!(cell(&table, 2, "person_declines_24h"), 1.0);
}

/// The gateway's own file gives what the cell computes: ten euros at 0.92 a dollar are 10.86, rounded down.
#[test]
fn the_gateways_own_rates_are_read() {
    let rates = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue/rates.toml");
    let rates = super::rates::Rates::open(Some(&rates)).unwrap();
    let cents =
        |amount: &str, currency: &str| rates.cents(Amount::parse(amount).unwrap(), Currency::parse(currency).unwrap());
    assert_eq!((cents("10.00", "EUR"), cents("10.00", "USD"), cents("10.00", "CHF")), (Some(1_086), Some(1_000), None));
}

#[test]
fn a_decline_by_a_review_counts_from_its_own_time() {
    let table = Files::new().table(
        "\
id,time,customer,amount,failure_code,declined_at
p1,2026-06-01T12:00:00Z,ann,1.00,risk_declined,
p2,2026-06-01T12:00:01Z,ann,1.00,risk_declined,2026-06-01T18:00:00Z
p3,2026-06-01T17:59:59Z,ann,1.00,,
p4,2026-06-01T18:00:00Z,ann,1.00,no_route,
",
        None,
    );
    let declines: Vec<f32> = (1..=4).map(|row| cell(&table, row, "person_declines_24h")).collect();
    assert_eq!(declines, [0.0, 1.0, 1.0, 2.0]);
}

#[test]
fn networks_are_cut_as_the_gateway_cuts_them() {
    let table = Files::new().table(
        "\
id,time,customer,amount,network
p1,2026-06-01T12:00:00Z,ann,1.00,192.0.2.7
p2,2026-06-01T12:00:01Z,bob,1.00,192.0.2.0/24
p3,2026-06-01T12:00:02Z,eve,1.00,::ffff:192.0.2.200
p4,2026-06-01T12:00:03Z,joe,1.00,192.0.3.7
p5,2026-06-01T12:00:04Z,kim,1.00,2001:db8:1:2::7
p6,2026-06-01T12:00:05Z,lee,1.00,2001:db8:1::/48
",
        None,
    );
    let counts: Vec<f32> = (1..=6).map(|row| cell(&table, row, "network_count_1h")).collect();
    assert_eq!(counts, [0.0, 1.0, 2.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_table_can_be_parquet_too() {
    let files = Files::new();
    let out = files.0.path().join("table.parquet");
    let (payments, rates) = (files.file("payments.csv", PAYMENTS), files.file("rates.toml", RATES));
    replay(&Replay { payments, labels: None, out: vec![out.clone()], rates: Some(rates) }).unwrap();
    let bytes = std::fs::read(out).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1") && bytes.len() > 2_000);
}

#[test]
fn what_is_read_is_not_overwritten_and_no_part_is_taken_for_a_table() {
    let files = Files::new();
    let payments = files.file("payments.csv", PAYMENTS);
    let wanted = |out: PathBuf| Replay { payments: payments.clone(), labels: None, out: vec![out], rates: None };
    let told = replay(&wanted(files.0.path().join("./payments.csv"))).unwrap_err().to_string();
    assert!(told.contains("write the table to another file"), "{told}");
    assert_eq!(std::fs::read_to_string(&payments).unwrap(), PAYMENTS);
    let out = files.file("table.csv", "the last table");
    replay(&wanted(out.clone())).unwrap_err();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "the last table", "there is no rate for EUR");
    assert!(!files.0.path().join("table.csv.part").exists(), "nothing is left of what was refused");
    // A table has another name until it is whole: that must be no file that is read, either.
    let part = files.file("table.csv.part", PAYMENTS);
    let both = |payments: PathBuf, out: Vec<PathBuf>| Replay { payments, labels: None, out, rates: None };
    let told = replay(&both(part.clone(), vec![out.clone()])).unwrap_err().to_string();
    assert!(told.contains("table.csv.part is read"), "{told}");
    assert_eq!(std::fs::read_to_string(part).unwrap(), PAYMENTS);
    let again = files.0.path().join("./table.csv");
    let told = replay(&both(payments.clone(), vec![out, again])).unwrap_err().to_string();
    assert!(told.contains("is named twice"), "{told}");
}

#[test]
fn what_is_not_utf_8_is_told() {
    let files = Files::new();
    let payments = files.0.path().join("latin.csv");
    std::fs::write(&payments, b"id,time,customer,amount\np1,2026-06-01T12:00:00Z,J\xfcrgen,1.00\n").unwrap();
    let out = vec![files.0.path().join("table.csv")];
    let told = replay(&Replay { payments, labels: None, out, rates: None }).unwrap_err().to_string();
    assert!(told.contains("latin.csv:2: this is not UTF-8: save the file as UTF-8"), "{told}");
}

#[test]
fn the_list_names_every_feature() {
    let (table, list) = (table(), list());
    assert_eq!((table.lines().count(), list.as_array().unwrap().len()), (FEATURE_NAMES.len() + 2, FEATURE_NAMES.len()));
    assert!(FEATURE_NAMES.iter().all(|name| table.contains(&format!("| `{name}` |"))));
}
