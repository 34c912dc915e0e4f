//! Bugs that the simulator plants to see whether it sees. Without the feature `sim` no bug can be planted, and the questions
//! after them cost nothing.

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A redeemed quote stays active.
    ConsumeTwice,
    /// The event of a settled payment is not written.
    DropEvent,
    /// Answers leave before the sync of their batch.
    ReplyBeforeSync,
    /// A completed session is not entered into the index of its status.
    LoseIndexRow,
    /// An idempotency key works again for another request.
    ReuseKey,
}

#[cfg(feature = "sim")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether this bug was planted in this thread.
#[cfg(feature = "sim")]
pub fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
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

#[cfg(feature = "sim")]
impl Bug {
    /// All of them.
    pub const ALL: [Bug; 5] =
        [Bug::ConsumeTwice, Bug::DropEvent, Bug::ReplyBeforeSync, Bug::LoseIndexRow, Bug::ReuseKey];

    /// The name at the command line.
    pub fn name(self) -> &'static str {
        match self {
            Bug::ConsumeTwice => "consume-twice",
            Bug::DropEvent => "drop-event",
            Bug::ReplyBeforeSync => "reply-before-sync",
            Bug::LoseIndexRow => "lose-index-row",
            Bug::ReuseKey => "reuse-key",
        }
    }
}
