use std::net::TcpListener;

use super::*;

fn message() -> Message {
    Message {
        id: "evt_live_1".to_owned(),
        kind: "rail.pay_in.settled",
        mode: Mode::Live,
        account: "acct_1".to_owned(),
        session: Some("gs_live_1".to_owned()),
        at: 1_790_000_000,
        body: b"{}".to_vec(),
    }
}

#[test]
fn a_message_says_what_consumers_sort_by() {
    let message = message();
    assert_eq!(routing_key(&message), "live.acct_1.rail.pay_in.settled");
    let properties = properties(&message);
    assert_eq!(properties.message_id().as_ref().map(ShortString::as_str), Some("evt_live_1"));
    assert_eq!(*properties.delivery_mode(), Some(PERSISTENT));
    let headers = properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers.len(), 2);
    let without = super::properties(&Message { session: None, ..message });
    assert_eq!(without.headers().as_ref().unwrap().inner().len(), 1);
}

/// Nothing that this machine says about an address that nobody listens on, or that says nothing sensible, holds the password.
#[tokio::test]
async fn an_absent_or_foreign_broker_is_named_without_the_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let absent = RabbitMq::new(&format!("amqp://bank:hunter2@{address}/%2f"), "events".to_owned(), Mode::Live).unwrap();
    let foreign = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let reason = absent.connect().await.map(|_| ()).unwrap_err();
    foreign.join().unwrap();
    let second = absent.connect().await.map(|_| ()).unwrap_err();
    for reason in [reason, second] {
        assert!(reason.contains(&address.to_string()) && !reason.contains("hunter2"), "{reason}");
    }
}

/// A broker that takes the connection and then says nothing costs a thread and a socket only as long as it is waited for.
#[tokio::test]
async fn a_silent_broker_is_left() {
    use std::io::Read;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("amqp://bank:hunter2@{}/%2f", listener.local_addr().unwrap());
    let silent = RabbitMq::new(&url, "events".to_owned(), Mode::Live).unwrap();
    let accepted = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard
    });
    let given_up = timeout(Duration::from_millis(300), silent.connect()).await;
    assert!(given_up.is_err(), "nobody has answered");
    let heard = tokio::task::spawn_blocking(|| accepted.join().unwrap()).await.unwrap();
    assert!(heard.starts_with(b"AMQP"), "it was greeted, and then the socket was ended: {heard:?}");
}
