//! A cell at work whose clock is turned by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use causeway_control::catalogue;
use causeway_control::features::Payment;
use causeway_core::account::Entitlements;
use causeway_core::command::{Command, LockQuote, Redeem, Reply, Submission};
use causeway_core::customer::NameKey;
use causeway_core::engine::{self, Clock, RunningCell};
use causeway_core::id::{AccountId, IdKey, Mode, PaymentId, QuoteId, SessionId};
use causeway_core::ingress::Lane;
use causeway_core::money::{Amount, Asset, Currency, Rate};
use causeway_core::quote::{FeeSchedule, QuoteKey};
use causeway_core::risk::scorer::Shelf;
use causeway_core::routing::Catalogue;
use causeway_core::session::{Flow, SessionTerms};
use causeway_core::settings::Settings;
use causeway_core::store::{Identity, RocksStore, StoreMemory};
use causeway_core::terms::Side;
use causeway_core::time::{Millis, Timestamp};

use super::wrong;
use crate::failure::Failure;

/// The account that all payments belong to.
const ACCOUNT: AccountId = AccountId(1);
/// Sessions and quotes live so long: those that were opened ahead wait for their payment.
const LIFE: Millis = Millis(30 * 86_400_000);
/// How often due timers are looked for.
const TICK: Duration = Duration::from_millis(50);

/// A cell at work.
pub struct Cell {
    /// It.
    pub running: RunningCell,
    clock: Arc<HandClock>,
    terms: Terms,
}

/// A session and a quote that wait for their redemption.
pub struct Opened {
    session: SessionId,
    quote: QuoteId,
}

/// What is the same for all payments.
struct Terms {
    currency: Currency,
    asset: Asset,
    method: String,
}

/// Shows the time to which it was turned.
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Acquire))
    }
}

impl Cell {
    /// Starts an empty cell with one account.
    pub fn start(folder: &Path) -> Result<Cell, Failure> {
        if folder.exists() {
            return Err(Failure::missing(format!("{} is there already: name a folder that is not", folder.display())));
        }
        std::fs::create_dir_all(folder).map_err(wrong)?;
        let store = RocksStore::open(&folder.join("db"), Identity { mode: Mode::Sandbox }, StoreMemory::default());
        let (catalogue, terms) = priced()?;
        let clock = Arc::new(HandClock(AtomicU64::new(0)));
        // Nobody outside ever sees an id or a quote of this cell.
        let quotes = QuoteKey { id: 1, mode: Mode::Sandbox, secret: [2; 32] };
        let settings = Settings::new(Mode::Sandbox, IdKey([1; 16]), quotes, NameKey([3; 32]));
        let settings = Settings { session_life: LIFE, quote_life: LIFE, ..settings };
        let running = engine::start(engine::Options {
            settings,
            catalogue: Arc::new(catalogue),
            shelf: Shelf::default(),
            store: Arc::new(store.map_err(wrong)?),
            clock: Arc::<HandClock>::clone(&clock),
            alarm: Arc::new(alarm),
            tick: TICK,
        });
        let cell = Cell { running: running.map_err(wrong)?, clock, terms };
        cell.operate(Command::CreateAccount(ACCOUNT, "History".to_owned()))?;
        cell.operate(Command::SetEntitlements(ACCOUNT, Entitlements { rails: true, ..Entitlements::default() }))?;
        Ok(cell)
    }

    /// By which method all of them pay.
    #[cfg(test)]
    pub fn method(&self) -> &str {
        &self.terms.method
    }

    /// Runs an operator's command.
    pub fn operate(&self, command: Command) -> Result<Reply, Failure> {
        Ok(self.all(Lane::Operator, vec![command])?.remove(0))
    }

    /// The same at its own time.
    pub fn operate_at(&self, at: Timestamp, command: Command) -> Result<Reply, Failure> {
        self.turn(at);
        self.operate(command)
    }

    /// Opens the sessions and locks the quotes of these payments, at the time of the first.
    pub fn open(&self, payments: &[Payment]) -> Result<Vec<Opened>, Failure> {
        if let Some(first) = payments.first() {
            self.turn(first.at);
        }
        let mut commands = Vec::with_capacity(2 * payments.len());
        for payment in payments {
            let amount = Amount::from_minor(u128::from(payment.amount_cents), 2);
            let amount = amount.filter(|amount| !amount.is_zero());
            let amount = amount.ok_or_else(|| wrong(format!("payment {} moves no money", payment.id)))?;
            commands.push(self.session(payment, amount));
            commands.push(self.quote(amount));
        }
        let replies = self.all(Lane::Partner, commands)?;
        replies.chunks(2).map(|pair| opened(pair).ok_or_else(|| wrong("a session or a quote is missing"))).collect()
    }

    /// Redeems a quote with a session; durable when it returns.
    pub fn redeem(&self, at: Timestamp, opened: Opened) -> Result<PaymentId, Failure> {
        self.turn(at);
        let redeem = Redeem { quote: Some(opened.quote), session: Some(opened.session), metadata: Vec::new() };
        let reply = self.all(Lane::Partner, vec![Command::CreatePayIn(ACCOUNT, redeem)])?.remove(0);
        let Reply::Payment(payment) = reply else {
            return Err(wrong("a redemption was answered with something else"));
        };
        Ok(payment.id)
    }

    fn turn(&self, at: Timestamp) {
        self.clock.0.store(at.0, Ordering::Release);
    }

    /// Puts commands into a lane and waits until all of them are durable.
    fn all(&self, lane: Lane, commands: Vec<Command>) -> Result<Vec<Reply>, Failure> {
        let submit = |command| {
            let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
            self.running.handle.enqueue(lane, submission).map_err(|_| wrong("the cell's lane is full"))
        };
        let answers = commands.into_iter().map(submit).collect::<Result<Vec<_>, _>>()?;
        let reply = |answer: tokio::sync::oneshot::Receiver<causeway_core::command::Outcome>| {
            let outcome = answer.blocking_recv().map_err(|_| wrong("the cell is lost"))?;
            outcome.map(|answer| answer.reply).map_err(|refusal| wrong(format!("the cell refused: {refusal}")))
        };
        answers.into_iter().map(reply).collect()
    }

    fn session(&self, payment: &Payment, amount: Amount) -> Command {
        let terms = SessionTerms {
            amount,
            currency: self.terms.currency,
            flow: Some(Flow::OnRamp),
            target_token: None,
            target_network: None,
            wallet_address: payment.wallet.clone(),
            user_reference: Some(payment.customer.clone()),
            quote_preview_id: None,
            return_url: "https://history.example/return".to_owned(),
            cancel_url: None,
            metadata: Vec::new(),
            kyc_package: None,
        };
        Command::CreateSession(ACCOUNT, Box::new(terms))
    }

    fn quote(&self, amount: Amount) -> Command {
        let Terms { currency, asset, ref method } = self.terms;
        let lock = LockQuote { side: Side::OnRamp, currency, asset, amount, payment_method: method.clone() };
        Command::LockQuote(ACCOUNT, lock)
    }
}

fn opened(pair: &[Reply]) -> Option<Opened> {
    let [Reply::Session(session), Reply::Quote(quote)] = pair else { return None };
    Some(Opened { session: session.id, quote: quote.id })
}

/// The shipped catalogue in which a dollar is a dollar, nothing costs a fee, and corridors take every amount.
fn priced() -> Result<(Catalogue, Terms), Failure> {
    let shipped = catalogue::load(None, None).map_err(wrong)?;
    let mut catalogue = catalogue::for_mode(&shipped, Mode::Sandbox);
    let currency = Currency::parse("USD").ok_or_else(|| wrong("USD is no currency"))?;
    let asset = catalogue.dollar_asset.ok_or_else(|| wrong("the catalogue has no asset that is a dollar"))?;
    let (cent, most) = (Amount::from_minor(1, 2), Amount::from_minor(1_000_000_000, 2));
    let bounds = cent.zip(most).ok_or_else(|| wrong("a cent is no amount"))?;
    catalogue.corridors.iter_mut().for_each(|corridor| corridor.amounts = bounds);
    let one = Rate::new(1.into()).ok_or_else(|| wrong("1 is no rate"))?;
    let rate = catalogue.rates.get_mut(&(currency, asset)).ok_or_else(|| wrong("the catalogue has no rate for USD"))?;
    rate.mid = one;
    let method = catalogue.first_method(Side::OnRamp, currency);
    let method = method.ok_or_else(|| wrong("no corridor takes USD"))?;
    let nothing = Amount::from_minor(0, 2).ok_or_else(|| wrong("0 is no amount"))?;
    let free = FeeSchedule {
        processing_basis_points: 0,
        processing_fixed: nothing,
        network_fixed: nothing,
        partner_basis_points: 0,
    };
    catalogue.fees.insert((currency, method.clone()), free);
    Ok((catalogue, Terms { currency, asset, method }))
}

/// That the clock jumps is how it is meant; everything else is said.
fn alarm(alarm: engine::Alarm) {
    if !matches!(alarm, engine::Alarm::ClockJumped { .. }) {
        eprintln!("score: {alarm:?}");
    }
}
