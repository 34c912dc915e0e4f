//! What the load does: the three calls of a journey, together or apart, and the constant that the ceiling is measured with.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::drive::{Hands, Verdict, Work};
use crate::connection::Answer;
use crate::request::PostTemplate;
use crate::seed::Seed;
use crate::target::Target;

/// What a journey may move: currency and method, all into USDC.
const WAYS: [(&str, &str); 6] = [
    ("EUR", "sepa_instant"),
    ("EUR", "sepa_credit"),
    ("EUR", "card"),
    ("GBP", "faster_payments"),
    ("USD", "ach"),
    ("USD", "card"),
];
/// People behind the sessions: some come back, so that there is history to look up.
const PEOPLE: u64 = 20_000;

/// A session with a quote for it.
#[derive(Clone, Debug)]
struct Pair {
    session: String,
    quote: String,
}

/// Makes sessions and quotes.
pub struct Prepare {
    sessions: PostTemplate,
    quotes: PostTemplate,
    seed: u64,
    made: RefCell<Vec<Pair>>,
}

impl Prepare {
    /// Terms are drawn from `seed` and the number.
    pub fn new(target: &Target, secret_key: &str, seed: u64) -> Prepare {
        Prepare {
            sessions: PostTemplate::new(target, "/v1/gate_sessions", secret_key),
            quotes: PostTemplate::new(target, "/v1/quotes", secret_key),
            seed,
            made: RefCell::default(),
        }
    }

    async fn pair(&self, number: usize, hands: &mut Hands) -> io::Result<Result<Pair, String>> {
        let mut draw = Seed::new(self.seed ^ number as u64);
        let (currency, method) = WAYS[draw.below(WAYS.len() as u64) as usize];
        // The cents stay clear of the sandbox's magic amounts.
        let (whole, cents, person) = (20 + draw.below(480), 10 + draw.below(90), draw.below(PEOPLE));
        let session = format!(
            r#"{{"amount":"{whole}.{cents}","currency":"{currency}","flow":"on_ramp","target_token":"USDC","return_url":"https://partner.example/complete","user_reference":"user-{person}","metadata":{{"order_id":"{number}"}}}}"#
        );
        let session = match created(&post(&self.sessions, hands, &session).await?, "open") {
            Ok(id) => id,
            Err(answer) => return Ok(Err(answer)),
        };
        let quote = format!(
            r#"{{"currency":"{currency}","asset":"USDC","amount":"{whole}.{cents}","side":"on_ramp","payment_method":"{method}"}}"#
        );
        let quote = created(&post(&self.quotes, hands, &quote).await?, "active");
        Ok(quote.map(|quote| Pair { session, quote }))
    }

    /// What was made.
    fn take_pairs(&self) -> Vec<Pair> {
        self.made.take()
    }
}

impl Work for Prepare {
    async fn perform(&self, number: usize, hands: &mut Hands) -> io::Result<Verdict> {
        Ok(match self.pair(number, hands).await? {
            Ok(pair) => {
                self.made.borrow_mut().push(pair);
                Verdict::Good
            }
            Err(answer) => Verdict::Other(answer),
        })
    }
}

/// Redeems what was prepared. Only a 201 with status `processing` counts.
pub struct Redeem {
    pay_ins: PostTemplate,
    pairs: Vec<Pair>,
    payments: RefCell<Vec<String>>,
    sample: RefCell<String>,
}

impl Redeem {
    /// Redeems what `prepare` made.
    pub fn new(target: &Target, secret_key: &str, prepare: &Prepare) -> Redeem {
        Redeem {
            pay_ins: PostTemplate::new(target, "/v1/rails/pay_ins", secret_key),
            pairs: prepare.take_pairs(),
            payments: RefCell::default(),
            sample: RefCell::default(),
        }
    }

    async fn redeem(&self, pair: &Pair, hands: &mut Hands) -> io::Result<Verdict> {
        let answer = post(&self.pay_ins, hands, &pay_in(pair)).await?;
        if self.sample.borrow().is_empty() {
            self.sample.replace(String::from_utf8_lossy(answer.body).into_owned());
        }
        Ok(match created(&answer, "processing") {
            Ok(payment) => {
                self.payments.borrow_mut().push(payment);
                Verdict::Good
            }
            Err(answer) => Verdict::Other(answer),
        })
    }

    /// The first answer, byte for byte.
    pub fn sample(&self) -> String {
        self.sample.borrow().clone()
    }

    /// The payments made last, at most this many.
    pub fn last_payments(&self, count: usize) -> Vec<String> {
        let payments = self.payments.borrow();
        payments[payments.len().saturating_sub(count)..].to_vec()
    }
}

impl Work for Redeem {
    async fn perform(&self, number: usize, hands: &mut Hands) -> io::Result<Verdict> {
        self.redeem(&self.pairs[number], hands).await
    }
}

/// The requests of a redemption, sent to the constant server as often as wanted.
pub struct Constant(pub Rc<Redeem>);

impl Work for Constant {
    async fn perform(&self, number: usize, hands: &mut Hands) -> io::Result<Verdict> {
        let body = pay_in(&self.0.pairs[number % self.0.pairs.len()]);
        let answer = post(&self.0.pay_ins, hands, &body).await?;
        Ok(created(&answer, "processing").map_or_else(Verdict::Other, |_| Verdict::Good))
    }
}

/// Sessions, quotes and pay-ins in one.
pub struct Journeys {
    prepare: Prepare,
    /// The last step of each.
    pub redeem: Redeem,
}

impl Journeys {
    /// Terms are drawn from `seed` and the number.
    pub fn new(target: &Target, secret_key: &str, seed: u64) -> Journeys {
        let prepare = Prepare::new(target, secret_key, seed);
        let redeem = Redeem::new(target, secret_key, &prepare);
        Journeys { prepare, redeem }
    }
}

impl Work for Journeys {
    async fn perform(&self, number: usize, hands: &mut Hands) -> io::Result<Verdict> {
        match self.prepare.pair(number, hands).await? {
            Ok(pair) => self.redeem.redeem(&pair, hands).await,
            Err(answer) => Ok(Verdict::Other(answer)),
        }
    }
}

fn pay_in(pair: &Pair) -> String {
    format!(r#"{{"quote_id":"{}","session_id":"{}"}}"#, pair.quote, pair.session)
}

async fn post<'a>(template: &PostTemplate, hands: &'a mut Hands, body: &str) -> io::Result<Answer<'a>> {
    template.write(&mut hands.request, &mut hands.seed, body);
    hands.connection.exchange(&hands.request).await
}

/// The id of what was created in this status, else what was answered instead.
fn created(answer: &Answer<'_>, status: &str) -> Result<String, String> {
    match (answer.status, answer.text("status"), answer.text("id")) {
        (201, Some(word), Some(id)) if word == status => Ok(id.to_owned()),
        _ => Err(said(answer)),
    }
}

fn said(answer: &Answer<'_>) -> String {
    let word = answer.text("code").or_else(|| answer.text("status")).unwrap_or("without a code");
    format!("{} {word}", answer.status)
}
