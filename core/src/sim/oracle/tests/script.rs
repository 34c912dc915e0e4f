//! What is asked of the cell: mostly sensible, sometimes about what is foreign, gone or was never there.

use std::sync::Arc;

use crate::account::{Entitlements, KeyKind, WebhookEndpoint};
use crate::command::Idempotency;
use crate::command::{Command, LockQuote, Moment, NewKey, Outcome, Redeem, Reply, Submission};
use crate::delivery::{DeliveryOutcome, DeliveryStatus};
use crate::id::{AccountId, DeliveryId, KeyId, OutboxId, PaymentId, QuoteId, SessionId};
use crate::payment::{Payment, PaymentStatus};
use crate::quote::Quote;
use crate::rail::{RailOutcome, RailReport};
use crate::session::{Flow, Session, SessionTerms};
use crate::sim::ground::{amount, asset, currency};
use crate::sim::rng::Rng;
use crate::terms::Side;
use crate::time::Millis;

use super::cell::{Cell, Wanted, plain};

const FIAT: [&str; 16] = [
    "100.00", "100", "250.5", "100.01", "100.02", "100.03", "100.04", "100.05", "100.06", "100.07", "505", "600.00",
    "1500.00", "0.12", "4900.00", "9999.99",
];
const CRYPTO: [&str; 12] = [
    "50",
    "50.01",
    "50.02",
    "50.04",
    "50.05",
    "7.1234567",
    "0.000001",
    "700",
    "0.0015",
    "12345678.9",
    "1000000000000",
    "99.999999",
];

/// How long it is at most from one batch to the next, in milliseconds: mostly moments, sometimes a minute or a day.
const PAUSES: [u64; 12] = [50, 50, 500, 500, 500, 2_000, 2_000, 2_000, 2_000, 9_000, 9_000, 60_000];
const LONG_PAUSES: [u64; 4] = [400_000, 1_000_000, 4_000_000, 90_000_000];

/// A source of batches that knows what was answered.
pub struct Script {
    rng: Rng,
    sessions: Vec<Arc<Session>>,
    quotes: Vec<Arc<Quote>>,
    payments: Vec<Arc<Payment>>,
    keys: Vec<KeyId>,
    said: Vec<RailReport>,
    answered: Vec<DeliveryOutcome>,
    asked: Vec<Submission>,
}

impl Script {
    pub fn new(seed: u64) -> Script {
        Script {
            rng: Rng::new(seed ^ 0x6f72_6163_6c65),
            sessions: Vec::new(),
            quotes: Vec::new(),
            payments: Vec::new(),
            keys: Vec::new(),
            said: Vec::new(),
            answered: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Whether the next batch is lost.
    pub fn is_lost(&mut self) -> bool {
        self.rng.below(16) == 0
    }

    /// The next batch.
    pub fn batch(&mut self, cell: &Cell) -> Wanted {
        let longest = match self.rng.below(20) {
            0 => LONG_PAUSES[self.rng.below(4) as usize],
            _ => PAUSES[self.rng.below(12) as usize],
        };
        let count = 1 + self.rng.below(7);
        let mut submissions = Vec::new();
        if self.rng.below(2) == 0 {
            submissions.push(plain(self.rails(cell)));
        }
        if self.rng.below(2) == 0 {
            submissions.push(plain(self.receivers(cell)));
        }
        submissions.extend((0..count).map(|_| self.submission()));
        let pause = Millis(self.rng.below(longest));
        Wanted { pause, is_busy: self.rng.below(4) == 0, scorer_fails: self.rng.below(8) == 0, submissions }
    }

    /// Takes in what was answered.
    pub fn learn(&mut self, outcomes: &[Outcome]) {
        for answer in outcomes.iter().flatten() {
            match &answer.reply {
                Reply::Session(session) => self.sessions.push(Arc::clone(session)),
                Reply::Quote(quote) => self.quotes.push(Arc::clone(quote)),
                Reply::Payment(payment) => self.payments.push(Arc::clone(payment)),
                Reply::Key(key) => self.keys.push(key.id),
                Reply::Account(_) | Reply::Done => {}
            }
        }
    }

    /// Half of the partners' requests carry one of few keys; some come again as they were.
    fn submission(&mut self) -> Submission {
        if self.rng.below(10) == 0
            && let Some(again) = pick(&mut self.rng, &self.asked)
        {
            return again;
        }
        let command = self.command();
        let text = format!("{command:?}");
        let mut fingerprint = [0; 16];
        text.bytes()
            .enumerate()
            .for_each(|(place, byte)| fingerprint[place % 16] ^= byte.rotate_left(place as u32 / 16 % 8));
        let idempotency = Idempotency { key: [self.rng.below(200) as u8; 16], fingerprint };
        let submission = Submission { idempotency: (self.rng.below(2) == 0).then_some(idempotency), ..plain(command) };
        self.asked.push(submission.clone());
        submission
    }

    fn command(&mut self) -> Command {
        let account = self.account();
        match self.rng.below(100) {
            0..12 => Command::CreateSession(account, Box::new(self.session_terms())),
            12..20 => self.lock(account),
            20..62 => self.redeem(),
            62..74 => {
                let (account, session) = self.session();
                let method =
                    [None, None, Some("card"), Some("sepa"), Some("wire"), Some("cash")][self.rng.below(6) as usize];
                Command::ConfirmSession(account, session, method.map(str::to_owned))
            }
            74..76 => {
                let (account, session) = self.session();
                Command::CancelSession(account, session)
            }
            76..85 => {
                let (account, session, payment) = self.payment();
                Command::VerifyPayment(account, session, payment)
            }
            85..91 => {
                let (account, session, payment) = self.payment();
                let moment = [Moment::Routed, Moment::Ended, Moment::SessionAfter][self.rng.below(3) as usize];
                Command::RememberPayment(account, session, payment, moment)
            }
            _ => self.operator(account),
        }
    }

    fn operator(&mut self, account: AccountId) -> Command {
        match self.rng.below(9) {
            0 => Command::CreateAccount(AccountId(5 + u128::from(self.rng.below(4))), "A new one".to_owned()),
            1 | 2 => Command::CreateKey(account, NewKey { kind: KeyKind::Secret, hash: [self.rng.byte(); 32] }),
            3 => Command::RevokeKey(account, pick(&mut self.rng, &self.keys).unwrap_or(KeyId(7))),
            4 => {
                let rails = self.rng.below(4) != 0;
                let swap = self.rng.below(2) == 0;
                Command::SetEntitlements(account, Entitlements { rails, swap, customers: true, kyc_package: false })
            }
            5 => Command::SetOrigins(account, vec!["https://a.example".to_owned(); self.rng.below(34) as usize]),
            6 | 7 => {
                let url = format!("https://hooks.example/{}", self.rng.byte());
                Command::SetWebhook(account, WebhookEndpoint { url, sealed_secret: vec![self.rng.byte()] })
            }
            _ => Command::UnsetWebhook(account),
        }
    }

    /// Seven accounts, the first ones most; the seventh may not exist.
    fn account(&mut self) -> AccountId {
        let skew = 1 + self.rng.below(7);
        AccountId(1 + u128::from(self.rng.below(skew)))
    }

    fn session_terms(&mut self) -> SessionTerms {
        let flows = [
            None,
            None,
            Some(Flow::OnRamp),
            Some(Flow::OnRamp),
            Some(Flow::OffRamp),
            Some(Flow::OffRamp),
            Some(Flow::Swap),
        ];
        let tokens = [None, None, Some("USDC"), Some("USDC"), Some("BTC"), Some("DOGE")];
        let users = [None, Some("ann"), Some("ann"), Some("ann"), Some("ann"), Some("bob")];
        let (code, given) = self.money();
        SessionTerms {
            amount: amount(given),
            currency: currency(code),
            flow: flows[self.rng.below(7) as usize],
            target_token: tokens[self.rng.below(6) as usize].map(asset),
            target_network: None,
            wallet_address: None,
            user_reference: users[self.rng.below(6) as usize].map(str::to_owned),
            quote_preview_id: None,
            return_url: "https://partner.example/done".to_owned(),
            cancel_url: None,
            metadata: vec![("order".to_owned(), self.rng.byte().to_string())],
        }
    }

    fn money(&mut self) -> (&'static str, &'static str) {
        let code = ["EUR", "EUR", "EUR", "USD", "JPY"][self.rng.below(5) as usize];
        let given = FIAT[self.rng.below(16) as usize];
        if code == "JPY" {
            (code, ["20000", "20005", "20004.00", "3000000", "3"][self.rng.below(5) as usize])
        } else {
            (code, given)
        }
    }

    /// Mostly for a young session.
    fn lock(&mut self, account: AccountId) -> Command {
        let session = pick_young(&mut self.rng, &self.sessions).filter(|_| self.rng.below(4) != 0);
        let any = self.any_lock();
        match session {
            Some(session) => self.lock_for(&session),
            None => Command::LockQuote(account, any),
        }
    }

    fn lock_for(&mut self, session: &Session) -> Command {
        let wanted = &session.terms;
        let side = match wanted.flow {
            Some(Flow::OffRamp) => Side::OffRamp,
            Some(Flow::OnRamp | Flow::Swap) | None => Side::OnRamp,
        };
        let lock = LockQuote {
            side,
            currency: wanted.currency,
            asset: wanted.target_token.unwrap_or(asset("USDC")),
            amount: if side == Side::OnRamp { wanted.amount } else { amount(CRYPTO[self.rng.below(7) as usize]) },
            payment_method: "card".to_owned(),
        };
        Command::LockQuote(session.account, lock)
    }

    fn any_lock(&mut self) -> LockQuote {
        let (code, given) = self.money();
        let side = if self.rng.below(3) == 0 { Side::OffRamp } else { Side::OnRamp };
        let given = match side {
            Side::OnRamp if self.rng.below(20) == 0 => "1.12345",
            Side::OnRamp => given,
            Side::OffRamp => CRYPTO[self.rng.below(12) as usize],
        };
        LockQuote {
            side,
            currency: currency(code),
            asset: asset(["USDC", "USDC", "USDC", "BTC", "DOGE"][self.rng.below(5) as usize]),
            amount: amount(given),
            payment_method: ["card", "card", "card", "sepa", "wire", "cash"][self.rng.below(6) as usize].to_owned(),
        }
    }

    /// Mostly a session with a quote that fits it.
    fn redeem(&mut self) -> Command {
        let (account, session) = self.session();
        let known = self.sessions.iter().rev().find(|one| one.id == session);
        let fitting = known.and_then(|session| self.quotes.iter().rev().find(|quote| fits(quote, session))).cloned();
        if let Some(session) = known.filter(|_| fitting.is_none() && self.rng.below(4) != 0).cloned() {
            return self.lock_for(&session);
        }
        let any = pick_young(&mut self.rng, &self.quotes);
        let quote = if self.rng.below(6) == 0 { any.or(fitting) } else { fitting.or(any) };
        let is_pay_out = quote.as_ref().is_some_and(|quote| quote.terms.side == Side::OffRamp);
        let id = quote.map_or(QuoteId(9), |quote| quote.id);
        let redeem = Redeem {
            quote: (self.rng.below(30) != 0).then_some(id),
            session: (self.rng.below(30) != 0).then_some(session),
            metadata: vec![("note".to_owned(), "x".to_owned())],
        };
        if is_pay_out == (self.rng.below(20) != 0) {
            Command::CreatePayOut(account, redeem)
        } else {
            Command::CreatePayIn(account, redeem)
        }
    }

    fn session(&mut self) -> (AccountId, SessionId) {
        let known = pick_young(&mut self.rng, &self.sessions).map(|session| (session.account, session.id));
        let (account, session) = known.unwrap_or((AccountId(1), SessionId(9)));
        if self.rng.below(20) == 0 { (self.account(), session) } else { (account, session) }
    }

    fn payment(&mut self) -> (AccountId, SessionId, PaymentId) {
        let waits = |one: &&Arc<Payment>| matches!(one.status, PaymentStatus::Verifying { .. });
        let waiting = self.payments.iter().rfind(waits).filter(|_| self.rng.below(2) == 0).cloned();
        let payment = waiting.or_else(|| pick_young(&mut self.rng, &self.payments));
        let known = payment.map(|one| (one.account, one.session, one.id));
        let (account, session, payment) = known.unwrap_or((AccountId(1), SessionId(9), PaymentId(9)));
        match self.rng.below(20) {
            0 => (self.account(), session, payment),
            1 => (account, self.session().1, payment),
            _ => (account, session, payment),
        }
    }

    /// Words on some of the work, and words that were said before or are about nothing.
    fn rails(&mut self, cell: &Cell) -> Command {
        let mut reports = Vec::new();
        for work in cell.reader.rail_work(None, 8).unwrap() {
            let outcome =
                [RailOutcome::Settled, RailOutcome::SoftFailed, RailOutcome::Rejected, RailOutcome::Cancelled];
            let outcome = outcome[(self.rng.below(6) % 4) as usize];
            if self.rng.below(2) == 0 {
                let (attempt, payment, account, session) = (work.attempt, work.payment, work.account, work.session);
                reports.push(RailReport { attempt, payment, account, session, outcome });
            }
        }
        if let Some(said) = pick(&mut self.rng, &self.said) {
            let twisted = [
                said,
                RailReport { outcome: RailOutcome::Settled, ..said },
                RailReport { payment: PaymentId(said.payment.0 + 1), ..said },
                RailReport { account: AccountId(99), ..said },
            ];
            reports.push(twisted[self.rng.below(4) as usize]);
        }
        self.said.extend(&reports);
        Command::ReportRails(reports)
    }

    /// What came of what is due, and answers that were told before. One that was told before comes again only while its
    /// delivery is not due.
    fn receivers(&mut self, cell: &Cell) -> Command {
        let mut outcomes = Vec::new();
        for row in cell.reader.outbox(None, 8).unwrap() {
            let delivery = cell.reader.delivery(row.account, row.delivery).unwrap().unwrap();
            let fails = self.rng.below(3) == 0;
            if self.rng.below(3) != 0 {
                outcomes.push(DeliveryOutcome {
                    delivery: row.delivery,
                    account: row.account,
                    lane: delivery.lane,
                    outbox: row.id,
                    response_status: (self.rng.below(4) != 0).then_some(if fails { 500 } else { 200 }),
                    error: fails.then(|| format!("attempt {} failed", self.rng.byte())),
                });
            }
        }
        if let Some(again) = pick(&mut self.rng, &self.answered) {
            let known = cell.reader.delivery(again.account, again.delivery).unwrap();
            let is_due =
                known.is_none_or(|one| matches!(one.status, DeliveryStatus::Due | DeliveryStatus::Waiting { .. }));
            outcomes.extend((!is_due).then_some(again));
        }
        if self.rng.below(8) == 0 {
            let nobody = DeliveryId(3);
            let lane = self.sessions.last().map(|session| session.id);
            let (account, outbox) = (AccountId(1), OutboxId(3));
            outcomes.push(DeliveryOutcome {
                delivery: nobody,
                account,
                lane,
                outbox,
                response_status: None,
                error: None,
            });
        }
        self.answered.extend(outcomes.iter().cloned());
        Command::ReportDeliveries(outcomes)
    }
}

fn fits(quote: &Quote, session: &Session) -> bool {
    let (terms, wanted) = (&quote.terms, &session.terms);
    let amount_fits = match terms.side {
        Side::OnRamp => wanted.amount == terms.fiat_amount,
        Side::OffRamp => wanted.amount >= terms.fiat_amount && wanted.flow == Some(Flow::OffRamp),
    };
    session.account == quote.account && quote.consumed.is_none() && wanted.currency == terms.currency && amount_fits
}

fn pick<T: Clone>(rng: &mut Rng, known: &[T]) -> Option<T> {
    let place = rng.below(known.len().max(1) as u64) as usize;
    known.get(place).cloned()
}

/// One of the last, mostly.
fn pick_young<T: Clone>(rng: &mut Rng, known: &[T]) -> Option<T> {
    let from = if rng.below(4) == 0 { 0 } else { known.len().saturating_sub(4) };
    pick(rng, &known[from..])
}
