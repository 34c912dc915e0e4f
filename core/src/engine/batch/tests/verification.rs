//! Verification: whose money moves in live, who is told, and what is left when somebody is forgotten.

use super::world::{ACCOUNT, World, plain};
use crate::account::Entitlements;
use crate::command::{Command, Refusal, Reply, Subject, Who};
use crate::customer::{Customer, KycStatus};
use crate::event::{EventData, EventKind};
use crate::fixture::{customer_terms, kyc_package};
use crate::id::{CustomerId, SessionId};
use crate::risk::keys::named_person_key;
use crate::risk::{Person, Said, Word};
use crate::session::SessionTerms;
use crate::store::Column;
use crate::time::Millis;

const VERIFIED: Option<Word> = Some(Word::Verified);
const REFUSED: Option<Word> = Some(Word::Refused);

impl World {
    fn session_of(&mut self, reference: Option<&str>, package: Option<bool>) -> SessionId {
        let Command::CreateSession(account, terms) = self.create_session("100.00") else { panic!("a session") };
        let (user_reference, kyc_package) = (reference.map(str::to_owned), package.map(kyc_package));
        let terms = SessionTerms { user_reference, kyc_package, ..*terms };
        let answer = self.one(plain(Command::CreateSession(account, Box::new(terms)))).unwrap();
        let Reply::Session(session) = answer.reply else { panic!("a session") };
        session.id
    }

    fn say(&mut self, who: &Who, word: Option<Word>) {
        let command = Command::SetVerification(ACCOUNT, who.clone(), word);
        assert!(self.rounds(&plain(command.clone())) <= 2);
        assert_eq!(self.one(plain(command)).unwrap().reply, Reply::Done);
    }

    /// Whether money of this session's user moves: by a quote, and by a confirmation.
    #[track_caller]
    fn assert_moves(&mut self, session: SessionId, moves: bool) {
        let quote = self.quote("100.00");
        let confirm = Command::ConfirmSession(ACCOUNT, session, Box::default());
        for command in [self.redeem(session, quote), confirm] {
            assert!(self.rounds(&plain(command.clone())) <= 3);
            let outcome = self.one(plain(command));
            if moves {
                assert!(outcome.is_ok(), "{outcome:?}");
                return;
            }
            assert_eq!(outcome, Err(Refusal::VerificationRequired));
        }
    }

    fn customer_named(&mut self, name: &str) -> CustomerId {
        let create = self.create_customer(name);
        assert!(self.rounds(&plain(create.clone())) <= 2);
        let Reply::Customer(customer) = self.one(plain(create)).unwrap().reply else { panic!("a customer") };
        customer.facts.id
    }

    fn kyc_of(&self, id: CustomerId) -> Customer {
        self.reader.customer(ACCOUNT, id).unwrap().unwrap()
    }

    fn person(&self, reference: &str) -> Option<Person> {
        self.reader.person(named_person_key(self.settings().mode, ACCOUNT, reference)).unwrap()
    }

    /// What was told of customers, with the status that was told.
    fn told(&self) -> Vec<(EventKind, KycStatus)> {
        let events = self.ids_in(Column::Events).into_iter();
        let events = events.map(|id| self.reader.event(ACCOUNT, id.into()).unwrap().unwrap());
        let told = events.filter_map(|event| {
            let EventData::Customer(facts, _) = event.data else { return None };
            Some((event.kind, facts.kyc_status))
        });
        told.collect()
    }
}

fn named(reference: &str) -> Who {
    Who::Reference(reference.to_owned())
}

#[test]
fn live_money_waits_for_a_verified_user() {
    let mut world = World::live();
    let known = world.session_of(Some("user-1"), None);
    let other = world.session_of(Some("user-2"), None);
    world.assert_moves(known, false);
    world.say(&named("user-1"), VERIFIED);
    world.assert_moves(other, false);
    world.assert_moves(known, true);
    let later = world.session_of(Some("user-1"), None);
    world.say(&named("user-1"), None);
    world.assert_moves(later, false);
    let all = Entitlements::ALL;
    world.one(plain(Command::SetEntitlements(ACCOUNT, all))).unwrap();
    world.assert_moves(later, true);
}

#[test]
fn a_package_verifies_its_session_alone() {
    let mut world = World::live();
    let accepted = world.session_of(Some("user-1"), Some(true));
    let rejected = world.session_of(Some("user-1"), Some(false));
    let without = world.session_of(Some("user-1"), None);
    world.assert_moves(rejected, false);
    world.assert_moves(without, false);
    world.assert_moves(accepted, true);
    use EventKind::{KycPackageAccepted, SessionCreated};
    assert_eq!(world.events(accepted)[..2], [SessionCreated, KycPackageAccepted]);
    assert_eq!(world.events(rejected), [SessionCreated]);
}

/// Neither a package nor the word for all users of the account moves the money of somebody whom an operator refuses; nor
/// does the sandbox.
#[test]
fn whom_an_operator_refuses_nobody_else_vouches_for() {
    for mut world in [World::live(), World::new()] {
        world.one(plain(Command::SetEntitlements(ACCOUNT, Entitlements::ALL))).unwrap();
        let session = world.session_of(Some("user-1"), Some(true));
        world.say(&named("user-1"), VERIFIED);
        world.say(&named("user-1"), REFUSED);
        world.assert_moves(session, false);
        let alone = world.session_of(None, Some(true));
        world.say(&Who::Session(alone), REFUSED);
        world.assert_moves(alone, false);
        world.say(&named("user-1"), None);
        world.assert_moves(session, true);
    }
}

#[test]
fn a_refusal_outlives_the_customer_it_was_said_of() {
    let mut world = World::live();
    let ann = world.customer_named("ann");
    world.say(&Who::Customer(ann), VERIFIED);
    world.say(&Who::Customer(ann), REFUSED);
    assert_eq!(world.kyc_of(ann).facts.kyc_status, KycStatus::Unverified);
    let session = world.session_of(Some("user-ann"), Some(true));
    world.one(plain(Command::DeleteCustomer(ACCOUNT, ann))).unwrap();
    world.assert_moves(session, false);
}

#[test]
fn a_package_needs_its_entitlement() {
    let mut world = World::live();
    let without = Entitlements { kyc_package: false, ..Entitlements::ALL };
    world.one(plain(Command::SetEntitlements(ACCOUNT, without))).unwrap();
    let Command::CreateSession(account, terms) = world.create_session("100.00") else { panic!("a session") };
    let terms = SessionTerms { kyc_package: Some(kyc_package(false)), ..*terms };
    let create = Command::CreateSession(account, Box::new(terms));
    assert_eq!(world.one(plain(create)), Err(Refusal::NotEntitled));
}

#[test]
fn a_session_that_names_nobody_is_a_person_of_its_own() {
    let mut world = World::live();
    let (first, second) = (world.session_of(None, None), world.session_of(None, None));
    world.say(&Who::Session(first), VERIFIED);
    world.assert_moves(second, false);
    world.assert_moves(first, true);
    let named = world.session_of(Some("user-1"), None);
    let missing = Err(Refusal::NotFound(Subject::Path));
    for session in [named, SessionId(9)] {
        let command = Command::SetVerification(ACCOUNT, Who::Session(session), VERIFIED);
        assert_eq!(world.one(plain(command)), missing);
    }
    let foreign = Command::SetVerification(world.other_account(), Who::Session(second), VERIFIED);
    assert_eq!(world.one(plain(foreign)), missing);
}

#[test]
fn person_and_customer_are_verified_together_and_it_is_told_once() {
    use EventKind::{CustomerCreated, CustomerUpdated};
    use KycStatus::{Unverified, Verified};
    let mut world = World::live();
    let ann = world.customer_named("ann");
    world.now = world.now.plus(Millis::seconds(60));
    let since = world.now;
    for who in [named("user-ann"), Who::Customer(ann), named("user-ann")] {
        world.say(&who, VERIFIED);
        world.now = world.now.plus(Millis::seconds(60));
    }
    let facts = world.kyc_of(ann).facts;
    assert_eq!((facts.kyc_status, facts.version, facts.updated_at), (Verified, 2, since));
    assert_eq!(world.person("user-ann").unwrap().said, Some(Said { word: Word::Verified, at: since }));
    world.say(&Who::Customer(ann), None);
    assert_eq!(world.person("user-ann").unwrap(), Person::default());
    assert_eq!(
        world.told(),
        [(CustomerCreated, Unverified), (CustomerUpdated, Verified), (CustomerUpdated, Unverified)]
    );
    let nobody = Command::SetVerification(ACCOUNT, Who::Customer(CustomerId(9)), VERIFIED);
    assert_eq!(world.one(plain(nobody)), Err(Refusal::NotFound(Subject::Path)));
}

#[test]
fn a_customer_of_a_verified_person_is_verified_from_the_start() {
    let mut world = World::live();
    world.say(&named("user-ann"), VERIFIED);
    let (ann, bob) = (world.customer_named("ann"), world.customer_named("bob"));
    assert_eq!(world.kyc_of(ann).facts.kyc_status, KycStatus::Verified);
    assert_eq!(world.kyc_of(bob).facts.kyc_status, KycStatus::Unverified);
    assert_eq!(customer_terms("ann").external_id.as_deref(), Some("user-ann"));
}

#[test]
fn a_deleted_customer_takes_its_verification_along() {
    let mut world = World::live();
    let ann = world.customer_named("ann");
    world.say(&Who::Customer(ann), VERIFIED);
    let session = world.session_of(Some("user-ann"), None);
    let delete = plain(Command::DeleteCustomer(ACCOUNT, ann));
    assert!(world.rounds(&delete) <= 2);
    world.one(delete).unwrap();
    assert_eq!(world.person("user-ann").unwrap().said, None);
    world.assert_moves(session, false);
    // Its name leads to nobody, and the person can be verified again.
    world.say(&named("user-ann"), VERIFIED);
    world.assert_moves(session, true);
}

#[test]
fn a_redemption_leaves_what_was_said_of_its_person() {
    let mut world = World::live();
    world.say(&named("user-1"), VERIFIED);
    let session = world.session_of(Some("user-1"), None);
    world.assert_moves(session, true);
    let person = world.person("user-1").unwrap();
    assert_eq!(person.said.map(|said| said.word), VERIFIED);
}
