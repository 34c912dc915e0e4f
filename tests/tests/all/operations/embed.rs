//! What a hosted widget calls with its token.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, fresh_key, session_body, with};
use causeway_tests::poll::{SOON, poll};
use serde_json::{Value, json};

use super::common::*;
use crate::all::shared::Stage;

const SESSION: &str = "/v1/embed/session";
const METHODS: &str = "/v1/embed/payment-methods";
const PREVIEWS: &str = "/v1/embed/previews";
const CONFIRM: &str = "/v1/embed/confirm";

const ONE_SESSION: Situation = Situation::NotApplicable("a token names its own session and no other");

pub const OPERATIONS: &[Operation] = &[
    Operation {
        id: "retrieveEmbedSession",
        prepare: |partner| Request::get(SESSION).header("X-Embed-Token", &fresh_token(partner)),
        works: Situation::Shown(shows_the_session),
        wrong_credential: Situation::Shown(wrong_tokens),
        other_partners_object: ONE_SESSION,
        bad_body: NO_BODY,
        repeated_key: REPEATABLE,
        refused_state: ANY_STATE,
    },
    Operation {
        id: "listEmbedPaymentMethods",
        prepare: |partner| Request::get(METHODS).header("X-Embed-Token", &fresh_token(partner)),
        works: Situation::Shown(lists_methods),
        wrong_credential: Situation::Shown(wrong_tokens),
        other_partners_object: ONE_SESSION,
        bad_body: NO_BODY,
        repeated_key: REPEATABLE,
        refused_state: Situation::Shown(refused_unless_open),
    },
    Operation {
        id: "listEmbedPreviews",
        prepare: |partner| Request::get(PREVIEWS).header("X-Embed-Token", &fresh_token(partner)),
        works: Situation::Shown(previews_what_is_confirmed),
        wrong_credential: Situation::Shown(wrong_tokens),
        other_partners_object: ONE_SESSION,
        bad_body: NO_BODY,
        repeated_key: REPEATABLE,
        refused_state: Situation::Shown(refused_unless_open),
    },
    Operation {
        id: "confirmEmbedSession",
        prepare: |partner| {
            let choice = json!({ "payment_method": "sepa_instant" });
            Request::post(CONFIRM).json(&choice).header("X-Embed-Token", &fresh_token(partner))
        },
        works: Situation::Shown(completes_a_hosted_flow),
        wrong_credential: Situation::Shown(wrong_tokens),
        other_partners_object: ONE_SESSION,
        bad_body: Situation::Shown(bad_bodies),
        repeated_key: Situation::Shown(repeats_for_its_own_session),
        refused_state: Situation::Shown(refused_when_busy_or_ended),
    },
];

six_situations!();

fn fresh_token(partner: &Partner) -> String {
    token(partner, &partner.session(&session_body(Kind::PayIn, "100.00")))
}

fn token(partner: &Partner, session: &Value) -> String {
    let body = json!({ "clientSecret": session["client_secret"] });
    let told = partner.browse(Request::post("/v1/embed/bootstrap").json(&body)).expect(201);
    told["embed_token"].as_str().unwrap().to_owned()
}

/// A widget on the partner's page.
struct Widget<'p> {
    partner: &'p Partner,
    session: Value,
    token: String,
}

impl<'p> Widget<'p> {
    fn open(partner: &'p Partner, session: Value) -> Widget<'p> {
        let session = partner.session(&session);
        let token = token(partner, &session);
        Widget { partner, session, token }
    }

    fn send(&self, request: Request) -> causeway_tests::http::Response {
        let request = request.header("X-Embed-Token", &self.token).header("Origin", &self.partner.origin);
        let told = self.partner.send_as_is(&request);
        assert_eq!(told.header("Access-Control-Allow-Origin"), Some(self.partner.origin.as_str()));
        assert_eq!(told.header("Access-Control-Allow-Credentials"), None);
        told
    }

    fn get(&self, path: &str) -> causeway_tests::http::Response {
        self.send(Request::get(path))
    }

    fn confirm(&self, choice: &Value) -> causeway_tests::http::Response {
        self.send(Request::post(CONFIRM).json(choice))
    }
}

fn shows_the_session(stage: &Stage, _: &Operation) {
    let asked = json!({ "user_reference": "user-42", "metadata": { "margin": "high" } });
    let widget = Widget::open(&stage.carol, with(session_body(Kind::PayIn, "100.00"), asked));
    let shown = widget.get(SESSION).expect(200);
    for name in ["id", "mode", "status", "amount", "currency", "flow", "target_token", "return_url", "expires_at"] {
        assert_eq!(shown[name], widget.session[name], "{name}");
    }
    assert!(shown["movement"].is_null());
    assert!(shown["branding"].is_object());
    let text = shown.to_string();
    assert!(!text.contains("user-42") && !text.contains("margin"), "the partner's own stays hidden: {text}");
}

fn lists_methods(stage: &Stage, _: &Operation) {
    let widget = Widget::open(&stage.carol, session_body(Kind::PayIn, "100.00"));
    let ids = |path: &str| -> Vec<Value> {
        let list = widget.get(path).expect(200);
        list["data"].as_array().unwrap().iter().map(|method| method["id"].clone()).collect()
    };
    assert_eq!(ids(METHODS), ["card", "sepa_credit", "sepa_instant"]);
    assert!(ids(&format!("{METHODS}?country_code=BR")).is_empty());
    let bare = stage.carol.browse(Request::post("/v1/embed/bootstrap")).expect(201);
    let bare = bare["embed_token"].as_str().unwrap();
    let brazil = Request::get(format!("{METHODS}?currency=brl")).header("X-Embed-Token", bare);
    assert_eq!(stage.carol.send_as_is(&brazil).expect(200)["data"][0]["id"], "pix");
    let all = stage.carol.send_as_is(&Request::get(METHODS).header("X-Embed-Token", bare)).expect(200);
    assert!(all["data"].as_array().unwrap().len() > 4, "without a session: all of them");
    for path in [SESSION, PREVIEWS] {
        let request = Request::get(path).header("X-Embed-Token", bare);
        stage.carol.send_as_is(&request).expect_refusal(403, "insufficient_scope");
    }
}

fn previews_what_is_confirmed(stage: &Stage, _: &Operation) {
    for kind in Kind::BOTH {
        let widget = Widget::open(&stage.carol, session_body(kind, "300.00"));
        let shown = widget.get(PREVIEWS).expect(200)["data"].as_array().unwrap().clone();
        assert!(shown.len() > 1);
        let preview = &shown[1];
        let movement = widget.confirm(&json!({ "payment_method": preview["payment_method"] })).expect(201);
        for name in ["currency", "asset", "payment_method", "fiat_amount", "crypto_amount", "exchange_rate", "fees"] {
            assert_eq!(movement[name], preview[name], "{name}");
        }
    }
}

/// An ordinary partner, without the rails entitlement: bootstrap, look, choose, confirm, and the end of it.
fn completes_a_hosted_flow(stage: &Stage, _: &Operation) {
    let open = json!({ "flow": null, "target_token": null });
    for choice in [
        json!({ "payment_method": "card" }),
        json!({ "payment_method": "sepa_instant", "side": "off_ramp", "asset": "ETH" }),
        json!({ "payment_method": "sepa_credit", "asset": "btc", "device": {
            "fingerprint": "f00d", "time_zone": "Etc/GMT+5", "language": "pt-BR", "screen": "390x844"
        } }),
    ] {
        let widget = Widget::open(&stage.carol, with(session_body(Kind::PayIn, "300.00"), open.clone()));
        let movement = widget.confirm(&choice).expect(201);
        assert_eq!((&movement["status"], &movement["session_id"]), (&json!("processing"), &widget.session["id"]));
        assert!(movement.get("metadata").is_none() && movement.get("id").is_none());
        let ended = poll(SOON, "the hosted flow ends", || {
            let shown = widget.get(SESSION).expect(200);
            (shown["status"] == "completed").then_some(shown)
        });
        assert_eq!(ended["movement"]["status"], "settled");
        let path = format!("/v1/transactions/{}", ended["movement"]["transaction_refid"].as_str().unwrap());
        let transaction = stage.carol.get(&path).expect(200);
        assert_eq!((&transaction["status"], &transaction["session_id"]), (&json!("completed"), &widget.session["id"]));
    }
    let widget = Widget::open(&stage.carol, session_body(Kind::PayIn, "300.04"));
    let declined = widget.confirm(&json!({ "payment_method": "card" })).expect(201);
    assert_eq!((&declined["status"], &declined["failure_code"]), (&json!("failed"), &json!("risk_declined")));
    let shown = widget.get(SESSION).expect(200);
    assert_eq!((&shown["status"], &shown["movement"]["status"]), (&json!("open"), &json!("failed")));
}

/// The user is asked to be verified, is, and the flow goes on: without the rails entitlement, too.
#[test]
fn a_step_up_is_carried_through() {
    let carol = &crate::all::shared::stage().carol;
    let widget = Widget::open(carol, session_body(Kind::PayIn, "300.05"));
    let waiting = widget.confirm(&json!({ "payment_method": "card" })).expect(201);
    assert_eq!(waiting["next_action"]["type"], "verify");
    let url = waiting["next_action"]["url"].as_str().unwrap();
    let (_, payment) = url.rsplit_once('/').unwrap();
    carol.act(&format!("/v1/test_helpers/rails/pay_ins/{payment}/verify")).expect(200);
    poll(SOON, "the verified flow ends", || (widget.get(SESSION).expect(200)["status"] == "completed").then_some(()));
}

/// Twenty clicks at once move money once.
#[test]
fn parallel_confirmations_move_money_once() {
    let carol = &crate::all::shared::stage().carol;
    let widget = Widget::open(carol, session_body(Kind::PayIn, "100.00"));
    let choice = json!({ "payment_method": "card" });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clicks: Vec<_> = (0..20).map(|_| scope.spawn(|| widget.confirm(&choice).status)).collect();
        clicks.into_iter().map(|click| click.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    let path = format!("/v1/transactions?session_id={}", widget.session["id"].as_str().unwrap());
    assert_eq!(carol.get(&path).expect(200)["data"].as_array().unwrap().len(), 1);
}

fn wrong_tokens(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    let request = (operation.prepare)(alice);
    let good = request.headers.get("X-Embed-Token").unwrap().to_owned();
    let bare = || request.clone().without("X-Embed-Token");
    alice.send_as_is(&bare()).expect_refusal(401, "missing_key");
    for key in [&alice.secret, &alice.publishable] {
        alice.send_as_is(&bare().bearer(key)).expect_refusal(401, "key_kind_not_allowed");
    }
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let flipped: String = signature.chars().rev().collect();
    for token in ["", "x", signed, &format!("{signed}."), &format!("{signed}.{flipped}"), &format!("{good}="), &alice.publishable] {
        let refused = alice.send_as_is(&bare().header("X-Embed-Token", token));
        refused.expect_refusal(401, "invalid_key");
    }
    alice.send_as_is(&request.clone().also("X-Embed-Token", &good)).expect_refusal(401, "invalid_key");
    for origin in ["https://evil.example", &stage.bob.origin, "null"] {
        let refused = alice.send_as_is(&request.clone().header("Origin", origin));
        refused.expect_refusal(403, "origin_not_allowed");
        assert_eq!(refused.header("Access-Control-Allow-Origin"), None);
    }
    let granted = alice.send_as_is(&request);
    assert!(granted.status < 300, "{}", granted.text());
}

fn bad_bodies(stage: &Stage, operation: &Operation) {
    let bodies = vec![
        missing("payment_method"),
        wrong("payment_method", json!(1)),
        wrong("payment_method", json!("")),
        refused("payment_method", json!("cash"), "method_unavailable"),
        wrong("side", json!("swap")),
        wrong("asset", json!("U")),
        wrong("device", json!("phone")),
        unknown("amount"),
        unknown("quote_id"),
    ];
    refuses_bodies(&stage.alice, operation, bodies);
}

fn repeats_for_its_own_session(stage: &Stage, operation: &Operation) {
    replays(&stage.alice, operation, Some(json!({ "payment_method": "card" })));
    let key = fresh_key();
    let [one, other] = [(), ()].map(|()| Widget::open(&stage.carol, session_body(Kind::PayIn, "100.00")));
    for widget in [&one, &other] {
        let request = Request::post(CONFIRM).json(&json!({ "payment_method": "card" })).key(&key);
        let movement = widget.send(request);
        assert_eq!(movement.header("Idempotent-Replayed"), None, "another user's key is another key");
        assert_eq!(movement.expect(201)["session_id"], widget.session["id"]);
    }
}

fn refused_unless_open(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice);
    let shown = stage.alice.send_as_is(&Request { path: SESSION.to_owned(), ..request.clone() }).expect(200);
    let path = format!("/v1/gate_sessions/{}/cancel", shown["id"].as_str().unwrap());
    stage.alice.act(&path).expect(201);
    stage.alice.send_as_is(&request).expect_refusal(409, "session_not_open");
    let shown = stage.alice.send_as_is(&Request { path: SESSION.to_owned(), ..request }).expect(200);
    assert_eq!(shown["status"], "cancelled", "how it ended is shown all the same");
}

fn refused_when_busy_or_ended(stage: &Stage, _: &Operation) {
    let card = json!({ "payment_method": "card" });
    let busy = Widget::open(&stage.carol, session_body(Kind::PayIn, "100.05"));
    busy.confirm(&card).expect(201);
    busy.confirm(&card).expect_refusal(409, "session_busy");
    let ended = Widget::open(&stage.carol, session_body(Kind::PayIn, "100.00"));
    stage.carol.act(&format!("/v1/gate_sessions/{}/cancel", ended.session["id"].as_str().unwrap())).expect(201);
    ended.confirm(&card).expect_refusal(409, "session_not_open");
    let fixed = Widget::open(&stage.carol, session_body(Kind::PayOut, "100.00"));
    for choice in [json!({ "side": "on_ramp" }), json!({ "asset": "DOGE" })] {
        fixed.confirm(&with(card.clone(), choice)).expect_refusal(409, "quote_mismatch");
    }
    let swap = with(session_body(Kind::PayIn, "100.00"), json!({ "flow": "swap" }));
    let swap = Widget::open(&stage.alice, swap);
    swap.confirm(&card).expect_refusal(501, "not_enabled");
    swap.get(PREVIEWS).expect_refusal(501, "not_enabled");
}
