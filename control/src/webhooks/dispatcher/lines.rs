//! Who sends next: one line of due deliveries per endpoint, and places that they share.
//!
//! An endpoint that answers soon is *prompt*, one that is slow or fails is *slow*, and of which nothing is known is *new*, unless
//! its last delivery before the start had failed. Each kind has places of its own, so that any number of slow and dead receivers
//! delays nobody else. An endpoint that falls silent is slow from the first attempt on that has waited too long, and such
//! attempts give their places back: they are counted apart. Within a kind the lines take turns, one attempt each. How many
//! attempts a line may have under way grows from one while its endpoint answers, and falls to one when it fails.
//!
//! Nothing here waits, reads or sends: the dispatcher asks what to do next, does it, and tells what came of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use causeway_core::id::{AccountId, OutboxId};
use tokio::time::Instant;

/// An answer within this time is prompt.
const PROMPT: Duration = Duration::from_secs(1);
/// What a line with a rate may catch up with at once, when it was called late.
const CATCH_UP: Duration = Duration::from_millis(100);
/// How long an endpoint that asks for rest is left alone at most.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// Pages that are read at once. Each is one piece of work for the disk.
const LOADS: usize = 4;
/// Deliveries that one page holds at most.
const PAGE: usize = 64;

/// How much may be under way.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Attempts to endpoints of each kind, in the order of [`Kind::ALL`].
    pub places: [usize; 3],
    /// Attempts beside these that have given their places back.
    pub late: usize,
    /// Attempts to one endpoint.
    pub per_endpoint: usize,
    /// Time between the attempts to one endpoint on average, at least.
    pub spacing: Duration,
}

/// The lines of all endpoints. `J` is a delivery that is due.
pub struct Lines<J> {
    bounds: Bounds,
    lines: HashMap<AccountId, Line<J>>,
    queues: [Queue; 3],
    /// Attempts to endpoints that are not slow, in the order in which they were begun, with the time until which an answer is
    /// prompt.
    watched: BTreeMap<u64, (Instant, AccountId, Kind)>,
    /// Attempts that have given their places back.
    late: usize,
    /// How many attempts were ever begun.
    begun: u64,
    /// Lines that rest, by the end of their rest.
    resting: BTreeSet<(Instant, AccountId)>,
    loads: usize,
    /// Deliveries in all lines that were read and are not begun.
    waiting: usize,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<J> {
    /// Read what is due; then call [`Lines::loaded`].
    Load(Page),
    /// Attempt this delivery; then call [`Lines::ended`].
    Begin(Attempt, J),
}

/// Deliveries of an account to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Whose.
    pub account: AccountId,
    /// Those behind this row.
    pub after: Option<OutboxId>,
    /// So many at most.
    pub limit: usize,
}

/// An attempt under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Whose.
    pub account: AccountId,
    /// Among which it has its place.
    pub kind: Kind,
    /// The so many-th that was begun.
    number: u64,
}

/// What is known of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its last attempt succeeded soon.
    Prompt,
    /// Nothing.
    New,
    /// Its last attempt failed, or took long.
    Slow,
}

/// What an attempt shows of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// It took the delivery.
    Took,
    /// It did not. It may have asked to be left alone for a time.
    Failed(Option<Duration>),
    /// Nothing: nothing was sent.
    Nothing,
}

/// The lines of one kind that wait, in turn.
#[derive(Default)]
struct Queue {
    under_way: usize,
    /// Those that have something to begin.
    ready: VecDeque<AccountId>,
    /// Those that must be read first.
    unread: VecDeque<AccountId>,
}

struct Line<J> {
    /// The last row that was taken out of the line; those before it are not looked at again.
    begun: Option<OutboxId>,
    /// What was read and is not begun.
    read: VecDeque<(OutboxId, J)>,
    /// Whether there may be rows behind what was read.
    has_more: bool,
    is_loading: bool,
    /// Whether it waits for its turn.
    has_turn: bool,
    kind: Kind,
    /// How many attempts it may have under way.
    limit: usize,
    under_way: usize,
    rests_until: Option<Instant>,
    /// When the next attempt may be begun, where there is a rate.
    next_at: Option<Instant>,
}

impl<J> Lines<J> {
    /// No lines yet.
    pub fn new(bounds: Bounds) -> Lines<J> {
        Lines {
            bounds,
            lines: HashMap::new(),
            queues: Default::default(),
            watched: BTreeMap::new(),
            late: 0,
            begun: 0,
            resting: BTreeSet::new(),
            loads: 0,
            waiting: 0,
        }
    }

    /// These accounts may have something due, or their endpoint has changed.
    pub fn ring(&mut self, accounts: impl IntoIterator<Item = AccountId>) {
        for account in accounts {
            self.lines.entry(account).or_insert_with(Line::new).has_more = true;
            self.take_turn(account);
        }
    }

    /// What to do next; `None`: nothing until something is told or [`Lines::wakes_at`] has come. Lines whose endpoint
    /// is not open are left out until they are rung for.
    pub fn next(&mut self, now: Instant, is_open: impl Fn(AccountId) -> bool) -> Option<Step<J>> {
        while let Some((until, account)) = self.resting.first().copied().filter(|(until, _)| *until <= now) {
            self.resting.remove(&(until, account));
            self.lines.get_mut(&account).into_iter().for_each(|line| line.rests_until = None);
            self.take_turn(account);
        }
        self.let_go(now);
        Kind::ALL.into_iter().find_map(|kind| self.next_of(kind, now, &is_open))
    }

    /// When a line's rest is over, or an attempt gives its place back.
    pub fn wakes_at(&self) -> Option<Instant> {
        let rest = self.resting.first().map(|(until, _)| *until);
        let late = self.watched.first_key_value().filter(|_| self.late < self.bounds.late);
        rest.into_iter().chain(late.map(|(_, (until, ..))| *until)).min()
    }

    /// What was read for [`Step::Load`], and whether the endpoint's last delivery failed.
    pub fn loaded(&mut self, page: Page, read: Vec<(OutboxId, J)>, is_failing: bool) {
        self.loads -= 1;
        let Some(line) = self.lines.get_mut(&page.account) else { return };
        if is_failing && line.kind == Kind::New {
            line.kind = Kind::Slow;
        }
        line.is_loading = false;
        line.has_more |= read.len() == page.limit;
        self.waiting += read.len();
        line.read.extend(read);
        self.take_turn(page.account);
    }

    /// An attempt has ended after this time.
    pub fn ended(&mut self, attempt: Attempt, showing: Showing, took: Duration, now: Instant) {
        if attempt.kind == Kind::Slow || self.watched.remove(&attempt.number).is_some() {
            self.queue(attempt.kind).under_way -= 1;
        } else {
            self.late -= 1;
        }
        let per_endpoint = self.bounds.per_endpoint;
        let Some(line) = self.lines.get_mut(&attempt.account) else { return };
        line.under_way -= 1;
        match showing {
            Showing::Took => {
                line.kind = if took <= PROMPT { Kind::Prompt } else { Kind::Slow };
                line.limit = (line.limit * 2).min(per_endpoint);
            }
            Showing::Failed(rest) => {
                line.kind = Kind::Slow;
                line.limit = 1;
                self.waiting -= line.keep(line.page());
                if let Some(rest) = rest {
                    self.rest(attempt.account, now + rest.min(LONGEST_REST));
                }
            }
            Showing::Nothing => {}
        }
        self.take_turn(attempt.account);
    }

    /// Deliveries that were read and are not begun.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether nothing is under way and nothing waits, as far as was read.
    pub fn are_idle(&self) -> bool {
        let is_idle = |queue: &Queue| queue.under_way == 0 && queue.unread.is_empty();
        self.waiting == 0 && self.loads == 0 && self.late == 0 && self.queues.iter().all(is_idle)
    }

    /// Attempts that have waited too long make room for others. Their endpoints get one attempt at a time from then on.
    fn let_go(&mut self, now: Instant) {
        while self.late < self.bounds.late
            && let Some((&number, &(until, account, kind))) = self.watched.first_key_value()
            && until <= now
        {
            self.watched.remove(&number);
            self.queue(kind).under_way -= 1;
            self.late += 1;
            if let Some(line) = self.lines.get_mut(&account) {
                (line.kind, line.limit) = (Kind::Slow, 1);
            }
        }
    }

    fn next_of(&mut self, kind: Kind, now: Instant, is_open: &impl Fn(AccountId) -> bool) -> Option<Step<J>> {
        let places = self.bounds.places[kind as usize];
        while self.queue(kind).under_way < places
            && let Some(account) = self.queue(kind).ready.pop_front()
        {
            if self.is_called(account, kind, is_open)
                && let Some(step) = self.begin(account, now)
            {
                return Some(step);
            }
        }
        // More than this is not read before there are places for it.
        while self.loads < LOADS
            && self.queue(kind).ready.len() < places
            && let Some(account) = self.queue(kind).unread.pop_front()
        {
            if self.is_called(account, kind, is_open)
                && let Some(step) = self.load(account)
            {
                return Some(step);
            }
        }
        None
    }

    /// Takes a line whose turn it is. One that has changed its kind meanwhile waits with the others of that, and one whose
    /// endpoint is not open leaves.
    fn is_called(&mut self, account: AccountId, kind: Kind, is_open: &impl Fn(AccountId) -> bool) -> bool {
        let Some(line) = self.lines.get_mut(&account) else { return false };
        line.has_turn = false;
        if !is_open(account) {
            self.waiting -= line.keep(0);
            line.has_more = false;
            return false;
        }
        if line.kind != kind || line.rests_until.is_some() {
            self.take_turn(account);
            return false;
        }
        true
    }

    fn load(&mut self, account: AccountId) -> Option<Step<J>> {
        let line = self.lines.get_mut(&account)?;
        (line.is_loading, line.has_more) = (true, false);
        let page = Page { account, after: line.begun, limit: line.page() };
        self.loads += 1;
        Some(Step::Load(page))
    }

    fn begin(&mut self, account: AccountId, now: Instant) -> Option<Step<J>> {
        let spacing = self.bounds.spacing;
        let line = self.lines.get_mut(&account)?;
        let Some((row, job)) = line.read.pop_front() else {
            self.take_turn(account);
            return None;
        };
        line.begun = Some(row);
        line.under_way += 1;
        self.waiting -= 1;
        let attempt = Attempt { account, kind: line.kind, number: self.begun };
        let next_at = line.next_at.map_or(now, |due| due.max(now - CATCH_UP)) + spacing;
        line.next_at = (!spacing.is_zero()).then_some(next_at);
        if next_at > now {
            self.rest(account, next_at);
        }
        self.begun += 1;
        self.queue(attempt.kind).under_way += 1;
        if attempt.kind != Kind::Slow {
            self.watched.insert(attempt.number, (now + PROMPT, account, attempt.kind));
        }
        self.take_turn(account);
        Some(Step::Begin(attempt, job))
    }

    /// The line begins nothing before this time.
    fn rest(&mut self, account: AccountId, until: Instant) {
        let Some(line) = self.lines.get_mut(&account) else { return };
        let until = line.rests_until.map_or(until, |known| known.max(until));
        if let Some(known) = line.rests_until.replace(until) {
            self.resting.remove(&(known, account));
        }
        self.resting.insert((until, account));
    }

    /// Puts a line behind the others of its kind, if it can begin or read something.
    fn take_turn(&mut self, account: AccountId) {
        let Some(line) = self.lines.get_mut(&account) else { return };
        let is_busy = line.has_turn || line.is_loading || line.under_way >= line.limit;
        if is_busy || line.rests_until.is_some() || line.read.is_empty() && !line.has_more {
            return;
        }
        line.has_turn = true;
        let (kind, is_unread) = (line.kind, line.read.is_empty());
        let queue = self.queue(kind);
        if is_unread { queue.unread.push_back(account) } else { queue.ready.push_back(account) }
    }

    fn queue(&mut self, kind: Kind) -> &mut Queue {
        &mut self.queues[kind as usize]
    }
}

impl Kind {
    /// Whoever is served first.
    const ALL: [Kind; 3] = [Kind::Prompt, Kind::New, Kind::Slow];
}

impl<J> Line<J> {
    fn new() -> Line<J> {
        Line {
            begun: None,
            read: VecDeque::new(),
            has_more: false,
            is_loading: false,
            has_turn: false,
            kind: Kind::New,
            limit: 1,
            under_way: 0,
            rests_until: None,
            next_at: None,
        }
    }

    /// How much of it is read at once: little while little can be sent.
    fn page(&self) -> usize {
        (self.limit * 4).min(PAGE)
    }

    /// Forgets what was read but for the first so many, and says how many those are; they can be read again.
    fn keep(&mut self, most: usize) -> usize {
        let forgotten = self.read.len().saturating_sub(most);
        self.has_more |= forgotten > 0;
        self.read.truncate(most);
        forgotten
    }
}

#[cfg(test)]
mod tests;
