//! What the partners' servers do meanwhile: journeys of all kinds, each request sent again with the same key until it is
//! answered.

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::{Kind, lock_body, session_body};
use causeway_tests::random::Random;
use serde_json::{Value, json};

use super::journal::Journal;
use super::link::Link;

/// Ordinary amounts, failover, cancellation by the rail, no corridor left, risk decline, two answers of the rail.
const AMOUNTS: [&str; 8] = ["20.00", "21.50", "33.33", "20.01", "20.02", "20.03", "20.04", "20.07"];

struct Worker<'a> {
    link: &'a Link,
    journal: &'a Journal,
    random: Random,
    name: u64,
    requests: u64,
}

/// Performs journeys for as long as the link lets them begin.
pub fn run(number: u64, link: &Link, journal: &Journal, random: Random) {
    let _alarm = link.alarm();
    let mut worker = Worker { link, journal, random, name: number, requests: 0 };
    while link.lets_begin() {
        if worker.journey().is_none() {
            return;
        }
    }
}

impl Worker<'_> {
    /// None when there is no gateway any more.
    fn journey(&mut self) -> Option<()> {
        let kind = *self.random.pick(&Kind::BOTH);
        let amount = *self.random.pick(&AMOUNTS);
        let session = self.create_session(kind, amount)?;
        if self.random.percent(15) {
            return self.cancel(&session["id"]);
        }
        let quote = self.lock(kind, amount)?;
        let payment = if self.random.percent(15) {
            self.contest(kind, amount, &quote, &session)?
        } else {
            self.redeem(kind, &quote, &session, self.requests)?
        };
        if self.random.percent(40) {
            self.read(kind, &payment)?;
        }
        let is_free = payment["status"] == "failed" && payment["session_id"] == session["id"];
        if is_free && self.random.percent(50) {
            return self.cancel(&session["id"]);
        }
        Some(())
    }

    fn create_session(&mut self, kind: Kind, amount: &str) -> Option<Value> {
        let body = session_body(kind, kind.session_amount(amount));
        let request = Request::post("/v1/gate_sessions").json(&body);
        let answer = self.send(request)?.expect(201);
        self.journal.session(&answer);
        Some(answer)
    }

    fn lock(&mut self, kind: Kind, amount: &str) -> Option<Value> {
        let request = Request::post("/v1/quotes").json(&lock_body(kind, amount));
        let answer = self.send(request)?.expect(201);
        self.journal.quote(&answer);
        Some(answer)
    }

    fn redeem(&mut self, kind: Kind, quote: &Value, session: &Value, number: u64) -> Option<Value> {
        self.requests += 1;
        let answer = self.try_redeem(kind, quote, session, number)?.expect(201);
        Some(answer)
    }

    /// Two sessions want the same quote at the same time: one gets it, and the other hears that it is consumed, which is
    /// then true for ever.
    fn contest(&mut self, kind: Kind, amount: &str, quote: &Value, session: &Value) -> Option<Value> {
        let rival = self.create_session(kind, amount)?;
        let number = self.requests;
        self.requests += 2;
        let this = &*self;
        let answers = std::thread::scope(|scope| {
            let other = scope.spawn(|| this.try_redeem(kind, quote, &rival, number));
            let own = this.try_redeem(kind, quote, session, number + 1);
            [own, other.join().unwrap()]
        });
        let [own, other] = answers;
        let (own, other) = (own?, other?);
        let (winner, loser) = if own.status == 201 { (own, other) } else { (other, own) };
        loser.expect_refusal(409, "quote_consumed");
        Some(winner.expect(201))
    }

    fn try_redeem(&self, kind: Kind, quote: &Value, session: &Value, number: u64) -> Option<Response> {
        let body = json!({ "quote_id": quote["id"], "session_id": session["id"] });
        let request = Request::post(kind.path()).json(&body).key(&self.key(number));
        let answer = self.link.send(&request)?;
        match answer.status {
            201 => {
                self.journal.payment(&answer.json());
                self.journal.write(&request, &answer, number);
            }
            _ if answer.code() == "quote_consumed" => self.journal.consumed(&quote["id"]),
            _ => {}
        }
        Some(answer)
    }

    fn cancel(&mut self, session: &Value) -> Option<()> {
        let path = format!("/v1/gate_sessions/{}/cancel", session.as_str().unwrap());
        let answer = self.send(Request::post(path))?.expect(201);
        self.journal.session(&answer);
        Some(())
    }

    /// Reads the payment a few times: what was read must never be taken back.
    fn read(&mut self, kind: Kind, payment: &Value) -> Option<()> {
        let path = format!("{}/{}", kind.path(), payment["id"].as_str().unwrap());
        for _ in 0..self.random.below(8) {
            let answer = self.link.send(&Request::get(path.as_str()))?.expect(200);
            self.journal.payment(&answer);
        }
        Some(())
    }

    /// Sends with a key that belongs to this request alone, and remembers what was granted.
    fn send(&mut self, request: Request) -> Option<Response> {
        self.requests += 1;
        let request = request.key(&self.key(self.requests - 1));
        let answer = self.link.send(&request)?;
        if answer.status < 300 {
            self.journal.write(&request, &answer, self.requests);
        }
        Some(answer)
    }

    fn key(&self, number: u64) -> String {
        format!("worker {} request {number}", self.name)
    }
}
