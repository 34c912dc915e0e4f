//! Customers, and what events say of them.

use super::*;

#[test]
fn an_event_tells_of_a_customer_until_its_version_is_removed() {
    on_each_store(|store| {
        let [_, _, _, updated, ..] = events();
        let event = |terms| Event { data: EventData::Customer(customer().facts, terms), ..updated.clone() };
        let whole = event(Some(Arc::new(customer().terms)));
        let reader = write(&store, [every_change(), vec![Change::Event(Arc::new(whole.clone()))]].concat());
        assert_eq!(reader.event(ACCOUNT, updated.id).unwrap(), Some(whole));
        assert_eq!(reader.customer(ACCOUNT, CUSTOMER).unwrap(), Some(customer()));
        assert_eq!(reader.customer_named(&[customer_name()]).unwrap(), Some(customer()));
        assert_eq!(reader.customers(ACCOUNT, None, 9).unwrap(), [customer()]);
        let version = CustomerChange::VersionRemove(ACCOUNT, CUSTOMER, 2).into();
        let reader = write(&store, vec![CustomerChange::Row(ACCOUNT, CUSTOMER, None).into(), version]);
        assert_eq!(reader.event(ACCOUNT, updated.id).unwrap(), Some(event(None)));
        assert_eq!(reader.customer_named(&[customer_name()]).unwrap(), None);
        assert_eq!(reader.customers(ACCOUNT, None, 9).unwrap(), []);
    });
}
