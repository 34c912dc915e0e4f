//! A golden example of each type of event, as it is delivered. Partners read them too; the black-box tests hold them against
//! the schemas of `openapi.json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::customer::customer;
use super::*;
use causeway_core::customer::Customer as CoreCustomer;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/events");

/// Run with `UPDATE=1` to write an example that is missing; those that are there never change without a new version of the
/// contract.
#[test]
fn an_event_of_each_type_is_rendered_as_its_golden_example() {
    let folder = Path::new(FOLDER);
    for &kind in EventKind::ALL {
        let path = folder.join(file(kind));
        let rendered = format!("{}\n", String::from_utf8(render_event(&event(kind), MODE)).unwrap());
        if std::env::var_os("UPDATE").is_some() && !path.exists() {
            fs::write(&path, &rendered).unwrap();
        }
        assert_eq!(rendered, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
    }
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let named: BTreeSet<String> = EventKind::ALL.iter().map(|&kind| file(kind)).collect();
    assert_eq!(found.collect::<BTreeSet<_>>(), named, "an example of each type and no other file");
}

fn file(kind: EventKind) -> String {
    format!("{}.json", kind.word())
}

fn event(kind: EventKind) -> Event {
    let data = data(kind);
    let lane = match &data {
        EventData::Session(_) | EventData::Quote(_) | EventData::Payment(_) => Some(SessionId(1)),
        EventData::Customer(..) | EventData::DeletedCustomer(..) | EventData::Test => None,
    };
    let created_at = if kind.word().ends_with(".created") { AT } else { LATER };
    Event { id: EventId(7), account: AccountId(2), kind, created_at, lane, data }
}

/// The object as the change leaves it.
fn data(kind: EventKind) -> EventData {
    let of_session = |status| EventData::Session(Arc::new(session(status)));
    let pay_in = |status| EventData::Payment(Arc::new(payment(Side::OnRamp, status)));
    let pay_out = |status| EventData::Payment(Arc::new(payment(Side::OffRamp, status)));
    let open = |movement| of_session(SessionStatus::Open { movement });
    match kind {
        EventKind::SessionCreated | EventKind::KycPackageAccepted | EventKind::SessionFailed => open(None),
        EventKind::SessionProcessing => open(Some(PaymentId(4))),
        EventKind::SessionCompleted => of_session(SessionStatus::Completed { transaction: TransactionId(5) }),
        EventKind::SessionCancelled => of_session(SessionStatus::Cancelled),
        EventKind::SessionExpired => of_session(SessionStatus::Expired),
        EventKind::KycRequired => pay_in(verifying()),
        EventKind::PayInProcessing => pay_in(PaymentStatus::Routed),
        EventKind::PayInSettled => pay_in(PaymentStatus::Settled { at: LATER }),
        EventKind::PayInFailed => pay_in(PaymentStatus::Failed { code: FailureCode::RiskDeclined }),
        EventKind::PayInCancelled => pay_in(PaymentStatus::Cancelled),
        EventKind::PayOutProcessing => pay_out(PaymentStatus::Routed),
        EventKind::PayOutSettled => pay_out(PaymentStatus::Settled { at: LATER }),
        EventKind::PayOutFailed => pay_out(PaymentStatus::Failed { code: FailureCode::NoRoute }),
        EventKind::PayOutCancelled => pay_out(PaymentStatus::Cancelled),
        EventKind::QuoteConsumed => EventData::Quote(Arc::new(quote(Some((LATER, PaymentId(4)))))),
        EventKind::CustomerCreated => of_customer(AT),
        EventKind::CustomerUpdated => of_customer(LATER),
        EventKind::CustomerDeleted => EventData::DeletedCustomer(customer().facts.id, LATER),
        EventKind::WebhookTest => EventData::Test,
    }
}

fn of_customer(updated_at: Timestamp) -> EventData {
    let CoreCustomer { mut facts, terms } = customer();
    facts.updated_at = updated_at;
    EventData::Customer(facts, Some(Arc::new(terms)))
}
