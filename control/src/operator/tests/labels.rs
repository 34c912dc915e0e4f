//! Labels that operators bring back. What features make of them, the core's own tests show.

use super::*;

#[tokio::test]
async fn labels_are_read_as_a_whole_before_any_is_taken() {
    let world = World::start(BOTH);
    let id = |mode| causeway_core::id::PaymentId(7).text("pi", mode);
    let (test, live) = (id(Mode::Sandbox), id(Mode::Live));
    let put = |labels: Value| world.ask(Method::PUT, "/operator/labels", json!({ "labels": labels, "reason": "CB 7" }));
    let fraud = |payment: &str| json!({ "payment": payment, "label": "fraud" });
    let told = World::expect(put(json!([fraud(&test)])).await, 200);
    assert_eq!(told, json!({ "object": "labels", "accepted": 0, "unchanged": 0, "unknown": [test] }));
    let audit = world.audit();
    assert!(audit.contains("set_labels") && audit.contains("CB 7"), "{audit}");
    assert!(audit.contains(&format!("\"object\":\"{test} fraud\"")), "{audit}");
    for (labels, param) in [
        (json!([]), "labels"),
        (json!(vec![fraud(&test); 501]), "labels"),
        (json!([fraud(&test), fraud(&live)]), "labels"),
        (json!([fraud(&test), fraud("tx_1")]), "labels[1].payment"),
        (json!([{ "payment": test, "label": "bad" }]), "labels[0].label"),
        (json!([fraud(&test), { "payment": test, "label": "unknown" }]), "labels[1].label"),
    ] {
        let refused = World::expect(put(labels).await, 400);
        assert_eq!(refused["param"], param);
    }
    for body in [json!({ "labels": [fraud(&test)] }), json!({ "labels": [fraud(&test)], "reason": " " })] {
        let refused = World::expect(world.ask(Method::PUT, "/operator/labels", body).await, 400);
        assert_eq!(refused["param"], "reason");
    }
    assert_eq!(world.audit(), audit, "what is refused is not recorded as done");
}
