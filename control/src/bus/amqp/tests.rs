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

fn rabbit(url: &str) -> RabbitMq {
    RabbitMq::new(url, "events".to_owned(), Mode::Live, None).unwrap()
}

#[test]
fn no_more_channels_are_used_than_were_agreed_on() {
    for (agreed, expected) in [(0, 128), (1, 1), (2, 1), (5, 4), (128, 127), (129, 128), (2_047, 128)] {
        assert_eq!(places(agreed), expected, "{agreed}");
    }
}

#[test]
fn where_events_go_is_told_without_the_password() {
    let place = rabbit("amqps://bank:hunter2@broker.bank.example/events").place();
    assert_eq!(place, "RabbitMQ at broker.bank.example:5671, exchange events");
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
    let absent = rabbit(&format!("amqp://bank:hunter2@{address}/%2f"));
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
    let silent = rabbit(&url);
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
