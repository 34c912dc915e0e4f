//! What is asked of the cell: mostly sensible, sometimes about what is foreign, gone or was never there.

mod customers;
mod models;
mod outside;
mod terms;

use std::sync::Arc;

use crate::account::{Entitlements, KeyKind, Rules};
use crate::branding::BrandingPatch;
use crate::command::{Command, Moment, NewKey, Outcome, Reply, Submission};
use crate::command::{Idempotency, NewEndpoint};
use crate::delivery::DeliveryOutcome;
use crate::id::{AccountId, CustomerId, DeliveryId, EventId, KeyId, PaymentId, RedeliveryId, SessionId};
use crate::payment::{Payment, PaymentStatus};
use crate::quote::Quote;
use crate::rail::RailReport;
use crate::review::ReviewDecision;
use crate::risk::{Label, NewLabel};
use crate::session::Session;
use crate::sim::ground;
use crate::sim::rng::Rng;
use crate::time::Millis;

use super::cell::{Cell, Wanted, plain};

/// How long it is at most from one batch to the next, in milliseconds: mostly moments, sometimes a minute or a day.
const PAUSES: [u64; 12] = [50, 50, 500, 500, 500, 2_000, 2_000, 2_000, 2_000, 9_000, 9_000, 60_000];
const LONG_PAUSES: [u64; 4] = [400_000, 1_000_000, 4_000_000, 90_000_000];

/// A source of batches that knows what was answered.
pub struct Script {
    rng: Rng,
    sessions: Vec<Arc<Session>>,
    quotes: Vec<Arc<Quote>>,
    payments: Vec<Arc<Payment>>,
    customers: Vec<(AccountId, CustomerId)>,
    keys: Vec<KeyId>,
    redeliveries: Vec<(AccountId, RedeliveryId)>,
    said: Vec<RailReport>,
    answered: Vec<DeliveryOutcome>,
    published: Vec<EventId>,
    asked: Vec<Submission>,
}

impl Script {
    pub fn new(seed: u64) -> Script {
        Script {
            rng: Rng::new(seed ^ 0x6f72_6163_6c65),
            sessions: Vec::new(),
            quotes: Vec::new(),
            payments: Vec::new(),
            customers: Vec::new(),
            keys: Vec::new(),
            redeliveries: Vec::new(),
            said: Vec::new(),
            answered: Vec::new(),
            published: Vec::new(),
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
        if self.rng.below(8) == 0 {
            submissions.push(plain(self.sweeper(cell)));
        }
        if self.rng.below(4) == 0 {
            submissions.push(plain(self.bus(cell)));
        }
        if self.rng.below(3) == 0 {
            submissions.extend(self.redeliveries(cell).into_iter().map(plain));
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
                Reply::Customer(customer) => self.customers.push((customer.facts.account, customer.facts.id)),
                Reply::DeletedCustomer(..)
                | Reply::Branding(_)
                | Reply::Delivery(_)
                | Reply::Account(_)
                | Reply::Redelivery(_)
                | Reply::Labels(_)
                | Reply::Models(_)
                | Reply::Done => {}
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
        let is_remembered = !matches!(command, Command::ReplayDelivery(..) | Command::SendTestWebhook(_));
        let idempotency = (self.rng.below(2) == 0 && is_remembered).then_some(idempotency);
        let submission = Submission { idempotency, ..plain(command) };
        self.asked.push(submission.clone());
        submission
    }

    fn command(&mut self) -> Command {
        let account = self.account();
        match self.rng.below(135) {
            0..12 => Command::CreateSession(account, Box::new(self.session_terms())),
            12..20 => self.lock(account),
            20..62 => self.redeem(),
            62..74 => {
                let (account, session) = self.session();
                Command::ConfirmSession(account, session, Box::new(self.confirm()))
            }
            74..76 => {
                let (account, session) = self.session();
                Command::CancelSession(account, session)
            }
            76..85 => {
                let (account, session, payment) = self.payment();
                Command::VerifyPayment(account, session, payment)
            }
            85..88 => {
                let said = pick(&mut self.rng, &self.answered).map(|one| (one.account, one.delivery, one.lane));
                let (account, delivery, lane) = said.unwrap_or((account, DeliveryId(9), None));
                let lane = lane.filter(|_| self.rng.below(20) != 0);
                Command::ReplayDelivery(if self.rng.below(20) == 0 { self.account() } else { account }, delivery, lane)
            }
            88..89 => Command::SendTestWebhook(account),
            89..92 => {
                let (account, session, payment) = self.payment();
                let moment = [Moment::Routed, Moment::Ended, Moment::SessionAfter][self.rng.below(3) as usize];
                Command::RememberPayment(account, session, payment, moment)
            }
            92..104 => self.operator(account),
            104..106 => self.redelivery(account),
            118..121 => self.decision(),
            121..123 => Command::SetRiskPolicy(Box::new(ground::policy(self.rng.byte(), self.rng.byte()))),
            123..126 => self.labels(),
            126.. => Command::ChangeModels(self.model_step()),
            _ => self.of_customer(account),
        }
    }

    fn operator(&mut self, account: AccountId) -> Command {
        match self.rng.below(18) {
            10 => {
                let brand_name =
                    [None, Some(None), Some(Some(self.rng.byte().to_string()))][self.rng.below(3) as usize].clone();
                Command::UpdateBranding(account, Box::new(BrandingPatch { brand_name, ..BrandingPatch::default() }))
            }
            0 => Command::CreateAccount(AccountId(5 + u128::from(self.rng.below(4))), "A new one".to_owned()),
            1 | 2 => Command::CreateKey(account, NewKey { kind: KeyKind::Secret, hash: [self.rng.byte(); 32] }),
            3 => Command::RevokeKey(account, pick(&mut self.rng, &self.keys).unwrap_or(KeyId(7))),
            4 => {
                let rails = self.rng.below(4) != 0;
                let swap = self.rng.below(2) == 0;
                let verified_users = self.rng.below(4) != 0;
                let kyc_package = self.rng.below(4) != 0;
                let entitlements = Entitlements { rails, swap, customers: true, kyc_package, verified_users };
                Command::SetEntitlements(account, entitlements)
            }
            5 => Command::SetOrigins(account, vec!["https://a.example".to_owned(); self.rng.below(40) as usize]),
            6 | 7 => {
                let url = format!("https://hooks.example/{}", self.rng.byte());
                Command::SetWebhook(account, NewEndpoint { url, sealed_secret: vec![self.rng.byte()] })
            }
            8 => Command::UnsetWebhook(account),
            11 => {
                let quote_life = [None, Some(Millis::seconds(5)), Some(Millis::seconds(300))];
                let quote_life = quote_life[self.rng.below(3) as usize];
                Command::SetRules(account, Rules { quote_life, risk_is_real: self.rng.below(2) == 0 })
            }
            12..15 => self.verification(account),
            15..18 => Command::ChangeEndpoint(account, self.endpoint_change()),
            _ => Command::SetTier(account, format!("tier-{}", self.rng.below(3))),
        }
    }

    /// What one to three payments turned out to be.
    fn labels(&mut self) -> Command {
        let label = |one: (AccountId, SessionId, PaymentId), label| NewLabel { payment: one.2, label };
        let words = [Some(Label::Fraud), Some(Label::Fraud), Some(Label::Honest), None];
        let count = 1 + self.rng.below(3);
        Command::SetLabels((0..count).map(|_| label(self.payment(), words[self.rng.below(4) as usize])).collect())
    }

    /// Seven accounts, the first ones most; the seventh may not exist.
    fn account(&mut self) -> AccountId {
        let skew = 1 + self.rng.below(7);
        AccountId(1 + u128::from(self.rng.below(skew)))
    }

    fn session(&mut self) -> (AccountId, SessionId) {
        let known = pick_young(&mut self.rng, &self.sessions).map(|session| (session.account, session.id));
        let (account, session) = known.unwrap_or((AccountId(1), SessionId(9)));
        if self.rng.below(20) == 0 { (self.account(), session) } else { (account, session) }
    }

    fn payment(&mut self) -> (AccountId, SessionId, PaymentId) {
        self.payment_that(|status| matches!(status, PaymentStatus::Verifying { .. }))
    }

    fn decision(&mut self) -> Command {
        let waits = |status: &PaymentStatus| matches!(status, PaymentStatus::Reviewing { .. });
        let (account, session, payment) = self.payment_that(waits);
        let decisions = [ReviewDecision::Approve, ReviewDecision::Approve, ReviewDecision::Decline];
        Command::DecideReview(account, session, payment, decisions[self.rng.below(3) as usize])
    }

    fn payment_that(&mut self, waits: impl Fn(&PaymentStatus) -> bool) -> (AccountId, SessionId, PaymentId) {
        let waits = |one: &&Arc<Payment>| waits(&one.status);
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
