//! Who may do what, as a whole matrix: every operation of `openapi.json`, for a real object of its owner, asked for with
//! every credential that is not the one it needs. What is expected follows from what the row says, not from what a cell says.

mod ground;
mod rows;

use std::collections::BTreeSet;

use causeway_tests::contract::contract;
use causeway_tests::http::Response;
use causeway_tests::partner::fresh_key;

use ground::{Ground, Holder};
use rows::{Asked, Credential, ROWS, Row};

/// What is presented in the place of the owner's credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Nothing,
    Garbage,
    /// The owner's own credential of this kind, where the operation takes another.
    OfKind(Credential),
    /// The right kind of somebody who may not.
    Of(Holder),
}

const COLUMNS: [Column; 10] = [
    Column::Nothing,
    Column::Garbage,
    Column::OfKind(Credential::Secret),
    Column::OfKind(Credential::Publishable),
    Column::OfKind(Credential::Embed),
    Column::Of(Holder::Stranger),
    Column::Of(Holder::OtherMode),
    Column::Of(Holder::Revoked),
    Column::Of(Holder::Unentitled),
    Column::Of(Holder::Withdrawn),
];

#[derive(Debug)]
enum Expected {
    Refused(u16, &'static str),
    /// It is done, with what is the asker's own.
    Granted,
}

fn expected(row: &Row, column: Column) -> Expected {
    use Expected::{Granted, Refused};
    match column {
        Column::Nothing => Refused(401, "missing_key"),
        Column::Garbage | Column::Of(Holder::Revoked) => Refused(401, "invalid_key"),
        Column::OfKind(kind) => match (row.credential, kind) {
            // A token stands in a header of its own, where nobody else looks for a key.
            (Credential::Secret | Credential::Publishable, Credential::Embed) => Refused(401, "missing_key"),
            (_, _) => Refused(401, "key_kind_not_allowed"),
        },
        Column::Of(Holder::Unentitled | Holder::Withdrawn) if row.entitlement.is_some() => Refused(403, "not_entitled"),
        Column::Of(_) if row.names_an_object => Refused(404, "not_found"),
        // Only the sandbox's accounts have an endpoint here: whoever asks is let in, and told that there is none.
        Column::Of(Holder::OtherMode) if row.id == "sendTestWebhook" => Refused(400, "invalid_request"),
        Column::Of(_) => Granted,
    }
}

/// Whether the column is a refusal for this row, or at least somebody else.
fn applies(row: &Row, column: Column) -> bool {
    match column {
        Column::OfKind(kind) => kind != row.credential,
        Column::Of(Holder::Withdrawn) => row.entitlement.is_some(),
        Column::Nothing | Column::Garbage | Column::Of(_) => true,
    }
}

#[test]
fn every_operation_answers_every_credential_as_its_row_says() {
    let ground = Ground::new();
    let mut cells = 0;
    for row in ROWS {
        let asked = (row.ask)(&ground);
        let request = asked.request.clone().key(&fresh_key());
        let asked = Asked { request, ..asked };
        let before = ground.seen_by_the_owner(&asked);
        for column in COLUMNS.into_iter().filter(|column| applies(row, *column)) {
            let answer = send(&ground, row, &asked, column);
            judge(&ground, row, column, &answer);
            if asked.request.method != "GET" {
                let after = ground.seen_by_the_owner(&asked);
                let changed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
                let is_same = changed.is_empty() && before.len() == after.len();
                assert!(is_same, "{} by {column:?} has changed what is the owner's: {changed:?}", row.id);
            }
            cells += 1;
        }
        let granted = ground.by_the_owner(row, &asked);
        assert_eq!(granted.status, ok(row.id), "{}: {}", row.id, granted.text());
        assert_eq!(granted.header("Idempotent-Replayed"), None, "{}: nobody's answer is the owner's", row.id);
    }
    assert_eq!(cells, 387, "SPECIFICATION.md says how many they are");
}

fn judge(ground: &Ground, row: &Row, column: Column, answer: &Response) {
    let expected = expected(row, column);
    let cell = format!("{} by {column:?}, expected {expected:?}: {} {}", row.id, answer.status, answer.text());
    match expected {
        Expected::Refused(status, code) => {
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{cell}")
        }
        Expected::Granted => {
            assert_eq!(answer.status, ok(row.id), "{cell}");
            // The account has the same id in both modes; its objects have not.
            let trace = if column == Column::Of(Holder::OtherMode) { "_test_" } else { ground.owner.account.as_str() };
            assert!(!answer.text().contains(trace), "{cell}");
        }
    }
}

fn send(ground: &Ground, row: &Row, asked: &Asked, column: Column) -> Response {
    let (owner, request) = (&ground.owner, asked.request.clone());
    match column {
        Column::Nothing => owner.send_as_is(&request),
        Column::Garbage if row.credential == Credential::Embed => {
            owner.send_as_is(&request.header("X-Embed-Token", "nonsense"))
        }
        Column::Garbage => owner.send_as_is(&request.bearer("nonsense")),
        Column::OfKind(kind) => {
            let token = || ground.token_of(Holder::Owner);
            ground.present(Holder::Owner, kind, request, token)
        }
        Column::Of(Holder::Withdrawn) => {
            let withdrawn = row.entitlement.unwrap_or_default();
            ground.without_entitlement(withdrawn, || owner.send(request))
        }
        Column::Of(holder) => ground.present(holder, row.credential, request, || ground.token_of(holder)),
    }
}

/// The status of an operation that is done.
fn ok(id: &str) -> u16 {
    let responses = described(id)["responses"].as_object().unwrap();
    responses.keys().find_map(|status| status.parse().ok().filter(|status| *status < 300)).unwrap()
}

fn described(id: &str) -> &'static serde_json::Value {
    let operations = contract().operations().iter();
    let operation = operations.clone().find(|operation| operation.id == id).unwrap_or_else(|| panic!("no {id}"));
    &contract().document()["paths"][&operation.path][operation.method.to_lowercase()]
}

/// The matrix has a row for every operation, and for every right that it may be refused for; it agrees with the document
/// about credentials and paths.
#[test]
fn every_operation_has_its_row_in_the_matrix() {
    for operation in contract().operations() {
        let rows: Vec<&Row> = ROWS.iter().filter(|row| row.id == operation.id).collect();
        assert!(!rows.is_empty(), "{} has no row in the matrix", operation.id);
        let needs_a_right = rows.iter().any(|row| row.entitlement.is_some());
        assert_eq!(needs_a_right, may_lack_a_right(&operation.id), "{} needs another right", operation.id);
        let scheme = match rows[0].credential {
            Credential::Secret => "secretKey",
            Credential::Publishable => "publishableKey",
            Credential::Embed => "embedToken",
        };
        assert!(described(&operation.id)["security"][0].get(scheme).is_some(), "{} takes another key", operation.id);
        // An asset is everybody's.
        let is_named = operation.path.contains("{id}") || operation.path.contains("{refid}");
        assert!(!is_named || rows[0].names_an_object, "{} names an object", operation.id);
    }
    let is_known = |row: &Row| contract().operations().iter().any(|operation| operation.id == row.id);
    assert!(ROWS.iter().all(is_known), "no row is left over");
    let needed: BTreeSet<_> = ROWS.iter().filter_map(|row| row.entitlement).collect();
    assert_eq!(needed, BTreeSet::from(["customers", "kyc_package", "rails", "swap"]), "rights that requests need");
}

/// Whether the document says that the operation is refused to those who are not entitled to it.
fn may_lack_a_right(id: &str) -> bool {
    let refused = &described(id)["responses"]["403"];
    let named = refused["$ref"].as_str().and_then(|path| contract().document().pointer(path.strip_prefix('#')?));
    named.unwrap_or(refused).to_string().contains("\"not_entitled\"")
}
