//! What a connection does, and since when: by it, idle connections and slow heads are found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::Limits;

/// What a connection does, and since when.
pub(super) struct Watch {
    origin: Instant,
    /// Milliseconds after `origin` at which the present phase began.
    since: AtomicU64,
    /// Requests that wait for their answer.
    in_flight: AtomicU32,
    /// Answers that were not handed over whole to the connection.
    on_the_way: AtomicU32,
    /// Whether anything has come in.
    has_spoken: AtomicBool,
    /// Whether a head has begun and is not complete.
    reads_head: AtomicBool,
    /// Whether what is written next belongs to an answer of the service.
    answering: AtomicBool,
    /// Whether something was refused before it had come whole.
    cut_short: AtomicBool,
}

impl Watch {
    pub(super) fn new() -> Watch {
        Watch {
            origin: Instant::now(),
            since: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            on_the_way: AtomicU32::new(0),
            has_spoken: AtomicBool::new(false),
            reads_head: AtomicBool::new(false),
            answering: AtomicBool::new(false),
            cut_short: AtomicBool::new(false),
        }
    }

    /// Bytes came in; `true` when a head begins with them. On HTTP/2 they may be anything, pings too: only whole requests
    /// end idleness there.
    pub(super) fn received(&self, http2: bool) -> bool {
        self.has_spoken.store(true, Relaxed);
        if http2 {
            return false;
        }
        let begins = self.in_flight.load(Relaxed) == 0 && !self.reads_head.swap(true, Relaxed);
        if begins {
            self.mark();
        }
        begins
    }

    /// Everything written so far is out.
    pub(super) fn flushed(&self) {
        if self.in_flight.load(Relaxed) == 0 && self.on_the_way.load(Relaxed) == 0 {
            self.answering.store(false, Relaxed);
        }
    }

    /// Bytes went out. On HTTP/2 they may be answers to pings: only what an answer's next piece shows counts there.
    pub(super) fn sent(&self, http2: bool) {
        if !http2 && self.is_answering() {
            self.mark();
        }
    }

    pub(super) fn is_answering(&self) -> bool {
        self.answering.load(Relaxed)
    }

    /// What the client is sending is not read to its end.
    pub(super) fn cut_short(&self) {
        self.cut_short.store(true, Relaxed);
    }

    /// Whether the client may still be sending what nobody reads.
    pub(super) fn is_cut_short(&self) -> bool {
        self.cut_short.load(Relaxed)
    }

    /// Whether the connection has idled for too long, or a head takes too long, or its client takes nothing of an answer.
    /// That is the same for all versions: an answer may take its time while its next piece is asked for within that of idleness.
    pub(super) fn is_overdue(&self, limits: &Limits) -> bool {
        if self.in_flight.load(Relaxed) > 0 {
            return false;
        }
        // What comes while an answer goes out is looked at after it.
        // A connection that has said nothing yet owes its first head.
        let waits_for_head = !self.has_spoken.load(Relaxed) || self.reads_head.load(Relaxed) && !self.is_answering();
        let bound = if waits_for_head { limits.header_timeout } else { limits.idle_timeout };
        self.origin.elapsed().saturating_sub(Duration::from_millis(self.since.load(Relaxed))) >= bound
    }

    fn mark(&self) {
        self.since.store(self.origin.elapsed().as_millis() as u64, Relaxed);
    }
}

/// Held while a request waits for its answer, also when its client goes away in the middle.
pub(super) struct Busy(Arc<Watch>);

impl Busy {
    pub(super) fn start(watch: Arc<Watch>) -> Busy {
        watch.in_flight.fetch_add(1, Relaxed);
        watch.reads_head.store(false, Relaxed);
        watch.answering.store(true, Relaxed);
        Busy(watch)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.mark();
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// Held while an answer is on its way into the connection.
pub(super) struct OnTheWay(Arc<Watch>);

impl OnTheWay {
    pub(super) fn start(watch: Arc<Watch>) -> OnTheWay {
        watch.on_the_way.fetch_add(1, Relaxed);
        OnTheWay(watch)
    }

    /// The client has made room for more.
    pub(super) fn gets_on(&self) {
        self.0.mark();
    }
}

impl Drop for OnTheWay {
    fn drop(&mut self) {
        self.0.mark();
        self.0.on_the_way.fetch_sub(1, Relaxed);
    }
}
