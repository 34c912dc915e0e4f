//! For each operation a request that works, in the situation that it needs.

use serde_json::{Value, json};

use super::super::Operation;
use crate::auth::Credential;
use crate::fixture::{Partner, World};

/// A request.
#[derive(Clone)]
pub struct Sample {
    pub path: String,
    pub body: Option<Value>,
    /// The embed token, where the operation takes one.
    pub token: Option<String>,
}

/// How far the object of a request has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The operation can do its work.
    Ready,
    /// It comes too late.
    Ended,
}

/// A session, a quote and a payment of a partner.
pub struct Journey<'w> {
    pub world: &'w World,
    pub partner: Partner,
    pub flow: &'static str,
}

impl Journey<'_> {
    pub async fn session(&self) -> Value {
        let body = json!({
            "amount": "100.00", "currency": "EUR", "flow": self.flow, "return_url": "https://shop.example/done",
            "target_network": "ethereum"
        });
        self.write("/v1/gate_sessions", body).await
    }

    /// The id of a session that is open, or completed.
    async fn session_that_is(&self, standing: Standing) -> Value {
        match standing {
            Standing::Ready => self.session().await["id"].clone(),
            Standing::Ended => self.settled().await["session_id"].clone(),
        }
    }

    async fn cancel(&self, session: &Value) {
        let path = format!("/v1/gate_sessions/{}/cancel", session["id"].as_str().unwrap());
        self.world.post(&path).key(self.partner.secret()).send().await.expect(201);
    }

    /// An embed token for a session.
    pub async fn token(&self, session: &Value) -> String {
        let ask = self.world.post("/v1/embed/bootstrap").key(self.partner.publishable());
        let ask = ask.header("origin", &format!("https://{}.example", self.partner.0));
        let told = ask.json(json!({ "clientSecret": session["client_secret"] })).send().await;
        told.expect(201)["embed_token"].as_str().unwrap().to_owned()
    }

    pub async fn quote(&self) -> Value {
        let amount = if self.flow == "on_ramp" { "100.00" } else { "50.00" };
        self.write("/v1/quotes", lock(self.flow, amount)).await
    }

    pub async fn payment(&self) -> Value {
        let body = json!({
            "quote_id": self.quote().await["id"], "session_id": self.session().await["id"], "metadata": { "order": "1" }
        });
        self.write(self.payments(), body).await
    }

    /// A payment that waits for its user's verification.
    pub async fn waiting(&self) -> Value {
        let session = json!({ "amount": "100.05", "currency": "EUR", "return_url": "https://shop.example/done" });
        let session = self.write("/v1/gate_sessions", session).await;
        let quote =
            self.write("/v1/quotes", lock(self.flow, if self.flow == "on_ramp" { "100.05" } else { "50.05" })).await;
        self.write(self.payments(), json!({ "quote_id": quote["id"], "session_id": session["id"] })).await
    }

    pub async fn settled(&self) -> Value {
        let payment = self.payment().await;
        let path = format!("/v1/test_helpers{}/{}/settle", &self.payments()[3..], payment["id"].as_str().unwrap());
        self.world.post(&path).key(self.partner.secret()).send().await.expect(200)
    }

    pub async fn customer(&self) -> Value {
        self.write("/v1/customers", customer()).await
    }

    /// One that was deleted.
    pub async fn gone(&self) -> Value {
        let customer = self.customer().await;
        let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
        self.world.ask(http::Method::DELETE, &path).key(self.partner.secret()).send().await.expect(200);
        customer
    }

    fn payments(&self) -> &'static str {
        if self.flow == "on_ramp" { "/v1/rails/pay_ins" } else { "/v1/rails/pay_outs" }
    }

    async fn write(&self, path: &str, body: Value) -> Value {
        static KEYS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let once = format!("journey-{}", KEYS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.world.post(path).key(self.partner.secret()).once(&once).json(body).send().await.expect(201)
    }
}

pub fn lock(side: &str, amount: &str) -> Value {
    json!({ "currency": "EUR", "asset": "USDC", "amount": amount, "side": side, "payment_method": "sepa_instant" })
}

/// A customer whom nobody else has.
pub fn customer() -> Value {
    static PEOPLE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = PEOPLE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    json!({ "email": format!("person-{number}@people.example"), "first_name": "Ann" })
}

pub fn preview(side: &str, amount: &str) -> Value {
    json!({ "currency": "EUR", "asset": "USDC", "amount": amount, "side": side, "country_code": "DE" })
}

/// A body that needs no object.
fn asked(operation: &Operation) -> Value {
    match operation.id {
        "previewQuotes" => preview("on_ramp", "100.00"),
        _ => json!({ "brand_name": "Shop", "primary_color": "#102030" }),
    }
}

/// A request for `operation` about objects of `partner`.
pub async fn of(world: &World, operation: &Operation, partner: Partner, standing: Standing) -> Sample {
    let flow = if operation.path.contains("pay_outs") { "off_ramp" } else { "on_ramp" };
    let journey = Journey { world, partner, flow };
    let ready = standing == Standing::Ready;
    if let Credential::Embed(_) = operation.credential {
        return of_widget(&journey, operation, ready).await;
    }
    let (id, body) = match operation.id {
        "listSessions"
        | "listTransactions"
        | "listCustomers"
        | "listPartnerWebhookDeliveries"
        | "listCountries"
        | "listCurrencies"
        | "listAssets"
        | "listPaymentMethods"
        | "listPayoutMethods"
        | "checkEligibility"
        | "getBranding" => (Value::Null, None),
        "getAsset" => (json!("USDC"), None),
        "previewQuotes" | "updateBranding" => (Value::Null, Some(asked(operation))),
        "createSession" => {
            let body = json!({ "amount": "100.00", "currency": "EUR", "return_url": "https://shop.example/done" });
            (Value::Null, Some(body))
        }
        "retrieveSession" => (journey.session().await["id"].clone(), None),
        "cancelSession" | "completeSession" => (
            journey.session_that_is(standing).await,
            (operation.id == "completeSession").then(|| json!({ "outcome": "completed" })),
        ),
        "replayWebhookDelivery" => (world.failed_delivery(partner, ready).await.into(), None),
        "sendTestWebhook" => {
            world.set_endpoint(partner, ready).await;
            (Value::Null, None)
        }
        "retrieveTransaction" => (journey.payment().await["transaction_refid"].clone(), None),
        "createEmbedToken" => {
            let session = journey.session().await;
            if !ready {
                journey.cancel(&session).await;
            }
            (Value::Null, Some(json!({ "clientSecret": session["client_secret"] })))
        }
        "createCustomer" if ready => (Value::Null, Some(customer())),
        "createCustomer" => (Value::Null, Some(json!({ "email": journey.gone().await["email"] }))),
        "getCustomer" | "updateCustomer" | "deleteCustomer" => {
            let customer = if ready { journey.customer().await } else { journey.gone().await };
            let body = (operation.id == "updateCustomer").then(|| json!({ "last_name": "Lee" }));
            (customer["id"].clone(), body)
        }
        _ => of_rails(&journey, operation, ready).await,
    };
    let id = id.as_str().unwrap_or_default();
    Sample { path: path_of(operation, id), body, token: None }
}

/// The same for what a hosted widget asks, with its token.
async fn of_widget(journey: &Journey<'_>, operation: &Operation, ready: bool) -> Sample {
    let session = journey.session().await;
    let token = journey.token(&session).await;
    if !ready {
        journey.cancel(&session).await;
    }
    let body = (operation.id == "confirmEmbedSession").then(|| json!({ "payment_method": "sepa_instant" }));
    Sample { path: operation.path.to_owned(), body, token: Some(token) }
}

/// The same for what moves money: the object's id and the body.
async fn of_rails(journey: &Journey<'_>, operation: &Operation, ready: bool) -> (Value, Option<Value>) {
    match operation.id {
        "lockQuote" => (Value::Null, Some(lock("on_ramp", "100.00"))),
        "retrieveSignedQuote" => (journey.quote().await["id"].clone(), None),
        "createPayIn" | "createPayOut" => {
            let quote =
                if ready { journey.quote().await["id"].clone() } else { journey.payment().await["quote_id"].clone() };
            (Value::Null, Some(json!({ "quote_id": quote, "session_id": journey.session().await["id"] })))
        }
        "verifyPayIn" | "verifyPayOut" => {
            let payment = if ready { journey.waiting().await } else { journey.settled().await };
            (payment["id"].clone(), None)
        }
        "retrievePayIn" | "retrievePayOut" | "settlePayIn" | "settlePayOut" | "failPayIn" | "failPayOut"
        | "cancelPayIn" | "cancelPayOut" => {
            let payment = if ready { journey.payment().await } else { journey.settled().await };
            (payment["id"].clone(), None)
        }
        unknown => panic!("{unknown} has no sample: add one, so that it is tested like all others"),
    }
}

/// The operation's path about the object `id`.
pub fn path_of(operation: &Operation, id: &str) -> String {
    ["{id}", "{refid}", "{symbol}"].iter().fold(operation.path.to_owned(), |path, name| path.replace(name, id))
}

/// A body that differs in substance from every sample's.
pub fn changed(operation: &Operation) -> Value {
    match operation.id {
        "createSession" => json!({ "amount": "100.01", "currency": "EUR", "return_url": "https://shop.example/done" }),
        "createCustomer" => customer(),
        "updateCustomer" => json!({ "last_name": null }),
        "lockQuote" => lock("on_ramp", "100.1"),
        "updateBranding" => json!({ "brand_name": null }),
        "createPayIn" | "createPayOut" => json!({ "quote_id": "qt_test_0", "session_id": "gs_test_0" }),
        "completeSession" => json!({ "outcome": "failed" }),
        "confirmEmbedSession" => json!({ "payment_method": "card" }),
        unknown => panic!("{unknown} has no changed body: add one"),
    }
}

/// How the operation is refused when its object has [`Standing::Ended`]; none when nothing can come too late for it.
pub fn refusal(operation: &Operation) -> Option<(u16, &'static str)> {
    match operation.id {
        "cancelSession" | "completeSession" | "createEmbedToken" | "confirmEmbedSession" => {
            Some((409, "session_not_open"))
        }
        "listEmbedPaymentMethods" | "listEmbedPreviews" => Some((409, "session_not_open")),
        "createPayIn" | "createPayOut" => Some((409, "quote_consumed")),
        "settlePayIn" | "settlePayOut" | "failPayIn" | "failPayOut" | "cancelPayIn" | "cancelPayOut"
        | "verifyPayIn" | "verifyPayOut" => Some((409, "payment_not_waiting")),
        "createCustomer" => Some((409, "customer_already_exists")),
        "updateCustomer" => Some((404, "not_found")),
        "createSession" | "lockQuote" | "deleteCustomer" | "previewQuotes" | "updateBranding" => None,
        "replayWebhookDelivery" | "sendTestWebhook" => Some((400, "invalid_request")),
        _ if operation.verb.word() == "GET" => None,
        unknown => panic!("{unknown} has no refused state: name one"),
    }
}
