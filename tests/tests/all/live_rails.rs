//! Live money over HTTP rails: processes on loopback with records of their own, which fail, delay, repeat, lose and forget.

use std::net::SocketAddr;

use causeway_tests::http::Request;
use causeway_tests::http_rail::{HttpRail, report_to, write_private};
use causeway_tests::ledger;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program::repository;
use causeway_tests::receiver::{Receiver, TOLD_OF_A_PAY_IN};
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

/// A gateway in one mode, whose EUR corridors are carried by two rails: the first one is chosen, the second one takes over.
struct Bank {
    mode: &'static str,
    server: Server,
    first: HttpRail,
    second: HttpRail,
    files: DataDir,
}

impl Bank {
    fn open(mode: &'static str) -> Bank {
        let files = DataDir::new();
        let [first, second] = ["first", "second"].map(|name| HttpRail::start(name, files.path()));
        write_private(&files.file("master-key"), &"5a".repeat(32));
        std::fs::write(files.file("corridors.toml"), corridors()).unwrap();
        let table = |rail: &HttpRail| {
            let (name, url) = (&rail.name, rail.url());
            format!(
                "[rail.{name}]\nmode = \"{mode}\"\nurl = \"{url}\"\nsecret_file = \"{name}.secret\"\ntimeout = \"700ms\"\n\
                 enquire_after = \"300ms\"\nenquire_every = \"600ms\"\n"
            )
        };
        std::fs::write(files.file("rails.toml"), table(&first) + &table(&second)).unwrap();
        let server = Server::start(&flags(&files, mode).iter().map(String::as_str).collect::<Vec<_>>());
        let bank = Bank { mode, server, first, second, files };
        bank.connect();
        bank
    }

    /// Tells the rails where to report.
    fn connect(&self) {
        let address = rails_listener(&self.server);
        self.first.reports_to(address);
        self.second.reports_to(address);
    }

    /// A partner without a history, so that risk finds nothing against its first payment. Live asks for a verified user as
    /// soon as it can: this is the place where the tests' users become that.
    fn partner(&self) -> Partner {
        let operator = self.server.operator();
        operator.partner("a shop", Rights { mode: self.mode, ..Rights::ALL })
    }

    /// Kills the gateway and starts it again in the same directory.
    fn killed_and_started(mut self) -> Bank {
        let directory = self.server.directory().clone();
        self.server.kill();
        let flags = flags(&self.files, self.mode);
        self.server = Server::start_in(&directory, &flags.iter().map(String::as_str).collect::<Vec<_>>());
        self.connect();
        self
    }

    /// Stops the gateway and checks its books, which hold this many payments.
    fn close(self, payments: usize) {
        let directory = self.server.directory().clone();
        assert_eq!(self.server.stop().code, Some(0));
        assert_eq!(ledger::checked(&directory, self.mode), payments);
    }
}

/// The shipped corridors, the better one of those for instant credit transfers on the first rail and all others on the second.
fn corridors() -> String {
    let shipped = std::fs::read_to_string(repository().join("control/catalogue/corridors.toml")).unwrap();
    let mut parts = shipped.split("[[corridor]]\n");
    let head = parts.next().unwrap().to_owned();
    parts.fold(head, |text, corridor| {
        let rail = if corridor.contains("\"eur-sepa-instant-a\"") { "first" } else { "second" };
        let corridor = corridor.replace("rail = \"simulated\"", &format!("rail = \"{rail}\""));
        format!("{text}[[corridor]]\n{corridor}")
    })
}

fn flags(files: &DataDir, mode: &str) -> Vec<String> {
    let prefix = if mode == "live" { "live-" } else { "" };
    let rates = repository().join("control/catalogue/rates.toml");
    vec![
        format!("--mode={mode}"),
        "--model-dir=/nowhere".to_owned(),
        "--rails-listen=127.0.0.1:0".to_owned(),
        format!("--master-key-file={}", files.file("master-key").display()),
        format!("--rails={}", files.file("rails.toml").display()),
        format!("--{prefix}corridors={}", files.file("corridors.toml").display()),
        format!("--{prefix}rates={}", rates.display()),
    ]
}

fn rails_listener(server: &Server) -> SocketAddr {
    poll(SOON, "the gateway says where rails report", || {
        let out = server.log().out();
        let line = out.lines().find(|line| line.contains("rails' reports"))?;
        line.split("http://").nth(1)?.split('/').next()?.parse().ok()
    })
}

/// From the lock to the last webhook, in both modes; webhooks of live do not go to loopback, so only the sandbox's are heard.
#[test]
fn money_settles_over_http_rails_end_to_end() {
    for mode in ["live", "sandbox"] {
        let bank = Bank::open(mode);
        for kind in Kind::BOTH {
            let partner = bank.partner();
            let receiver = Receiver::start();
            if mode == "sandbox" {
                bank.server.operator().set_webhook(&partner, mode, &receiver.url());
            }
            let payment = partner.start(kind, "100.00");
            let settled = partner.wait_for_payment(&payment, "settled");
            partner.wait_for_session(&payment["session_id"], "completed");
            assert_eq!(partner.read_transaction(&payment)["status"], "completed");
            if mode == "sandbox" && kind == Kind::PayIn {
                receiver.wait_for(payment["session_id"].as_str().unwrap(), &TOLD_OF_A_PAY_IN);
            }
            let record = bank.first.record();
            let attempt = record.last().unwrap();
            assert_eq!((attempt.sends, attempt.moved, &attempt.state), (1, 1, &json!("settled")));
            let sent = &attempt.sent;
            assert_eq!((&sent["payment_id"], &sent["kind"]), (&payment["id"], &json!(kind.word())));
            for (member, expected) in [
                ("fiat_amount", &settled["fiat_amount"]),
                ("fiat_currency", &settled["currency"]),
                ("crypto_amount", &settled["crypto_amount"]),
                ("crypto_asset", &settled["asset"]),
                ("payment_method", &settled["payment_method"]),
                ("corridor", &json!("eur-sepa-instant-a")),
            ] {
                assert_eq!(&sent[member], expected, "{member} in {sent}");
            }
            let text = sent.to_string();
            assert!(!text.contains(&partner.account) && !text.contains("gs_"), "who it is for stays here: {text}");
        }
        metrics_count(&bank, 2);
        bank.close(2);
    }
}

/// An open attempt may be asked about before it is reported, so words may come twice; it is sent once.
fn metrics_count(bank: &Bank, settled: u64) {
    let value = |text: &str, name: &str, more: &str| -> f64 {
        let start = format!("causeway_rail_{name}{{mode=\"{}\",rail=\"first\"{more}}} ", bank.mode);
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{start} is not in\n{text}"))
    };
    // A call-back may be faster than the answer to what it is about.
    let text = poll(SOON, "every attempt is answered", || {
        let text = bank.server.operator().call("GET", "/metrics", &Value::Null).text();
        (value(&text, "in_flight", "") == 0.0).then_some(text)
    });
    let value = |name: &str, more: &str| value(&text, name, more);
    let settled = settled as f64;
    assert_eq!(value("attempts_sent_total", ""), settled);
    assert!(value("reports_total", "") >= settled && value("outcomes_total", ",outcome=\"settled\"") >= settled);
    assert_eq!((value("reports_refused_total", ""), value("outcomes_total", ",outcome=\"rejected\"")), (0.0, 0.0));
    let log = bank.server.log().error();
    assert!(log.contains("event=rail_report"), "{log}");
    for rail in [&bank.first, &bank.second] {
        assert!(!log.contains(&rail.secret) && !text.contains(&rail.secret), "the secret of {} is told", rail.name);
    }
}

#[test]
fn a_hard_refusal_ends_the_payment_and_a_soft_failure_goes_to_the_next_corridor() {
    let bank = Bank::open("live");
    for at_once in [true, false] {
        for (outcome, status) in [("rejected", "failed"), ("cancelled", "cancelled"), ("soft_failed", "settled")] {
            bank.first.told(json!({ "outcome": outcome, "at_once": at_once }));
            let before = bank.second.record().len();
            let partner = bank.partner();
            let payment = partner.start(Kind::PayIn, "100.00");
            let ended = partner.wait_for_payment(&payment, status);
            let reason = if outcome == "rejected" { json!("rail_rejected") } else { Value::Null };
            assert_eq!(ended["failure_code"], reason, "{ended}");
            let taken_over = &bank.second.record()[before..];
            assert_eq!(taken_over.len(), usize::from(outcome == "soft_failed"), "{outcome}");
            if let [second] = taken_over {
                assert_eq!((&second.sent["payment_id"], second.moved), (&payment["id"], 1));
                assert_eq!((&second.sent["number"], second.sends), (&json!(2), 1));
            }
        }
    }
    assert!(bank.first.record().iter().all(|attempt| attempt.moved == 0 && attempt.sends == 1));
    bank.close(6);
}

/// The rail has moved the money and its answer never comes: it is asked, and nothing is sent again.
#[test]
fn an_answer_that_never_came_is_enquired_about() {
    let bank = Bank::open("live");
    for trouble in [json!({ "hang_up": 1 }), json!({ "answer_after": 3.0 })] {
        bank.first.told(json!({ "report_url": null, "answer_after": 0.0 }));
        bank.first.told(trouble);
        let (partner, before) = (bank.partner(), bank.first.record().len());
        let payment = partner.start(Kind::PayIn, "100.00");
        partner.wait_for_payment(&payment, "settled");
        let attempt = &bank.first.record()[before];
        assert_eq!((attempt.sends, attempt.moved), (1, 1), "{attempt:?}");
        assert!(attempt.enquiries >= 1, "{attempt:?}");
    }
    bank.close(2);
}

/// What the rail does not have is sent: because it never arrived, was refused at the door, or was accepted and forgotten.
#[test]
fn what_a_rail_does_not_have_is_sent_again_and_settles_once() {
    let bank = Bank::open("live");
    for trouble in ["lose", "fail", "forget"] {
        bank.first.told(json!({ trouble: 1 }));
        let (partner, before) = (bank.partner(), bank.first.record().len());
        let payment = partner.start(Kind::PayOut, "100.00");
        partner.wait_for_payment(&payment, "settled");
        let attempt = &bank.first.record()[before];
        assert_eq!((attempt.sends, attempt.moved), (2, 1), "{trouble}: {attempt:?}");
        assert!(attempt.enquiries >= 1, "{trouble}: {attempt:?}");
    }
    bank.close(3);
}

/// A rail that never reports is asked from time to time.
#[test]
fn a_rail_that_only_answers_works_too() {
    let bank = Bank::open("live");
    bank.first.told(json!({ "report_url": null, "outcome": null }));
    let partner = bank.partner();
    let payment = partner.start(Kind::PayIn, "100.00");
    poll(SOON, "the open attempt is asked about twice", || (bank.first.attempt().enquiries >= 2).then_some(()));
    assert_eq!(partner.read_payment(&payment)["status"], "processing");
    bank.first.told(json!({ "end_open": "settled" }));
    partner.wait_for_payment(&payment, "settled");
    assert_eq!(bank.first.attempt().sends, 1);
    bank.close(1);
}

#[test]
fn repeated_and_late_reports_change_nothing() {
    let bank = Bank::open("sandbox");
    bank.first.told(json!({ "repeat": 3 }));
    let (partner, receiver) = (bank.partner(), Receiver::start());
    bank.server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let payment = partner.start(Kind::PayIn, "100.00");
    let settled = partner.wait_for_payment(&payment, "settled");
    let (address, attempt) = (rails_listener(&bank.server), bank.first.attempt());
    for state in ["settled", "rejected", "soft_failed", "cancelled", "accepted"] {
        let answer = report_to(address, &bank.first.report(&attempt.id, state, 0));
        assert_eq!((answer.status, answer.text()), (200, "{\"open\":false}".to_owned()), "{state}");
    }
    let session = payment["session_id"].as_str().unwrap();
    receiver.wait_for(session, &TOLD_OF_A_PAY_IN);
    assert_eq!(partner.read_payment(&payment), settled);
    assert_eq!(receiver.of_session(session).len(), TOLD_OF_A_PAY_IN.len());
    bank.close(1);
}

/// Only the rail that has the attempt can tell of it, with its own secret, in its own mode, and now.
#[test]
fn nobody_else_can_report_an_outcome() {
    let bank = Bank::open("live");
    bank.first.told(json!({ "report_url": null, "outcome": null }));
    let partner = bank.partner();
    let payment = partner.start(Kind::PayIn, "100.00");
    let (address, id) = (rails_listener(&bank.server), bank.first.attempt().id);
    let (right, others) = (bank.first.report(&id, "settled", 0), bank.second.report(&id, "settled", 0));
    let at_first = |request: Request| Request { path: "/rails/first/reports".to_owned(), ..request };
    let text = String::from_utf8(right.body.clone()).unwrap();
    for (request, status, what) in [
        (at_first(others.clone()), 401, "another rail's secret"),
        (right.clone().without("Rail-Signature"), 401, "no signature"),
        (right.clone().header("Rail-Signature", "t=1,v1=00"), 401, "no such signature"),
        (right.clone().bytes(text.replace("settled", "rejected")), 401, "another body"),
        (bank.first.report(&id, "settled", -400), 401, "stale"),
        (bank.first.report(&id, "settled", 400), 401, "from the future"),
        (Request { path: "/rails/third/reports".to_owned(), ..right.clone() }, 404, "no such rail"),
        (Request { path: "/v1/gate_sessions".to_owned(), ..right.clone() }, 404, "the partners' paths"),
        (Request { method: "PUT".to_owned(), ..right.clone() }, 405, "another method"),
        (bank.first.report(&id.replace("att_live_", "att_test_"), "settled", 0), 400, "the other mode's attempt"),
        (bank.first.report(&id, "unknown", 0), 400, "no outcome"),
        (others, 200, "another rail's attempt"),
    ] {
        let answer = report_to(address, &request);
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_ne!(answer.text(), "{\"open\":true}", "{what}");
        assert!(!answer.text().contains(&id), "{what}: {}", answer.text());
        assert_eq!(partner.read_payment(&payment)["status"], "processing", "{what}");
    }
    let on_partners_listener = report_to(bank.server.api().address(), &right);
    assert_eq!(on_partners_listener.status, 404, "reports have a listener of their own");
    let taken = report_to(address, &right);
    assert_eq!((taken.status, taken.text()), (200, "{\"open\":true}".to_owned()));
    assert_eq!(partner.read_payment(&payment)["status"], "settled", "durable before it was answered");
    bank.close(1);
}

/// Killed between sending and hearing: after the restart it asks, and what the rail has is not sent again.
#[test]
fn after_a_kill_it_enquires_and_sends_nothing_twice() {
    let mut bank = Bank::open("live");
    bank.first.told(json!({ "report_url": null, "answer_after": 2.0 }));
    let partner = bank.partner();
    let payment = partner.start(Kind::PayIn, "100.00");
    bank.first.attempt();
    bank.first.told(json!({ "report_url": null }));
    bank = bank.killed_and_started();
    let partner = partner.at(&bank.server);
    partner.wait_for_payment(&payment, "settled");
    let attempt = bank.first.attempt();
    assert_eq!((attempt.sends, attempt.moved), (1, 1), "{attempt:?}");
    assert!(attempt.enquiries >= 1);

    // What is accepted and open is asked about too, and not sent again.
    bank.first.told(json!({ "answer_after": 0.0, "outcome": null }));
    let other = bank.partner();
    let open = other.start(Kind::PayIn, "100.00");
    poll(SOON, "the rail has the second attempt", || (bank.first.record().len() == 2).then_some(()));
    bank = bank.killed_and_started();
    bank.first.told(json!({ "end_open": "settled" }));
    other.at(&bank.server).wait_for_payment(&open, "settled");
    assert!(bank.first.record().iter().all(|attempt| (attempt.sends, attempt.moved) == (1, 1)));
    bank.close(2);
}

#[test]
fn rails_that_do_not_fit_are_named_by_their_line() {
    let files = DataDir::new();
    write_private(&files.file("master-key"), &"5a".repeat(32));
    write_private(&files.file("first.secret"), &"s".repeat(32));
    let corridors = corridors();
    std::fs::write(files.file("corridors.toml"), &corridors).unwrap();
    let first = "[rail.first]\nmode = \"live\"\nurl = \"http://127.0.0.1:9/\"\nsecret_file = \"first.secret\"\n";
    let line = |part: &str| 1 + corridors[..corridors.find(part).unwrap()].matches('\n').count();
    let stranger = line("[[corridor]]\nid = \"eur-sepa-instant-b\"");
    let nobody = line("[[corridor]]\nid = \"eur-sepa-instant-a\"");
    for (rails, place, part) in [
        (first.to_owned(), format!("corridors.toml:{stranger}: "), "the rail second"),
        (first.replace("live", "sandbox"), format!("corridors.toml:{nobody}: "), "the rail first"),
        (first.replace("http:", "ftp:"), "rails.toml:3: ".to_owned(), "https"),
        (first.replace("first.secret", "absent"), "rails.toml:4: ".to_owned(), "cannot be read"),
        (format!("{first}retries = 3\n"), "rails.toml:5: ".to_owned(), "retries"),
    ] {
        std::fs::write(files.file("rails.toml"), rails).unwrap();
        let directory = DataDir::new();
        let flags = flags(&files, "live");
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let exit = Server::try_start_in(&directory, &flags).err().expect("it does not start");
        assert_eq!(exit.code, Some(2), "{exit}");
        assert!(exit.error.contains(&place) && exit.error.contains(part), "{place}{part}: {exit}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is written");
    }
}
