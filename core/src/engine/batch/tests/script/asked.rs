//! What is asked for, from small numbers.

use super::*;

pub fn set_rules(account: AccountId, object: u8) -> Command {
    let quote_life = object.is_multiple_of(2).then(|| Millis::seconds(5 + u64::from(object)));
    Command::SetRules(account, Rules { quote_life, risk_is_real: object.is_multiple_of(3) })
}

pub fn endpoint_change(number: u8) -> EndpointChange {
    match number % 6 {
        0 => EndpointChange::Pause,
        1 | 2 => EndpointChange::Resume,
        3 => EndpointChange::AddSecret(vec![number]),
        4 => EndpointChange::ActivateSecret(Millis::seconds(number.into())),
        _ => EndpointChange::DropSecret,
    }
}

pub fn endpoint(number: u8) -> NewEndpoint {
    NewEndpoint { url: format!("https://partner.example/{number}"), sealed_secret: vec![number] }
}

/// Blocks some people, allows others, or verifies everybody who comes again.
pub fn set_risk_policy(object: u8) -> Command {
    let person = named_person_key(Mode::Sandbox, ACCOUNT, ["user-1", "user-2"][object as usize / 4 % 2]);
    let list = |action| vec![List::new("people".to_owned(), action, Entity::Person, vec![person])];
    let again = Rule {
        name: "again".to_owned(),
        accounts: Vec::new(),
        sides: Vec::new(),
        methods: Vec::new(),
        currencies: Vec::new(),
        when: vec![Condition { feature: place("person_count_24h").unwrap(), bound: Bound::AtLeast(0.5) }],
        verdict: Verdict::StepUp,
    };
    let (rules, lists) = match object % 4 {
        0 => (Vec::new(), list(ListAction::Block)),
        1 => (Vec::new(), list(ListAction::Allow)),
        2 => (vec![again], Vec::new()),
        _ => (Vec::new(), Vec::new()),
    };
    Command::SetRiskPolicy(Box::new(NewPolicy { rules, lists, file: None }))
}

/// Some amounts decline or step up, by magic or by the model.
pub fn create_session(account: AccountId, object: u8) -> Command {
    let amount = ["100.00", "100.00", "100.04", "200.00", "100.05", "500.00"][object as usize % 6];
    let Command::CreateSession(_, mut terms) = fixture::create_session(account, amount) else { panic!("a session") };
    terms.kyc_package = object.is_multiple_of(7).then(|| fixture::kyc_package(object.is_multiple_of(2)));
    terms.user_reference = terms.user_reference.filter(|_| object % 8 != 5);
    terms.flow = [None, None, Some(Flow::OnRamp), Some(Flow::OffRamp)][object as usize / 6 % 4];
    Command::CreateSession(account, terms)
}

/// What a user says: a method, a side and a device, each now and then.
pub fn confirm(object: u8) -> Confirm {
    Confirm {
        payment_method: object.is_multiple_of(4).then(|| "card".to_owned()),
        side: object.is_multiple_of(5).then_some(Side::OffRamp),
        asset: None,
        device: object.is_multiple_of(2).then(|| Device { fingerprint: Some([object; 16]), ..Device::default() }),
        address: (!object.is_multiple_of(3)).then_some(Address { network: [object % 2; 16], country: None }),
    }
}

pub fn lock(account: AccountId, side: Side, object: u8) -> Command {
    let fiat = ["100.00", "100.00", "100.04", "200.00", "100.05", "500.00"][object as usize % 6];
    let asset = ["50", "50", "20.5", "50.04", "50.05", "400"][object as usize % 6];
    let Command::LockQuote(_, like) = fixture::lock_quote(account, fiat) else { panic!("a lock") };
    let amount = if side == Side::OnRamp { like.amount } else { Amount::parse(asset).unwrap() };
    Command::LockQuote(account, LockQuote { side, amount, ..like })
}

/// A quote that fits the session.
pub fn lock_for(session: &Session, side: Side, object: u8) -> Command {
    let Command::LockQuote(account, like) = lock(session.account, side, object) else { panic!("a lock") };
    let amount = if side == Side::OnRamp { session.terms.amount } else { like.amount };
    Command::LockQuote(account, LockQuote { amount, ..like })
}

pub fn fits(session: &Session, quote: &Quote) -> bool {
    let (wanted, given) = (&session.terms, &quote.terms);
    match given.side {
        Side::OnRamp => wanted.flow != Some(Flow::OffRamp) && given.fiat_amount == wanted.amount,
        Side::OffRamp => wanted.flow != Some(Flow::OnRamp) && given.fiat_amount <= wanted.amount,
    }
}

/// A rail's word on the current attempt, if it was ever on its way.
pub fn said(payment: &Payment, outcome: RailOutcome) -> Option<RailReport> {
    let attempt = payment.attempts.last()?.id;
    let (payment, account, session) = (payment.id, payment.account, payment.session);
    Some(RailReport { attempt, payment, account, session, outcome })
}
