//! Bugs that the simulator plants to see whether it sees. Without the feature `sim` no bug can be planted, and the questions
//! after them cost nothing.

/// All bugs with their names at the command line: one list.
macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident = $name:literal;)*) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($(#[$doc])* $bug,)*
        }

        #[cfg(feature = "sim")]
        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$bug,)*];

            /// The name at the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)*
                }
            }
        }
    };
}

bugs! {
    /// A redeemed quote stays active.
    ConsumeTwice = "consume-twice";
    /// The event of a settled payment is not written.
    DropEvent = "drop-event";
    /// Answers leave before the sync of their batch.
    ReplyBeforeSync = "reply-before-sync";
    /// A completed session is not entered into the index of its status.
    LoseIndexRow = "lose-index-row";
    /// An idempotency key works again for another request.
    ReuseKey = "reuse-key";
    /// Timers run fifty minutes after they are due.
    LateTimers = "late-timers";
    /// What ran and may be on disk after a failed commit is said not to have run.
    DenyDoubt = "deny-doubt";
    /// What is in no doubt at all is said to be: the engine could not read and did nothing.
    FeignDoubt = "feign-doubt";
    /// What waited beyond its deadline runs all the same.
    IgnoreDeadline = "ignore-deadline";
    /// What waited in time is refused as if it were late.
    RefuseEarly = "refuse-early";
    /// Money of people whom nobody verified moves in live.
    TrustStrangers = "trust-strangers";
    /// Events go when their life is over, though their delivery has not ended.
    SweepUndelivered = "sweep-undelivered";
    /// The event of an expired session is not kept for the event bus.
    SkipBus = "skip-bus";
    /// A redelivery does not write how far it has come.
    LoseProgress = "lose-progress";
    /// A page of a redelivery leaves out what does not fit into it.
    LeaveOut = "leave-out";
    /// What was taken for fraud by mistake counts as fraud for ever.
    FraudForEver = "fraud-for-ever";
    /// The history of a network block is not written.
    LoseHistory = "lose-history";
    /// A payment that nobody reviewed in time goes on.
    ApproveOverdue = "approve-overdue";
    /// Who stands on an allow list and on a block list goes through.
    AllowBeatsBlock = "allow-beats-block";
    /// A payment that waited goes on, though a block list names whom it concerns by now.
    ForgetLateBlock = "forget-late-block";
    /// Who falls to a canary is drawn anew for each payment.
    LooseCanary = "loose-canary";
    /// A promotion does not remember which model was live before.
    ForgetBefore = "forget-before";
    /// While the store is down, those who ask wait without an answer.
    KeepWaiting = "keep-waiting";
}

#[cfg(feature = "sim")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether this bug was planted in this thread.
#[cfg(feature = "sim")]
pub fn has(bug: Bug) -> bool {
    planted() == Some(bug)
}

/// Whether this bug was planted: never in a shipped program.
#[cfg(not(feature = "sim"))]
pub const fn has(_bug: Bug) -> bool {
    false
}

/// Plants a bug in this thread, or removes it.
#[cfg(feature = "sim")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// The bug that was planted in this thread.
#[cfg(feature = "sim")]
pub fn planted() -> Option<Bug> {
    PLANTED.get()
}
