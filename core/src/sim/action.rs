//! What happens in a simulation, as small plain values: a script can be generated from a seed, cut down and printed.

use super::rng::Rng;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A client or operator asks for something.
    Ask(Wish, Choice),
    /// A client sends one of its last requests once more, under the same key.
    Repeat(u8),
    /// The engine runs a batch of what waits.
    Turn,
    /// The committer writes this many of the batches that wait for it.
    Commit(u8),
    /// The process dies and starts again; this many of the batches on their way are found on disk.
    Crash(u8),
    /// The next commit fails; this many of its batches are found on disk all the same.
    FailCommit(u8),
    /// The next reads fail.
    FailReads(u8),
    /// The store cannot be opened this many times, as when the disk is full.
    FailOpens(u8),
    /// From now on the model fails, or works again.
    FailScorer(bool),
    /// Time passes: milliseconds.
    Pass(u64),
    /// The clock is set back: milliseconds.
    SetBack(u64),
    /// Rails take work and say up to this many words, some of them twice, late or wrong.
    Rails(u8, u8),
    /// The event bus takes up to this many events, some of which it refuses or takes without saying so.
    Publish(u8, u8),
    /// Redeliveries go on by a page each, some of which come twice.
    Redeliver(u8),
    /// Receivers get up to this many deliveries, some of which they refuse.
    Deliver(u8, u8),
    /// Somebody removes up to this many of the oldest events of an account.
    Sweep(u8, u8),
}

/// What a client or operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the command of its name")]
pub enum Wish {
    CreateSession,
    LockQuote,
    CreatePayIn,
    CreatePayOut,
    ConfirmSession,
    CancelSession,
    VerifyPayment,
    RememberPayment,
    CreateCustomer,
    UpdateCustomer,
    DeleteCustomer,
    UpdateBranding,
    ReplayDelivery,
    SendTestWebhook,
    CreateAccount,
    CreateKey,
    RevokeKey,
    SetEntitlements,
    SetOrigins,
    SetWebhook,
    UnsetWebhook,
    ChangeEndpoint,
    SetTier,
    SetRules,
    SetVerification,
    SetLabels,
    ChangeModels,
    StartRedelivery,
    CancelRedelivery,
    DecideReview,
    SetRiskPolicy,
}

/// The details of a wish, as numbers from which everything is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which account asks.
    pub who: u8,
    /// Which amount, currency, method.
    pub what: u8,
    /// Which object; small numbers are young ones.
    pub which: u8,
    /// Which idempotency key; half of the numbers mean none.
    pub key: u8,
}

/// The script of a seed.
pub fn script(seed: u64, length: usize) -> Vec<Action> {
    let mut rng = Rng::new(seed);
    (0..length).map(|_| action(&mut rng)).collect()
}

fn action(rng: &mut Rng) -> Action {
    match rng.below(1_000) {
        0..400 => Action::Ask(wish(rng), choice(rng)),
        400..430 => Action::Repeat(rng.byte() % 16),
        430..440 => Action::Sweep(rng.byte() % 4, 1 + rng.byte() % 64),
        440..630 => Action::Turn,
        630..790 => Action::Commit(1 + rng.byte() % 4),
        790..870 => Action::Rails(1 + rng.byte() % 6, rng.byte()),
        870..905 => Action::Deliver(1 + rng.byte() % 8, rng.byte()),
        905..918 => Action::Publish(1 + rng.byte() % 16, rng.byte()),
        918..930 => Action::Redeliver(rng.byte()),
        930..965 => Action::Pass(span(rng)),
        965..970 => Action::SetBack(rng.below(120_000)),
        970..980 => Action::Crash(rng.byte() % 5),
        980..987 => Action::FailCommit(rng.byte() % 4),
        987..991 => Action::FailReads(1 + rng.byte() % 3),
        991..995 => Action::FailOpens(1 + rng.byte() % 3),
        _ => Action::FailScorer(rng.byte().is_multiple_of(2)),
    }
}

fn wish(rng: &mut Rng) -> Wish {
    match rng.below(150) {
        0..22 => Wish::CreateSession,
        22..24 => Wish::ReplayDelivery,
        24..25 => Wish::SendTestWebhook,
        25..48 => Wish::LockQuote,
        48..64 => Wish::CreatePayIn,
        64..72 => Wish::CreatePayOut,
        72..78 => Wish::ConfirmSession,
        78..82 => Wish::CancelSession,
        82..86 => Wish::VerifyPayment,
        86..88 => Wish::RememberPayment,
        88..89 => Wish::UpdateBranding,
        89..90 => Wish::CreateAccount,
        90..92 => Wish::CreateKey,
        92..94 => Wish::RevokeKey,
        94..95 => Wish::SetEntitlements,
        95..96 => Wish::SetOrigins,
        96..97 => Wish::SetTier,
        97..99 => Wish::SetWebhook,
        99 => Wish::UnsetWebhook,
        100..106 => Wish::CreateCustomer,
        106..110 => Wish::UpdateCustomer,
        110..112 => Wish::DeleteCustomer,
        112 => Wish::SetRules,
        113..118 => Wish::ChangeEndpoint,
        118..122 => Wish::SetVerification,
        122..124 => Wish::StartRedelivery,
        124 => Wish::CancelRedelivery,
        125..129 => Wish::DecideReview,
        129..132 => Wish::SetRiskPolicy,
        132..137 => Wish::SetLabels,
        137..140 => Wish::DecideReview,
        140..142 => Wish::VerifyPayment,
        _ => Wish::ChangeModels,
    }
}

/// Accounts and objects are skewed: few are busy, the youngest are asked for most.
fn choice(rng: &mut Rng) -> Choice {
    let young = rng.byte() % (1 + rng.byte() % 12);
    let who = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 3 + rng.byte() % 5][rng.below(16) as usize];
    Choice { who, what: rng.byte(), which: young, key: rng.byte() }
}

/// Mostly moments; sometimes long enough for quotes, verifications, sessions or remembered answers to end.
fn span(rng: &mut Rng) -> u64 {
    let longest = match rng.below(40) {
        0..20 => 50,
        20..30 => 2_000,
        30..34 => 31_000,
        34..36 => 120_000,
        36..38 => 901_000,
        38 => 3_601_000,
        _ => 86_401_000,
    };
    1 + rng.below(longest)
}
