//! Customers: names that stay taken, deletion that says the same again, and what is left of a person after it.

use super::world::{ACCOUNT, World, key, plain, renaming};
use crate::command::{Command, Refusal, Reply, Subject};
use crate::customer::{Customer, CustomerTerms, erasure_delay};
use crate::event::{EventData, EventKind};
use crate::fixture::customer_terms;
use crate::id::{AccountId, CustomerId};
use crate::limits::ERASED_AT_ONCE;
use crate::store::Column;
use crate::time::Millis;

/// Every column but those that hold the accounts and the head.
fn rows_with(world: &World, text: &str) -> Vec<&'static str> {
    let holds = |value: &[u8]| value.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()));
    let has = |column: &&Column| world.rows(**column).iter().any(|(key, value)| holds(key) || holds(value));
    Column::ALL.iter().filter(has).map(|column| column.name()).collect()
}

impl World {
    fn customer(&mut self, name: &str) -> CustomerId {
        let Reply::Customer(customer) = self.one(plain(self.create_customer(name))).unwrap().reply else {
            panic!("a customer")
        };
        customer.facts.id
    }

    fn stored_customer(&self, id: CustomerId) -> Option<Customer> {
        self.reader.customer(ACCOUNT, id).unwrap()
    }

    /// The events of customers, in order, and whether each still tells of the person.
    fn told_of_customers(&self) -> Vec<(EventKind, bool)> {
        let ids = self.ids_in(Column::Events);
        let events = ids.into_iter().map(|id| self.reader.event(ACCOUNT, id.into()).unwrap().unwrap());
        events.map(|event| (event.kind, matches!(event.data, EventData::Customer(_, Some(_))))).collect()
    }

    fn erase(&mut self) {
        self.pass(erasure_delay(&self.settings().delivery_gaps));
    }
}

#[test]
fn a_name_is_taken_for_good_and_only_in_its_account() {
    let mut world = World::new();
    let first = world.customer("ann");
    let taken = Err(Refusal::CustomerAlreadyExists);
    let create = |terms: CustomerTerms| Command::CreateCustomer(ACCOUNT, Box::new(terms));
    let same_email = CustomerTerms { email: "ANN@People.example".to_owned(), external_id: None, ..customer_terms("x") };
    let same_id = CustomerTerms { external_id: Some("user-ann".to_owned()), ..customer_terms("y") };
    let in_one_batch = world.batch(vec![plain(create(same_email.clone())), plain(create(same_id.clone()))]);
    assert_eq!(in_one_batch, [taken.clone(), taken.clone()]);
    world.one(plain(Command::DeleteCustomer(ACCOUNT, first))).unwrap();
    world.erase();
    world.forget();
    assert_eq!(world.one(plain(create(same_email))), taken);
    assert_eq!(world.one(plain(create(same_id))), taken);
    let other = Command::CreateCustomer(world.other_account(), Box::new(customer_terms("ann")));
    assert!(world.one(plain(other)).is_ok());
    let twice = world.batch(vec![plain(world.create_customer("bob")), plain(world.create_customer("bob"))]);
    assert_eq!((twice[0].is_ok(), &twice[1]), (true, &taken));
}

#[test]
fn a_change_of_nothing_is_none() {
    let mut world = World::new();
    let id = world.customer("ann");
    world.now = world.now.plus(Millis::seconds(60));
    let same = world.one(plain(renaming(id, "ann"))).unwrap().reply;
    assert_eq!(same, Reply::Customer(world.stored_customer(id).unwrap().into()));
    assert_eq!(world.told_of_customers().len(), 1);
    world.one(plain(renaming(id, "Anna"))).unwrap();
    let changed = world.stored_customer(id).unwrap();
    assert_eq!((changed.facts.version, changed.facts.updated_at), (2, world.now));
    assert_eq!(changed.terms.first_name.as_deref(), Some("Anna"));
    assert_eq!(world.told_of_customers().last(), Some(&(EventKind::CustomerUpdated, true)));
}

#[test]
fn a_deletion_says_the_same_again_and_leaves_nothing_to_change() {
    let mut world = World::new();
    let id = world.customer("ann");
    let delete = || Command::DeleteCustomer(ACCOUNT, id);
    let first = world.one(plain(delete())).unwrap();
    assert_eq!(first.reply, Reply::DeletedCustomer(id, world.now));
    for pause in [Millis(0), erasure_delay(&world.settings().delivery_gaps)] {
        world.pass(pause);
        world.forget();
        assert_eq!(world.one(plain(delete())).unwrap(), first);
    }
    let missing = Err(Refusal::NotFound(Subject::Path));
    assert_eq!(world.one(plain(renaming(id, "Anna"))), missing);
    assert_eq!(world.stored_customer(id), None);
    assert_eq!(world.told_of_customers().iter().filter(|told| told.0 == EventKind::CustomerDeleted).count(), 1);
    let never = Command::DeleteCustomer(ACCOUNT, CustomerId(9));
    assert_eq!(world.one(plain(never)), missing);
    assert_eq!(world.one(plain(Command::DeleteCustomer(world.other_account(), id))), missing);
}

#[test]
fn nothing_of_a_deleted_person_is_left_when_deliveries_are_over() {
    let mut world = World::with_webhook();
    let id = world.customer("marguerite");
    world.one(plain(renaming(id, "Marguerite the Second"))).unwrap();
    assert_eq!(rows_with(&world, "marguerite"), ["customers", "customer_versions"]);
    world.one(plain(Command::DeleteCustomer(ACCOUNT, id))).unwrap();
    assert_eq!(rows_with(&world, "marguerite"), ["customer_versions"], "its deliveries may still be under way");
    assert_eq!(world.told_of_customers().iter().filter(|told| told.1).count(), 2);
    world.pass(Millis(erasure_delay(&world.settings().delivery_gaps).0 - 1));
    assert_eq!(rows_with(&world, "marguerite"), ["customer_versions"]);
    world.pass(Millis(1));
    assert_eq!(rows_with(&world, "marguerite"), Vec::<&str>::new());
    use EventKind::{CustomerCreated, CustomerDeleted, CustomerUpdated};
    assert_eq!(
        world.told_of_customers(),
        [(CustomerCreated, false), (CustomerUpdated, false), (CustomerDeleted, false)]
    );
    assert_eq!(world.timers(), 0);
}

#[test]
fn many_versions_are_erased_some_at_a_time() {
    let mut world = World::new();
    let id = world.customer("ann");
    let count = 2 * ERASED_AT_ONCE + 5;
    for number in 1..count {
        world.one(plain(renaming(id, &format!("Ann {number}")))).unwrap();
    }
    world.one(plain(Command::DeleteCustomer(ACCOUNT, id))).unwrap();
    let left = |world: &World| world.rows(Column::CustomerVersions).len() as u64;
    assert_eq!(left(&world), count);
    world.erase();
    assert_eq!(left(&world), count - ERASED_AT_ONCE);
    world.forget();
    world.pass(Millis(1));
    assert_eq!(left(&world), count - 2 * ERASED_AT_ONCE);
    world.pass(Millis(1));
    assert_eq!((left(&world), world.timers()), (0, 0));
}

#[test]
fn lists_leave_deleted_ones_out_and_their_ids_stay_cursors() {
    let mut world = World::new();
    let ids: Vec<CustomerId> = ["a", "b", "c", "d", "e"].iter().map(|name| world.customer(name)).collect();
    for deleted in [ids[3], ids[1]] {
        world.one(plain(Command::DeleteCustomer(ACCOUNT, deleted))).unwrap();
    }
    let page = |account: AccountId, after: Option<CustomerId>, limit: usize| -> Vec<CustomerId> {
        world.reader.customers(account, after, limit).unwrap().into_iter().map(|one| one.facts.id).collect()
    };
    assert_eq!(page(ACCOUNT, None, 9), [ids[4], ids[2], ids[0]]);
    assert_eq!(page(ACCOUNT, Some(ids[4]), 1), [ids[2]]);
    assert_eq!(page(ACCOUNT, Some(ids[3]), 9), [ids[2], ids[0]]);
    assert_eq!(page(world.other_account(), None, 9), []);
}

#[test]
fn a_name_leads_to_its_customer_until_it_is_deleted() {
    let mut world = World::new();
    let (ann, bob) = (world.customer("ann"), world.customer("bob"));
    let names = |name: &str| customer_terms(name).names(&world.settings().name_key, ACCOUNT);
    let (of_ann, of_bob) = (names("ann"), names("bob"));
    let found = |world: &World, names: &[_]| world.reader.customer_named(names).unwrap().map(|one| one.facts.id);
    assert_eq!(found(&world, &of_ann), Some(ann));
    assert_eq!(found(&world, &of_bob[1..]), Some(bob));
    assert_eq!(found(&world, &[of_ann[0], of_bob[1]]), None, "nobody has both");
    assert_eq!(found(&world, &names("eve")), None);
    assert_eq!(found(&world, &[]), None);
    world.one(plain(Command::DeleteCustomer(ACCOUNT, ann))).unwrap();
    assert_eq!(found(&world, &of_ann), None);
}

#[test]
fn answers_about_customers_are_remembered_as_they_were() {
    let mut world = World::new();
    let create = world.create_customer("ann");
    let first = world.one(key(1, 1, create.clone())).unwrap();
    let Reply::Customer(customer) = &first.reply else { panic!("a customer") };
    let id = customer.facts.id;
    let renamed = world.one(key(2, 1, renaming(id, "Anna"))).unwrap();
    let deleted = world.one(key(3, 1, Command::DeleteCustomer(ACCOUNT, id))).unwrap();
    world.forget();
    for (number, command, answer) in
        [(1, create, &first), (2, renaming(id, "Anna"), &renamed), (3, Command::DeleteCustomer(ACCOUNT, id), &deleted)]
    {
        let again = world.one(key(number, 1, command)).unwrap();
        assert!(again.replayed);
        assert_eq!(again.reply, answer.reply);
    }
}

/// The person behind a session is known by account, mode and `user_reference`: the customer whose `external_id` is the same
/// text is that person, with nothing to be joined.
#[test]
fn a_customer_is_the_person_of_the_sessions_that_name_it() {
    use crate::risk::keys::person_key;
    let mut world = World::new();
    world.customer("ann");
    let external_id = customer_terms("ann").external_id;
    let Command::CreateSession(account, mut terms) = world.create_session("100.00") else { panic!("a session") };
    terms.user_reference = external_id;
    let mut create = || {
        let answer = world.one(plain(Command::CreateSession(account, terms.clone()))).unwrap();
        let Reply::Session(session) = answer.reply else { panic!("a session") };
        person_key(world.settings().mode, &session)
    };
    assert_eq!(create(), create());
}
