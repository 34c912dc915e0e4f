//! createPayOut and retrievePayOut.

use serde_json::json;

use super::samples::Journey;
use crate::fixture::{SHOP, World};

#[tokio::test]
async fn it_redeems_an_off_ramp_quote() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "off_ramp" };
    let payment = journey.payment().await;
    assert_eq!(
        (&payment["object"], &payment["kind"], &payment["status"]),
        (&json!("rail_pay_out"), &json!("pay_out"), &json!("processing"))
    );
    let id = payment["id"].as_str().unwrap();
    assert!(id.starts_with("po_test_"));
    let read = world.get(&format!("/v1/rails/pay_outs/{id}")).key(SHOP.secret()).send().await;
    assert_eq!(read.expect(200), payment);
}

#[tokio::test]
async fn an_on_ramp_quote_is_for_a_pay_in() {
    let world = World::start().await;
    let journey = Journey { world: &world, partner: SHOP, flow: "on_ramp" };
    let body = json!({ "quote_id": journey.quote().await["id"], "session_id": journey.session().await["id"] });
    let told = world.post("/v1/rails/pay_outs").key(SHOP.secret()).once("k").json(body).send().await;
    assert_eq!(told.refused(409, "quote_mismatch").as_deref(), Some("quote_id"));
}
