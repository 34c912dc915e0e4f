//! Six situations for every operation of `openapi.json`: works, wrong credential, other partner's object, bad body, repeated
//! key, refused state. Each operation has a module of its name here, or a row where it resembles others.

mod common;

macro_rules! operations {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// Every operation with its situations.
        const ALL: &[&[common::Operation]] = &[$($module::OPERATIONS,)*];
    };
}

operations! {
    branding
    cancel_session
    capabilities
    complete_session
    create_customer
    create_embed_token
    create_pay_in
    create_pay_out
    create_session
    delete_customer
    embed
    get_customer
    list_customers
    list_partner_webhook_deliveries
    list_sessions
    list_transactions
    lock_quote
    preview_quotes
    replay_webhook_delivery
    resolve_payment
    retrieve_pay_in
    retrieve_pay_out
    retrieve_session
    retrieve_signed_quote
    retrieve_transaction
    update_customer
    send_test_webhook
    verify_payment
}

#[test]
fn every_operation_of_the_contract_has_its_six_situations() {
    let tested = || ALL.iter().copied().flatten();
    let contract = causeway_tests::contract::contract();
    for operation in contract.operations() {
        let found: Vec<_> = tested().filter(|tested| tested.id == operation.id).collect();
        assert_eq!(found.len(), 1, "{} has no module here", operation.id);
        assert_eq!(found[0].missing(), Vec::<&str>::new(), "{}", operation.id);
    }
    for tested in tested() {
        let known = contract.operations().iter().any(|operation| operation.id == tested.id);
        assert!(known, "{} is not in openapi.json", tested.id);
    }
}
