//! Customers over time: what their partner's receiver is told, and what a restart keeps.

use causeway_tests::http::Request;
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Received, Receiver};
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

use super::shared;
use causeway_tests::operator::Rights;

fn path_of(customer: &Value) -> String {
    format!("/v1/customers/{}", customer["id"].as_str().unwrap())
}

#[test]
fn a_receiver_hears_of_each_change_with_the_whole_customer() {
    let partner = shared::partner("a teller of customers");
    let receiver = Receiver::start();
    let secret = shared::server().operator().set_webhook(&partner, "sandbox", &receiver.url());
    let created = partner.customer();
    let change = |body: Value| partner.send(Request::new("PATCH", path_of(&created)).json(&body)).expect(200);
    let updated = change(json!({ "last_name": "Li" }));
    assert_eq!(change(json!({ "last_name": "Li" })), updated, "nothing changes, and nobody is told");
    let delete = || partner.send(Request::new("DELETE", path_of(&created))).expect(200);
    let deleted = delete();
    assert_eq!(delete(), deleted);
    let mut told: Vec<Received> = poll(SOON, "three events come", || {
        let all = receiver.all();
        (all.len() >= 3).then_some(all)
    });
    // They belong to no session and may come in any order; their ids say which came first.
    told.sort_by(|one, other| one.id().cmp(other.id()));
    let heard: Vec<(&str, &Value)> = told.iter().map(|event| (event.kind(), &event.event["data"])).collect();
    let expected = [("customer.created", &created), ("customer.updated", &updated), ("customer.deleted", &deleted)];
    assert_eq!(heard, expected);
    told.iter().for_each(|event| event.verify(&secret).unwrap());
}

#[test]
fn customers_and_taken_names_outlive_a_kill() {
    let directory = DataDir::new();
    let server = Server::start_in(&directory, &[]);
    let partner = server.operator().partner("a keeper", Rights::ALL);
    let (kept, gone) = (partner.customer(), partner.customer());
    let deleted = partner.send(Request::new("DELETE", path_of(&gone))).expect(200);
    server.kill();
    let server = Server::start_in(&directory, &[]);
    let partner = partner.at(&server);
    assert_eq!(partner.get("/v1/customers").expect(200)["data"], json!([kept]));
    assert_eq!(partner.send(Request::new("DELETE", path_of(&gone))).expect(200), deleted);
    for email in [&kept["email"], &gone["email"]] {
        partner.post("/v1/customers", &json!({ "email": email })).expect_refusal(409, "customer_already_exists");
    }
}
