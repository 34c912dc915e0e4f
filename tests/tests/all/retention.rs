//! Retention: what was delivered long ago goes, what was not stays.

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Answer, Receiver, TOLD_OF_A_PAY_IN as TOLD};
use causeway_tests::server::Server;
use serde_json::Value;

fn deliveries(partner: &Partner) -> usize {
    partner.get("/v1/webhooks/deliveries").expect(200)["data"].as_array().unwrap().len()
}

fn swept(server: &Server) -> u64 {
    let metrics = server.operator().call("GET", "/metrics", &Value::Null).text();
    let line = metrics.lines().find(|line| line.starts_with("causeway_events_swept_total{mode=\"sandbox\"}"));
    let number = line.and_then(|line| line.split(' ').nth(1)).unwrap_or_else(|| panic!("it is counted: {metrics}"));
    number.parse::<f64>().unwrap() as u64
}

/// One receiver takes everything, another nothing: of the first nothing is kept in the end, of the second everything, and it
/// gets it when it works again.
#[test]
fn events_go_when_their_life_is_over_and_they_were_delivered() {
    let server = Server::start(&["--event-retention=1s", "--delivery-gaps=1h"]);
    let (well, ill) = (server.operator().partner("well", Rights::ALL), server.operator().partner("ill", Rights::ALL));
    let (taking, refusing) = (Receiver::start(), Receiver::answering(|_, _| Answer::status(500)));
    server.operator().set_webhook(&well, "sandbox", &taking.url());
    server.operator().set_webhook(&ill, "sandbox", &refusing.url());
    let waiting = ill.start(Kind::PayIn, "100.00");
    ill.wait_for_payment(&waiting, "settled");
    let payment = well.start(Kind::PayIn, "100.00");
    let session = payment["session_id"].as_str().unwrap();
    taking.wait_for(session, &TOLD);
    let events = u64::try_from(TOLD.len()).unwrap();
    poll(SOON, "what was delivered is swept", || (deliveries(&well) == 0 && swept(&server) >= events).then_some(()));
    assert_eq!(swept(&server), events, "each once, and no others");
    assert_eq!(deliveries(&ill), TOLD.len());
    let read = well.get(&format!("/v1/gate_sessions/{session}")).expect(200);
    assert_eq!(read["status"], "completed", "what the events told of stays");
    assert_eq!(server.stop().code, Some(0));
}
