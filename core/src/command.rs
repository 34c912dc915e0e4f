//! The vocabulary of the cell: everything that can be asked of it, and every answer. Nothing else enters.

mod names;
mod refusal;

use std::sync::Arc;

use crate::account::{Account, ApiKey, Entitlements, KeyKind, Rules};
use crate::branding::{Branding, BrandingPatch};
use crate::customer::{Customer, CustomerPatch, CustomerTerms};
use crate::delivery::{Delivery, DeliveryOutcome};
use crate::endpoint::EndpointChange;
use crate::event::OldEvent;
use crate::id::{AccountId, CustomerId, DeliveryId, EventId, KeyId, PaymentId, QuoteId, RedeliveryId, SessionId};
use crate::money::{Amount, Asset, Currency};
use crate::payment::Payment;
use crate::quote::Quote;
use crate::rail::RailReport;
use crate::redelivery::{Redelivery, RedeliveryRange, RedeliveryStep};
use crate::review::ReviewDecision;
use crate::risk::{Country, Device, EntityKey, ModelPlan, ModelStep, NewLabel, NewPolicy, Taken, Word};
use crate::session::{Metadata, Session, SessionTerms};
use crate::terms::Side;
use crate::time::Timestamp;

pub use refusal::{Refusal, Subject};

/// A command on its way in.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// What is asked.
    pub command: Command,
    /// Set for partners' writes that carry an `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
    /// When it is drained later than this, it is refused and nothing happens.
    pub deadline: Timestamp,
}

/// What a partner's write carries: hashes, computed at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// First half of SHA-256 over operation, path and key: the key's scope within account and mode.
    pub key: [u8; 16],
    /// First half of SHA-256 over the parsed, normalised request.
    pub fingerprint: [u8; 16],
}

/// What can be asked. Partners' commands name the authenticated account.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opens a session. Legal at any time; for a swap, and with a verification handed over, only with the entitlement.
    CreateSession(AccountId, Box<SessionTerms>),
    /// Cancels a session. Legal while it is open and no movement runs.
    CancelSession(AccountId, SessionId),
    /// Fixes terms for some seconds. Legal for accounts with the rails entitlement.
    LockQuote(AccountId, LockQuote),
    /// Redeems an on_ramp quote. Legal while quote and session are open and fit each other.
    CreatePayIn(AccountId, Redeem),
    /// Redeems an off_ramp quote. Legal like [`Command::CreatePayIn`].
    CreatePayOut(AccountId, Redeem),
    /// Locks and redeems inside, for the hosted flow and the sandbox's helper. Needs no rails entitlement. Legal while the
    /// session is open and no movement runs.
    ConfirmSession(AccountId, SessionId, Box<Confirm>),
    /// The user of this session's payment was verified: an operator says so, in the sandbox a test helper. Legal while the payment
    /// waits for it.
    VerifyPayment(AccountId, SessionId, PaymentId),
    /// Sandbox: how this session's payment stands at a moment of a test helper's work. Changes nothing; with a key, the answer
    /// is remembered. Legal while the payment stands so.
    RememberPayment(AccountId, SessionId, PaymentId, Moment),
    /// Creates a customer. Legal for accounts with the customers entitlement, while nobody has or had the email address or
    /// external id.
    CreateCustomer(AccountId, Box<CustomerTerms>),
    /// Changes a customer. Legal with the customers entitlement while it is not deleted.
    UpdateCustomer(AccountId, CustomerId, Box<CustomerPatch>),
    /// Deletes a customer. Legal with the customers entitlement, any number of times.
    DeleteCustomer(AccountId, CustomerId),
    /// Changes how the account's widget looks. Legal at any time.
    UpdateBranding(AccountId, Box<BrandingPatch>),
    /// Sends a dead-lettered delivery of this session's order, or of none, once more: behind all that is on its way there.
    /// Legal while it is dead-lettered and the account has an endpoint.
    ReplayDelivery(AccountId, DeliveryId, Option<SessionId>),
    /// Sends an event that tells of nothing. Legal while the account has an endpoint.
    SendTestWebhook(AccountId),
    /// Rails' words, in the order in which they came. A word that comes twice or too late changes nothing.
    ReportRails(Vec<RailReport>),
    /// What came of attempts to deliver.
    ReportDeliveries(Vec<DeliveryOutcome>),
    /// The next page of a redelivery. One that was taken before changes nothing. Legal while the account has an endpoint.
    AdvanceRedelivery(AccountId, RedeliveryId, Box<RedeliveryStep>),
    /// Removes events of an account whose life is over, with their deliveries and what they said of customers. One that is
    /// younger, or whose delivery has not ended, stays. Whoever names them has seen that none waits for the event bus: what
    /// waits no more never will again.
    SweepEvents(AccountId, Vec<OldEvent>),
    /// Events that the bank's event bus has durably. One that is named twice changes nothing.
    ReportPublished(Vec<EventId>),
    /// A timer that is due; only the engine makes these.
    RunTimer(Timer),
    /// Operator: adds an account.
    CreateAccount(AccountId, String),
    /// Operator: adds a key.
    CreateKey(AccountId, NewKey),
    /// Operator: revokes a key.
    RevokeKey(AccountId, KeyId),
    /// Operator: sets what an account may use.
    SetEntitlements(AccountId, Entitlements),
    /// Operator: sets from where an account's widget may bootstrap.
    SetOrigins(AccountId, Vec<String>),
    /// Operator: sets where an account's events go.
    SetWebhook(AccountId, NewEndpoint),
    /// Operator: lets an account's events go nowhere. What is on its way ends with its next attempt.
    UnsetWebhook(AccountId),
    /// Operator: changes the endpoint of an account that has one. What is so already stays as it is.
    ChangeEndpoint(AccountId, EndpointChange),
    /// Operator: names the tier that bounds how much an account may ask for. What the tier allows is not the cell's to know.
    SetTier(AccountId, String),
    /// Operator: sets by which rules an account is served.
    SetRules(AccountId, Rules),
    /// Operator: says that somebody was verified or is refused, or takes back what was said (`None`). Said again, it changes
    /// nothing and tells nobody. Legal for any person, for a customer that is not deleted, and for a session that names no
    /// person.
    SetVerification(AccountId, Who, Option<Word>),
    /// Operator: says what payments turned out to be. What is known already stays as it is.
    SetLabels(Vec<NewLabel>),
    /// Operator: decides about a payment of this session that waits for a review. Legal while it waits; it goes on only if nobody
    /// refuses its user.
    DecideReview(AccountId, SessionId, PaymentId, ReviewDecision),
    /// Operator: replaces the rules and lists that stand beside the model. They apply from the next redemption on. Legal while
    /// they keep to their bounds.
    SetRiskPolicy(Box<NewPolicy>),
    /// Operator: changes which models there are and what they do. Legal as each step says.
    ChangeModels(ModelStep),
    /// Operator: sends events once more. Legal while the account has an endpoint and no redelivery runs.
    StartRedelivery(AccountId, Box<RedeliveryRange>),
    /// Operator: stops a redelivery. One that has ended stays as it is.
    CancelRedelivery(AccountId, RedeliveryId),
}

/// A webhook endpoint to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEndpoint {
    /// The receiver.
    pub url: String,
    /// The signing secret, encrypted under the mode's key.
    pub sealed_secret: Vec<u8>,
}

/// Of whom an operator speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The person whom the account's sessions name so, and the customer with this external id.
    Reference(String),
    /// A customer, and the person of its external id.
    Customer(CustomerId),
    /// The user of a session that names no person.
    Session(SessionId),
}

/// What a partner says when locking a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockQuote {
    /// Which way value moves.
    pub side: Side,
    /// The fiat currency.
    pub currency: Currency,
    /// The asset.
    pub asset: Asset,
    /// Fiat when on_ramp, asset when off_ramp; scale as given.
    pub amount: Amount,
    /// How fiat moves.
    pub payment_method: String,
}

/// What a partner says when redeeming a quote. Ids that cannot be read are told apart here, so that one refusal order holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeem {
    /// The quote; `None` when the text is no quote id of this mode.
    pub quote: Option<QuoteId>,
    /// The session; `None` when the text is no session id of this mode.
    pub session: Option<SessionId>,
    /// The partner's own pairs.
    pub metadata: Metadata,
}

/// What a user says when confirming a session: choices that the session leaves open, and from which device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirm {
    /// How fiat moves; the first method that fits otherwise.
    pub payment_method: Option<String>,
    /// Which way value moves; the session's flow otherwise, and on_ramp where that is open, too.
    pub side: Option<Side>,
    /// The asset; the session's otherwise, and the dollar's where that is open, too.
    pub asset: Option<Asset>,
    /// The device.
    pub device: Option<Device>,
    /// Where it is on the network; `None` when nobody's browser asked.
    pub address: Option<Address>,
}

/// Where a device is on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The keyed hash of its block of addresses.
    pub network: EntityKey,
    /// Where that is, when a proxy at the edge says so.
    pub country: Option<Country>,
}

/// A moment of a test helper's work: how the payment must stand, and what is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A rail works on it. Answered with the payment.
    Routed,
    /// It has ended. Answered with the payment.
    Ended,
    /// It has ended. Answered with its session.
    SessionAfter,
}

/// A key to add. The key itself never reaches the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What it may be used for.
    pub kind: KeyKind,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
}

/// A thing that happens by itself at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// What.
    pub task: TimerTask,
    /// Whose object it is about.
    pub account: AccountId,
}

/// What a timer does. Each is harmless when its object has moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerTask {
    /// Ends an open session's life.
    ExpireSession(SessionId),
    /// Fails a payment whose user was not verified.
    ExpireVerification(PaymentId, SessionId),
    /// Makes a delivery due again.
    RetryDelivery(DeliveryId),
    /// Erases what events of a deleted customer said of the person.
    EraseCustomer(CustomerId),
    /// Forgets the answer that was remembered under this key: its life is over.
    ForgetAnswer([u8; 16]),
    /// Declines a payment that nobody at the bank decided about.
    ExpireReview(PaymentId, SessionId),
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The session after the command.
    Session(Arc<Session>),
    /// The quote after the command.
    Quote(Arc<Quote>),
    /// The payment after the command.
    Payment(Arc<Payment>),
    /// The customer after the command.
    Customer(Arc<Customer>),
    /// The customer that was deleted, and when.
    DeletedCustomer(CustomerId, Timestamp),
    /// How the account's widget looks after the command.
    Branding(Box<Branding>),
    /// The delivery after the command.
    Delivery(Arc<Delivery>),
    /// The account after the command.
    Account(Arc<Account>),
    /// The redelivery after the command.
    Redelivery(Arc<Redelivery>),
    /// The key that was added.
    Key(ApiKey),
    /// What came of each label.
    Labels(Vec<Taken>),
    /// The plan of models after the command.
    Models(Arc<ModelPlan>),
    /// It is done and there is nothing to say.
    Done,
}

/// An answer with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was done.
    pub reply: Reply,
    /// Whether it was done by an earlier request with the same key.
    pub replayed: bool,
}

/// What comes of a submission.
pub type Outcome = Result<Answer, Refusal>;

impl Command {
    /// The partner whose write this is; `None` for internal and operator commands.
    pub fn partner(&self) -> Option<AccountId> {
        match self {
            Command::CreateSession(account, _)
            | Command::CancelSession(account, _)
            | Command::LockQuote(account, _)
            | Command::CreatePayIn(account, _)
            | Command::CreatePayOut(account, _)
            | Command::ConfirmSession(account, _, _)
            | Command::VerifyPayment(account, _, _)
            | Command::RememberPayment(account, _, _, _)
            | Command::CreateCustomer(account, _)
            | Command::UpdateCustomer(account, _, _)
            | Command::DeleteCustomer(account, _)
            | Command::UpdateBranding(account, _)
            | Command::ReplayDelivery(account, _, _)
            | Command::SendTestWebhook(account) => Some(*account),
            Command::ReportRails(_)
            | Command::ReportDeliveries(_)
            | Command::AdvanceRedelivery(_, _, _)
            | Command::SweepEvents(_, _)
            | Command::ReportPublished(_)
            | Command::RunTimer(_)
            | Command::CreateAccount(_, _)
            | Command::CreateKey(_, _)
            | Command::RevokeKey(_, _)
            | Command::SetEntitlements(_, _)
            | Command::SetOrigins(_, _)
            | Command::SetWebhook(_, _)
            | Command::UnsetWebhook(_)
            | Command::ChangeEndpoint(_, _)
            | Command::SetTier(_, _)
            | Command::SetRules(_, _)
            | Command::SetVerification(_, _, _)
            | Command::SetLabels(_)
            | Command::DecideReview(_, _, _, _)
            | Command::SetRiskPolicy(_)
            | Command::ChangeModels(_)
            | Command::StartRedelivery(_, _)
            | Command::CancelRedelivery(_, _) => None,
        }
    }
}
