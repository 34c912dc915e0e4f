//! The journeys: what a partner does, step by step, and what must come of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::record::{Journey, Step, short};
use crate::api::{Api, Reply};
use crate::failure::Failure;
use crate::sandbox::Operator;
use crate::seed::Seed;

/// How long a payment may take to settle.
const SETTLE_DEADLINE: Duration = Duration::from_secs(15);

/// A journey to perform.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What it shows.
    pub title: &'static str,
    /// `on_ramp` or `off_ramp`.
    pub side: &'static str,
    /// The session's fiat amount.
    pub session_amount: &'static str,
    /// What the user gives.
    pub given: &'static str,
    /// How often rails are asked to move the money.
    pub attempts: u64,
    /// How the payment ends.
    pub ends: Ending,
}

/// How a payment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The money moved.
    Settled,
    /// Risk said no.
    Declined,
}

impl Plan {
    /// The events of the journey, in the order in which they must arrive.
    pub fn events(&self) -> Vec<String> {
        let rail = if self.side == "on_ramp" { "rail.pay_in" } else { "rail.pay_out" };
        let rail = |word: &str| format!("{rail}.{word}");
        let session = |word: &str| format!("gate_session.{word}");
        let begin = vec![session("created"), "quote.consumed".to_owned()];
        let rest = match self.ends {
            Ending::Settled => vec![rail("processing"), session("processing"), rail("settled"), session("completed")],
            Ending::Declined => vec![rail("failed"), session("failed")],
        };
        [begin, rest].concat()
    }

    fn payments(&self) -> &'static str {
        if self.side == "on_ramp" { "/v1/rails/pay_ins" } else { "/v1/rails/pay_outs" }
    }
}

/// Who calls: the partner's server with its secret key, its page with the publishable one, and beside them the operator.
pub struct Partner {
    /// Its account.
    pub account: String,
    /// Calls with the secret key.
    pub server: Api,
    /// Calls with the publishable key.
    pub browser: Api,
    /// Sees what partners do not.
    pub operator: Operator,
    /// Where the page comes from.
    pub origin: String,
    /// The random numbers.
    pub seed: Seed,
}

/// A journey under way.
pub struct Walk<'a> {
    partner: &'a mut Partner,
    plan: Plan,
    journey: Journey,
    on_step: &'a dyn Fn(&Step),
}

impl<'a> Walk<'a> {
    /// Performs the plan. What is not as it should be ends the journey and stands in its record; no answer at all ends the demo.
    pub async fn perform(partner: &'a mut Partner, plan: Plan, on_step: &'a dyn Fn(&Step)) -> Journey {
        let journey = Journey::new(plan.title);
        let mut walk = Walk { partner, plan, journey, on_step };
        if let Err(failure) = walk.steps().await {
            walk.journey.wrong = Some(failure.to_string());
        }
        walk.journey
    }

    async fn steps(&mut self) -> Result<(), Failure> {
        let attempts = self.partner.operator.rail_attempts().await?;
        self.journey.start = Instant::now();
        let session = self.create_session().await?;
        self.bootstrap(session.text("client_secret")).await?;
        let quote = self.lock_quote().await?;
        let payment = self.create_payment().await?;
        let payment = match self.plan.ends {
            Ending::Settled => self.poll_until_settled(&payment).await?,
            Ending::Declined => payment,
        };
        same("the quote's and the payment's fiat_amount", quote.text("fiat_amount"), payment.text("fiat_amount"))?;
        self.retrieve_transaction(&payment).await?;
        self.retrieve_session(&payment).await?;
        self.retrieve_quote(&payment).await?;
        self.count_attempts(attempts).await
    }

    async fn create_session(&mut self) -> Result<Reply, Failure> {
        let key = self.partner.seed.key();
        let body = json!({
            "amount": self.plan.session_amount,
            "currency": "EUR",
            "flow": self.plan.side,
            "target_token": "USDC",
            "return_url": "https://partner.example/complete",
            "user_reference": format!("demo-{}", &key[..8]),
            "metadata": {"order_id": format!("order-{}", &key[..8])},
        });
        let at = self.journey.start.elapsed();
        let reply = self.partner.server.post("/v1/gate_sessions", &key, &body);
        let reply = reply.await?.expect(201, "creating a session")?;
        same("the session's status", reply.text("status"), "open")?;
        self.journey.session = reply.text("id").to_owned();
        let outcome = format!("{} open, {} EUR {}", short(reply.text("id")), reply.text("amount"), reply.text("flow"));
        self.done("create session", at, reply.took, outcome);
        Ok(reply)
    }

    /// What the partner's page does with the client secret.
    async fn bootstrap(&mut self, client_secret: &str) -> Result<(), Failure> {
        let at = self.journey.start.elapsed();
        let (origin, body) = (self.partner.origin.clone(), json!({"clientSecret": client_secret}));
        let headers = [("Origin", origin.as_str())];
        let reply = self.partner.browser.call("POST", "/v1/embed/bootstrap", &headers, Some(&body));
        let reply = reply.await?.expect(201, "bootstrapping the widget")?;
        same("the token's session", reply.text("session_id"), &self.journey.session)?;
        same("Access-Control-Allow-Origin", reply.header("access-control-allow-origin").unwrap_or_default(), &origin)?;
        self.done("bootstrap widget", at, reply.took, format!("embed token for {origin}"));
        Ok(())
    }

    async fn lock_quote(&mut self) -> Result<Reply, Failure> {
        let body = json!({
            "currency": "EUR",
            "asset": "USDC",
            "amount": self.plan.given,
            "side": self.plan.side,
            "payment_method": "sepa_instant",
        });
        let key = self.partner.seed.key();
        let at = self.journey.start.elapsed();
        let reply = self.partner.server.post("/v1/quotes", &key, &body);
        let reply = reply.await?.expect(201, "locking a quote")?;
        same("the quote's status", reply.text("status"), "active")?;
        self.journey.quote = reply.text("id").to_owned();
        let (fiat, crypto, rate) =
            (reply.text("fiat_amount"), reply.text("crypto_amount"), reply.text("exchange_rate"));
        let outcome = format!("{} {fiat} EUR = {crypto} USDC at {rate}", short(reply.text("id")));
        self.done("lock quote", at, reply.took, outcome);
        Ok(reply)
    }

    /// Creates the payment and repeats the request as a client does that heard no answer: the answer must be the same.
    async fn create_payment(&mut self) -> Result<Reply, Failure> {
        let body = json!({"quote_id": self.journey.quote, "session_id": self.journey.session});
        let (path, key) = (self.plan.payments(), self.partner.seed.key());
        let at = self.journey.start.elapsed();
        let reply = self.partner.server.post(path, &key, &body);
        let reply = reply.await?.expect(201, "creating the payment")?;
        let (status, code) = match self.plan.ends {
            Ending::Settled => ("processing", ""),
            Ending::Declined => ("failed", "risk_declined"),
        };
        same("the payment's status", reply.text("status"), status)?;
        same("the payment's failure_code", reply.text("failure_code"), code)?;
        let outcome = format!("{} {status} {code}", short(reply.text("id")));
        self.done(
            if self.plan.side == "on_ramp" { "create pay-in" } else { "create pay-out" },
            at,
            reply.took,
            outcome,
        );
        self.repeat_payment(path, &key, &body, &reply).await?;
        Ok(reply)
    }

    async fn repeat_payment(&mut self, path: &str, key: &str, body: &Value, first: &Reply) -> Result<(), Failure> {
        let at = self.journey.start.elapsed();
        let again = self.partner.server.post(path, key, body).await?;
        let again = again.expect(201, "repeating the payment's request")?;
        same("the repeated request's answer", &again.raw, &first.raw)?;
        same("Idempotent-Replayed", again.header("idempotent-replayed").unwrap_or_default(), "true")?;
        self.done("repeat request", at, again.took, "the same answer, byte for byte".to_owned());
        Ok(())
    }

    async fn poll_until_settled(&mut self, payment: &Reply) -> Result<Reply, Failure> {
        let path = format!("{}/{}", self.plan.payments(), payment.text("id"));
        let (at, mut reads, mut gap) = (self.journey.start.elapsed(), 0, Duration::from_millis(1));
        loop {
            let reply = self.partner.server.get(&path).await?.expect(200, "retrieving the payment")?;
            reads += 1;
            let waited = self.journey.start.elapsed() - at;
            if reply.text("status") == "settled" {
                self.done("poll until settled", at, waited, format!("settled, seen by read {reads}"));
                return Ok(reply);
            }
            same("the payment's status", reply.text("status"), "processing")?;
            if waited > SETTLE_DEADLINE {
                let seconds = SETTLE_DEADLINE.as_secs();
                return Err(Failure::wrong(format!("{path} is still processing after {seconds} s")));
            }
            tokio::time::sleep(gap).await;
            gap = (gap * 2).min(Duration::from_millis(20));
        }
    }

    async fn retrieve_transaction(&mut self, payment: &Reply) -> Result<(), Failure> {
        let at = self.journey.start.elapsed();
        let path = format!("/v1/transactions/{}", payment.text("transaction_refid"));
        let reply = self.partner.server.get(&path).await?.expect(200, "retrieving the transaction")?;
        let status = if self.plan.ends == Ending::Settled { "completed" } else { "failed" };
        same("the transaction's status", reply.text("status"), status)?;
        same("the transaction's session", reply.text("session_id"), &self.journey.session)?;
        same("the transaction's token_amount", reply.text("token_amount"), payment.text("crypto_amount"))?;
        let outcome = format!("{} {status}, fees {} EUR", short(reply.text("refid")), reply.text("total_fees"));
        self.done("read transaction", at, reply.took, outcome);
        Ok(())
    }

    /// A session whose movement failed is open for another try.
    async fn retrieve_session(&mut self, payment: &Reply) -> Result<(), Failure> {
        let at = self.journey.start.elapsed();
        let path = format!("/v1/gate_sessions/{}", self.journey.session);
        let reply = self.partner.server.get(&path).await?.expect(200, "retrieving the session")?;
        let (status, transaction) = match self.plan.ends {
            Ending::Settled => ("completed", payment.text("transaction_refid")),
            Ending::Declined => ("open", ""),
        };
        same("the session's status", reply.text("status"), status)?;
        same("the session's tx_refid", reply.text("tx_refid"), transaction)?;
        self.done("read session", at, reply.took, format!("{} {status}", short(reply.text("id"))));
        Ok(())
    }

    async fn retrieve_quote(&mut self, payment: &Reply) -> Result<(), Failure> {
        let at = self.journey.start.elapsed();
        let path = format!("/v1/quotes/{}", self.journey.quote);
        let reply = self.partner.server.get(&path).await?.expect(200, "retrieving the quote")?;
        same("the quote's status", reply.text("status"), "consumed")?;
        same("the quote's consumed_by", reply.text("consumed_by"), payment.text("id"))?;
        self.done("read quote", at, reply.took, format!("{} consumed", short(reply.text("id"))));
        Ok(())
    }

    /// Partners never see corridors; the operator's metrics do. What else moves money meanwhile counts too, hence at least.
    async fn count_attempts(&mut self, before: u64) -> Result<(), Failure> {
        let at = self.journey.start.elapsed();
        let (asked, wanted) = (self.partner.operator.rail_attempts().await?.saturating_sub(before), self.plan.attempts);
        if asked < wanted {
            return Err(Failure::wrong(format!("attempts sent to rails: {asked}, and should be at least {wanted}")));
        }
        let took = self.journey.start.elapsed() - at;
        self.done("read metrics", at, took, format!("attempts sent to rails: {asked}"));
        Ok(())
    }

    fn done(&mut self, name: &'static str, at: Duration, took: Duration, outcome: String) {
        let step = Step { name, at, took, outcome };
        (self.on_step)(&step);
        self.journey.steps.push(step);
    }
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), Failure> {
    if found == expected {
        Ok(())
    } else {
        Err(Failure::wrong(format!("{what} is `{found}` and should be `{expected}`")))
    }
}
