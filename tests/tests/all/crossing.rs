//! Whatever one mode or one partner has given out is nothing in the other mode, and nothing for another partner: ids in
//! paths, bodies and queries, cursors, idempotency keys, client secrets, embed tokens, keys, names; also for operators.

mod operators;

use causeway_tests::http::{Request, Response};
use causeway_tests::operator::{Operator, Rights};
use causeway_tests::partner::{Kind, Partner, customer_body, fresh_key, session_body, with};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::both::{Both, MasterKey, both_with};

const DEAD_DELIVERIES: &str = "/v1/webhooks/deliveries?status=dead_lettered";

/// Somebody with one object of each kind.
struct Party<'p> {
    partner: &'p Partner,
    session: Value,
    quote: Value,
    payments: Vec<Value>,
    customer: Value,
    /// One that was given up, and could be replayed.
    delivery: Value,
    token: String,
}

impl<'p> Party<'p> {
    fn new(partner: &'p Partner, operator: &Operator) -> Party<'p> {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        let token =
            bootstrap(partner, &session["client_secret"]).expect(201)["embed_token"].as_str().unwrap().to_owned();
        let fitting = partner.prepare(Kind::PayIn, "100.00");
        let payments = Kind::BOTH.map(|kind| partner.start(kind, "100.06")).to_vec();
        let (customer, delivery) = (partner.customer(), dead_delivery(partner, operator));
        let quote = partner.read_quote(&fitting["quote_id"]);
        Party { partner, session, quote, payments, customer, delivery, token }
    }

    /// Every path that names one of its objects, with how it is read.
    fn paths(&self) -> Vec<String> {
        let mut paths = vec![
            format!("/v1/gate_sessions/{}", text(&self.session["id"])),
            format!("/v1/quotes/{}", text(&self.quote["id"])),
            format!("/v1/customers/{}", text(&self.customer["id"])),
        ];
        for (kind, payment) in Kind::BOTH.into_iter().zip(&self.payments) {
            paths.push(format!("{}/{}", kind.path(), text(&payment["id"])));
            paths.push(format!("/v1/transactions/{}", text(&payment["transaction_refid"])));
        }
        paths
    }

    fn seen(&self) -> Vec<Value> {
        let objects = self.paths().into_iter().map(|path| self.partner.get(&path).expect(200));
        objects.chain([self.partner.get(DEAD_DELIVERIES).expect(200)]).collect()
    }

    fn replay(&self) -> String {
        format!("/v1/webhooks/deliveries/{}/replay", text(&self.delivery["id"]))
    }

    /// The pages' cursors, by list.
    fn cursors(&self) -> [(&'static str, &Value); 3] {
        [
            ("/v1/gate_sessions", &self.session["id"]),
            ("/v1/customers", &self.customer["id"]),
            ("/v1/transactions", &self.payments[0]["transaction_refid"]),
        ]
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bootstrap(partner: &Partner, secret: &Value) -> Response {
    partner.browse(Request::post("/v1/embed/bootstrap").json(&json!({ "clientSecret": secret })))
}

/// The only delivery of somebody whose receiver is not there, nor in live any that could be: this name is read as an
/// address of loopback by whoever is asked for it, and nobody else is asked.
fn dead_delivery(partner: &Partner, operator: &Operator) -> Value {
    let in_live = partner.secret.starts_with("sk_live_");
    let (mode, url) = if in_live { ("live", "https://0x7f.1/hooks") } else { ("sandbox", "http://127.0.0.1:9/hooks") };
    operator.set_webhook(partner, mode, url);
    let sent = partner.act("/v1/webhooks/test").expect(201);
    let path = format!("/operator/accounts/{}/webhook", partner.account);
    let dead = poll(SOON, "the delivery is given up", || {
        let list = partner.get(DEAD_DELIVERIES).expect(200);
        list["data"].as_array().unwrap().iter().find(|one| one["id"] == sent["id"]).cloned()
    });
    // What happens later is told to nobody.
    operator.done("DELETE", &path, &json!({ "mode": mode }));
    dead
}

fn ground() -> Both {
    both_with(&["--rail-late-delay=1h", "--quote-life=300s"])
}

/// The same text with the word of the other mode in it.
fn flipped(value: &str) -> String {
    if value.contains("_test_") { value.replace("_test_", "_live_") } else { value.replace("_live_", "_test_") }
}

#[test]
fn nothing_of_one_mode_is_anything_in_the_other() {
    let both = ground();
    let operator = both.server.operator();
    let (sandbox, live) = (Party::new(&both.sandbox, operator), Party::new(&both.live, operator));
    for (here, there) in [(&sandbox, &live), (&live, &sandbox)] {
        let before = there.seen();
        finds_nothing(here, there);
        for (list, cursor) in there.cursors() {
            let asked = format!("{list}?starting_after={}", text(cursor));
            let refused = here.partner.get(&asked).expect_refusal(400, "invalid_request");
            assert_eq!(refused["param"], "starting_after");
            let forged = format!("{list}?starting_after={}", flipped(text(cursor)));
            let page = here.partner.get(&forged).expect(200).to_string();
            assert!(!page.contains(text(cursor)), "{page}");
        }
        for path in there.paths() {
            here.partner.get(&flipped(&path)).expect_refusal(404, "not_found");
        }
        here.partner.act(&flipped(&there.replay())).expect_refusal(404, "not_found");
        let forged = json!(flipped(text(&there.session["client_secret"])));
        bootstrap(here.partner, &forged).expect_refusal(404, "not_found");
        let forged = flipped(&there.partner.secret);
        here.partner.send(Request::get("/v1/gate_sessions").bearer(&forged)).expect_refusal(401, "invalid_key");
        keys_name_two_actions(here.partner, there.partner);
        assert_eq!(there.seen(), before, "nothing has changed");
    }
}

#[test]
fn nothing_of_one_partner_is_anything_for_another() {
    let both = ground();
    let operator = both.server.operator();
    let another = operator.partner("another bank", Rights::ALL);
    let (one, other) = (Party::new(&both.sandbox, operator), Party::new(&another, operator));
    for (here, there) in [(&one, &other), (&other, &one)] {
        let before = there.seen();
        finds_nothing(here, there);
        for (list, cursor) in there.cursors() {
            let page = here.partner.get(&format!("{list}?limit=100&starting_after={}", text(cursor))).expect(200);
            let own = here.partner.get(&format!("{list}?limit=100")).expect(200);
            let is_own = |item: &Value| own["data"].as_array().unwrap().contains(item);
            assert!(page["data"].as_array().unwrap().iter().all(is_own), "a cursor places, it does not open: {page}");
        }
        keys_name_two_actions(here.partner, there.partner);
        let with_their_origin = Request::get("/v1/embed/session").header("X-Embed-Token", &there.token);
        let refused = here.partner.send_as_is(&with_their_origin.header("Origin", &here.partner.origin));
        refused.expect_refusal(403, "origin_not_allowed");
        assert_eq!(there.seen(), before, "nothing has changed");
    }
}

/// Ids in paths, bodies and queries, a client secret, and names.
fn finds_nothing(here: &Party<'_>, there: &Party<'_>) {
    for path in there.paths() {
        here.partner.get(&path).expect_refusal(404, "not_found");
    }
    here.partner.act(&there.replay()).expect_refusal(404, "not_found");
    for (kind, payment) in Kind::BOTH.into_iter().zip(&there.payments) {
        for action in ["settle", "fail", "cancel", "verify"] {
            here.partner.act(&kind.helper(text(&payment["id"]), action)).expect_refusal(404, "not_found");
        }
    }
    let session = format!("/v1/gate_sessions/{}", text(&there.session["id"]));
    here.partner.act(&format!("{session}/cancel")).expect_refusal(404, "not_found");
    let customer = format!("/v1/customers/{}", text(&there.customer["id"]));
    for request in [
        Request::new("PATCH", &customer).json(&json!({ "first_name": "Eve" })),
        Request::new("DELETE", &customer),
        Request::post(format!("/v1/test_helpers{}/complete", &session[3..])).json(&json!({ "outcome": "completed" })),
    ] {
        here.partner.send(request).expect_refusal(404, "not_found");
    }
    for kind in Kind::BOTH {
        for (quote, session, param) in
            [(&there.quote, &here.session, "quote_id"), (&here.quote, &there.session, "session_id")]
        {
            let body = json!({ "quote_id": quote["id"], "session_id": session["id"] });
            let refused = here.partner.post(&kind.path(), &body).expect_refusal(404, "not_found");
            assert_eq!(refused["param"], param);
        }
    }
    let of_session = format!("/v1/transactions?session_id={}", text(&there.payments[0]["session_id"]));
    assert_eq!(here.partner.get(&of_session).expect(200)["data"], json!([]));
    let refused = bootstrap(here.partner, &there.session["client_secret"]).expect_refusal(404, "not_found");
    assert_eq!(refused["param"], "clientSecret");
    names_are_free(here.partner, &there.customer);
}

/// A customer's names find nobody here, and are taken by nobody.
fn names_are_free(here: &Partner, theirs: &Value) {
    for name in ["email", "external_id"] {
        let found = here.get(&format!("/v1/customers?{name}={}", text(&theirs[name]))).expect(200);
        assert_eq!(found["data"], json!([]), "{name}");
    }
    let same = json!({ "email": theirs["email"], "external_id": theirs["external_id"] });
    let own = here.post("/v1/customers", &with(customer_body(), same)).expect(201);
    assert_ne!(own["id"], theirs["id"]);
}

/// The same idempotency key with the same body: each has an effect, and none hears the other's answer.
fn keys_name_two_actions(here: &Partner, there: &Partner) {
    let key = fresh_key();
    let create = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "100.00")).key(&key);
    let answers = [here, there].map(|partner| partner.send(create.clone()));
    assert!(answers.iter().all(|answer| answer.header("Idempotent-Replayed").is_none()));
    let ids = answers.map(|answer| answer.expect(201)["id"].clone());
    assert_ne!(ids[0], ids[1]);
    for (partner, id) in [here, there].into_iter().zip(&ids) {
        let again = partner.send(create.clone());
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
        assert_eq!(&again.expect(201)["id"], id);
    }
    // Not in conflict with what the other has said either.
    let key = fresh_key();
    for (partner, amount) in [(here, "100.00"), (there, "200.00")] {
        let create = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, amount)).key(&key);
        assert_eq!(partner.send(create).expect(201)["amount"], amount);
    }
}

/// A token is for the mode, the session and the origin that it was made for, while its key stands.
#[test]
fn an_embed_token_is_nothing_elsewhere() {
    let key = MasterKey::new("5a");
    let flags = ["--mode=both", "--sandbox-hosts=sandbox.gate.example", "--live-hosts=gate.example"];
    let server = Server::start(&key.flags(&flags));
    let sandbox = server.demo();
    let live = server.operator().partner_of(&sandbox.account, Rights { mode: "live", ..Rights::ALL });
    let token = |partner: &Partner| {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        let told = bootstrap(partner, &session["client_secret"]).expect(201);
        (told["embed_token"].as_str().unwrap().to_owned(), session["id"].clone())
    };
    let ask = |token: &str, host: &str| {
        let request = Request::get("/v1/embed/session").header("X-Embed-Token", token);
        sandbox.send_as_is(&request.header("Host", host))
    };
    let tokens = [token(&sandbox), token(&live)];
    let hosts = ["sandbox.gate.example", "gate.example"];
    for at in [0, 1] {
        let (token, session) = &tokens[at];
        assert_eq!(&ask(token, hosts[at]).expect(200)["id"], session);
        ask(token, hosts[1 - at]).expect_refusal(401, "invalid_key");
        let (other, _) = &tokens[1 - at];
        let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (ours, theirs) = (parts(token), parts(other));
        // Each part of the other mode's in the place of this one's: a key id, a claim, a signature.
        for changed in 0..3 {
            let mut mixed = ours.clone();
            mixed[changed].clone_from(&theirs[changed]);
            if mixed != ours {
                ask(&mixed.join("."), hosts[at]).expect_refusal(401, "invalid_key");
            }
        }
    }
    ends_with_its_key_and_its_origin(&server, &sandbox, "sandbox");
    ends_with_its_key_and_its_origin(&server, &live, "live");
}

fn ends_with_its_key_and_its_origin(server: &Server, partner: &Partner, mode: &str) {
    let operator = server.operator();
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let token = |partner: &Partner| {
        let told = bootstrap(partner, &session["client_secret"]).expect(201);
        told["embed_token"].as_str().unwrap().to_owned()
    };
    let (key, id) = operator.key(&partner.account, mode, "publishable");
    let mut short_lived = partner.clone();
    short_lived.publishable = key;
    let (doomed, kept) = (token(&short_lived), token(partner));
    let show = |token: &str| partner.send_as_is(&Request::get("/v1/embed/session").header("X-Embed-Token", token));
    let confirm = |token: &str| {
        let body = json!({ "payment_method": "sepa_instant" });
        partner.send_as_is(&Request::post("/v1/embed/confirm").json(&body).header("X-Embed-Token", token))
    };
    assert_eq!(show(&doomed).expect(200)["id"], session["id"]);
    operator.done("DELETE", &format!("/operator/accounts/{}/keys/{id}", partner.account), &Value::Null);
    show(&doomed).expect_refusal(401, "invalid_key");
    confirm(&doomed).expect_refusal(401, "invalid_key");
    assert_eq!(show(&kept).expect(200)["id"], session["id"], "another key of the account still stands");
    let origins = |origins: Value| {
        let path = format!("/operator/accounts/{}/origins", partner.account);
        operator.done("PUT", &path, &json!({ "mode": mode, "origins": origins }));
    };
    origins(json!([]));
    show(&kept).expect_refusal(403, "origin_not_allowed");
    confirm(&kept).expect_refusal(403, "origin_not_allowed");
    origins(json!([partner.origin]));
    assert_eq!(show(&kept).expect(200)["id"], session["id"]);
    assert_eq!(partner.read_session(&session["id"])["status"], "open", "nobody has confirmed it");
}
