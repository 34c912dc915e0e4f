//! What the contract says of each operation: its credential, its entitlement, whether it names an object.

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, customer_body, lock_body, session_body, with, without};
use serde_json::{Value, json};

use super::ground::{Ground, open};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    Secret,
    Publishable,
    Embed,
}

pub struct Row {
    pub id: &'static str,
    pub credential: Credential,
    /// The entitlement that the request needs, as the operator names it.
    pub entitlement: Option<&'static str>,
    /// Whether path or body name an object that belongs to somebody.
    pub names_an_object: bool,
    /// A request that the owner may make, with what it is about made anew.
    pub ask: fn(&Ground) -> Asked,
}

/// A request without its credential.
pub struct Asked {
    pub request: Request,
    /// Where the owner reads what it is about.
    pub reads: Vec<String>,
    /// The session that the owner's embed token is for.
    pub session: Option<Value>,
}

pub const ROWS: &[Row] = &[
    row("listSessions", |_| get("/v1/gate_sessions")),
    row("createSession", |_| post("/v1/gate_sessions", &session_body(Kind::PayIn, "100.00"))),
    // Two members of its body need what the rest of it does not.
    row("createSession", |_| session_with(json!({ "kyc_package": { "status": "approved" } }))).needs("kyc_package"),
    row("createSession", |_| session_with(json!({ "flow": "swap" }))).needs("swap"),
    row("retrieveSession", |ground| {
        let path = session_path(&open(&ground.owner));
        get(&path).reading([path])
    })
    .of_an_object(),
    row("cancelSession", |ground| {
        let path = session_path(&open(&ground.owner));
        act(format!("{path}/cancel")).reading([path])
    })
    .of_an_object(),
    row("listCountries", |_| get("/v1/capabilities/countries")),
    row("listCurrencies", |_| get("/v1/capabilities/currencies")),
    row("listAssets", |_| get("/v1/capabilities/assets")),
    row("getAsset", |_| get("/v1/capabilities/assets/USDC")),
    row("listPaymentMethods", |_| get("/v1/capabilities/payment-methods")),
    row("listPayoutMethods", |_| get("/v1/capabilities/payout-methods")),
    row("checkEligibility", |_| get("/v1/capabilities/eligibility")),
    row("previewQuotes", |_| post("/v1/quotes/preview", &without(lock_body(Kind::PayIn, "100.00"), "payment_method"))),
    row("listTransactions", |_| get("/v1/transactions")),
    row("retrieveTransaction", |ground| {
        let payment = ground.owner.start(Kind::PayIn, "100.06");
        let path = format!("/v1/transactions/{}", text(&payment["transaction_refid"]));
        get(&path).reading([path])
    })
    .of_an_object(),
    Row {
        credential: Credential::Publishable,
        ..row("createEmbedToken", |ground| {
            let session = open(&ground.owner);
            let body = json!({ "clientSecret": session["client_secret"] });
            post("/v1/embed/bootstrap", &body).reading([session_path(&session)])
        })
        .of_an_object()
    },
    // A token names its own session and no other.
    hosted("retrieveEmbedSession", |ground| get("/v1/embed/session").hosting(open(&ground.owner))),
    hosted("listEmbedPaymentMethods", |ground| get("/v1/embed/payment-methods").hosting(open(&ground.owner))),
    hosted("listEmbedPreviews", |ground| get("/v1/embed/previews").hosting(open(&ground.owner))),
    hosted("confirmEmbedSession", |ground| {
        post("/v1/embed/confirm", &json!({ "payment_method": "sepa_instant" })).hosting(open(&ground.owner))
    }),
    row("getBranding", |_| get("/v1/branding")),
    row("updateBranding", |_| patch("/v1/branding", &json!({ "brand_name": "Shop" }))),
    row("createCustomer", |_| post("/v1/customers", &customer_body())).needs("customers"),
    row("listCustomers", |_| get("/v1/customers")).needs("customers"),
    row("getCustomer", |ground| {
        let path = customer_path(ground);
        get(&path).reading([path])
    })
    .needs("customers")
    .of_an_object(),
    row("updateCustomer", |ground| {
        let path = customer_path(ground);
        patch(&path, &json!({ "first_name": "Eve" })).reading([path])
    })
    .needs("customers")
    .of_an_object(),
    row("deleteCustomer", |ground| {
        let path = customer_path(ground);
        asked(Request::new("DELETE", &path)).reading([path])
    })
    .needs("customers")
    .of_an_object(),
    row("listPartnerWebhookDeliveries", |_| get("/v1/webhooks/deliveries")),
    row("replayWebhookDelivery", |ground| {
        let path = format!("/v1/webhooks/deliveries/{}/replay", text(&ground.dead_delivery()["id"]));
        act(path).reading(["/v1/webhooks/deliveries?status=dead_lettered".to_owned()])
    })
    .of_an_object(),
    row("sendTestWebhook", |_| act("/v1/webhooks/test".to_owned())),
    row("lockQuote", |_| post("/v1/quotes", &lock_body(Kind::PayIn, "100.00"))).needs("rails"),
    row("retrieveSignedQuote", |ground| {
        let path = format!("/v1/quotes/{}", text(&ground.owner.lock(&lock_body(Kind::PayIn, "100.00"))["id"]));
        get(&path).reading([path])
    })
    .needs("rails")
    .of_an_object(),
    row("createPayIn", |ground| redemption(ground, Kind::PayIn)).needs("rails").of_an_object(),
    row("retrievePayIn", |ground| payment(ground, Kind::PayIn)).needs("rails").of_an_object(),
    row("createPayOut", |ground| redemption(ground, Kind::PayOut)).needs("rails").of_an_object(),
    row("retrievePayOut", |ground| payment(ground, Kind::PayOut)).needs("rails").of_an_object(),
    row("completeSession", |ground| {
        let session = open(&ground.owner);
        let path = format!("/v1/test_helpers/gate_sessions/{}/complete", text(&session["id"]));
        post(&path, &json!({ "outcome": "completed" })).reading([session_path(&session)])
    })
    .of_an_object(),
    row("settlePayIn", |ground| helper(ground, Kind::PayIn, "settle")).needs("rails").of_an_object(),
    row("failPayIn", |ground| helper(ground, Kind::PayIn, "fail")).needs("rails").of_an_object(),
    row("cancelPayIn", |ground| helper(ground, Kind::PayIn, "cancel")).needs("rails").of_an_object(),
    row("verifyPayIn", |ground| helper(ground, Kind::PayIn, "verify")).of_an_object(),
    row("settlePayOut", |ground| helper(ground, Kind::PayOut, "settle")).needs("rails").of_an_object(),
    row("failPayOut", |ground| helper(ground, Kind::PayOut, "fail")).needs("rails").of_an_object(),
    row("cancelPayOut", |ground| helper(ground, Kind::PayOut, "cancel")).needs("rails").of_an_object(),
    row("verifyPayOut", |ground| helper(ground, Kind::PayOut, "verify")).of_an_object(),
];

const fn row(id: &'static str, ask: fn(&Ground) -> Asked) -> Row {
    Row { id, credential: Credential::Secret, entitlement: None, names_an_object: false, ask }
}

const fn hosted(id: &'static str, ask: fn(&Ground) -> Asked) -> Row {
    Row { credential: Credential::Embed, ..row(id, ask) }
}

impl Row {
    const fn needs(self, entitlement: &'static str) -> Row {
        Row { entitlement: Some(entitlement), ..self }
    }

    const fn of_an_object(self) -> Row {
        Row { names_an_object: true, ..self }
    }
}

impl Asked {
    fn reading(self, paths: impl IntoIterator<Item = String>) -> Asked {
        Asked { reads: paths.into_iter().collect(), ..self }
    }

    fn hosting(self, session: Value) -> Asked {
        let path = session_path(&session);
        Asked { session: Some(session), ..self }.reading([path])
    }
}

fn asked(request: Request) -> Asked {
    Asked { request, reads: Vec::new(), session: None }
}

fn get(path: &str) -> Asked {
    asked(Request::get(path))
}

fn post(path: &str, body: &Value) -> Asked {
    asked(Request::post(path).json(body))
}

fn session_with(members: Value) -> Asked {
    post("/v1/gate_sessions", &with(session_body(Kind::PayIn, "100.00"), members))
}

fn patch(path: &str, body: &Value) -> Asked {
    asked(Request::new("PATCH", path).json(body))
}

fn act(path: String) -> Asked {
    asked(Request::post(path))
}

fn redemption(ground: &Ground, kind: Kind) -> Asked {
    let body = ground.owner.prepare(kind, "100.00");
    let (quote, session) = (text(&body["quote_id"]), text(&body["session_id"]));
    post(&kind.path(), &body).reading([format!("/v1/quotes/{quote}"), format!("/v1/gate_sessions/{session}")])
}

fn payment(ground: &Ground, kind: Kind) -> Asked {
    let path = format!("{}/{}", kind.path(), text(&ground.owner.start(kind, "100.06")["id"]));
    get(&path).reading([path])
}

/// On a payment that waits for the rail, or for the step-up's end.
fn helper(ground: &Ground, kind: Kind, action: &str) -> Asked {
    let payment = ground.owner.start(kind, if action == "verify" { "100.05" } else { "100.06" });
    let id = text(&payment["id"]);
    let session = format!("/v1/gate_sessions/{}", text(&payment["session_id"]));
    act(kind.helper(id, action)).reading([format!("{}/{id}", kind.path()), session])
}

fn session_path(session: &Value) -> String {
    format!("/v1/gate_sessions/{}", text(&session["id"]))
}

fn customer_path(ground: &Ground) -> String {
    format!("/v1/customers/{}", text(&ground.owner.customer()["id"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
