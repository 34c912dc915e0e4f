//! Why nothing was done.

/// Why nothing was done, in order of precedence: a command that meets several of these is refused with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The lane is full, or the deadline passed before the command was drained.
    #[error("the cell is overloaded")]
    Overloaded,
    /// The store failed and is being reopened: the command was not looked at.
    #[error("the store is being reopened")]
    StoreDown,
    /// The commit failed: whether it happened is not known until the same key is sent again.
    #[error("the outcome is not known")]
    OutcomeUnknown,
    /// The account, or the key that an operator named, does not exist.
    #[error("there is no such account or key")]
    UnknownAccount,
    /// Something bounded is full.
    #[error("a limit of the account or cell is reached")]
    LimitReached,
    /// The account may not use this.
    #[error("the account is not entitled to this")]
    NotEntitled,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// There is no such object for this account.
    #[error("there is no such object")]
    NotFound(Subject),
    /// The session ended.
    #[error("the session is not open")]
    SessionNotOpen,
    /// A movement runs.
    #[error("a movement of the session is running")]
    SessionBusy,
    /// The quote was consumed.
    #[error("the quote was consumed")]
    QuoteConsumed,
    /// The quote's time ran out.
    #[error("the quote has expired")]
    QuoteExpired,
    /// Side, flow, amount, currency or asset of quote and session differ, or the quote is not what was signed.
    #[error("quote and session do not fit each other")]
    QuoteMismatch(Subject),
    /// Swaps cannot be confirmed yet.
    #[error("swap movements are not enabled")]
    SwapNotEnabled,
    /// The payment does not wait for what was reported.
    #[error("the payment does not wait for this")]
    PaymentNotWaiting,
    /// Only what was given up can be replayed.
    #[error("the delivery is not dead-lettered")]
    DeliveryNotDead,
    /// The account's events go nowhere.
    #[error("the account has no webhook endpoint")]
    NoEndpoint,
    /// The endpoint cannot be changed so: it is disabled, a rotation is under way, or there is no secret to activate.
    #[error("the webhook endpoint cannot be changed so")]
    EndpointNotReady,
    /// One redelivery runs at a time.
    #[error("a redelivery of the account is running")]
    RedeliveryRunning,
    /// The model cannot do this from where it is, or another one does it.
    #[error("the model is not in a stage for this")]
    ModelNotReady,
    /// The method is not available for this side and currency.
    #[error("the payment method is not available")]
    MethodUnavailable,
    /// The asset is not available.
    #[error("the asset is not available")]
    AssetUnavailable,
    /// There is no fresh rate.
    #[error("there is no fresh rate")]
    RateUnavailable,
    /// The amount has more decimals than its currency or asset.
    #[error("the amount has too many decimals")]
    TooManyDecimals,
    /// The amount is outside what can be priced or carried.
    #[error("the amount is out of range")]
    AmountOutOfRange,
    /// The email address or external id has or had a customer.
    #[error("there is or was such a customer")]
    CustomerAlreadyExists,
    /// The session's user must be verified before money moves.
    #[error("the user must be verified before money moves")]
    VerificationRequired,
}

/// What a refusal is about: becomes `param`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The object named by the path.
    Path,
    /// The quote named in the body.
    Quote,
    /// The session named in the body.
    Session,
}
