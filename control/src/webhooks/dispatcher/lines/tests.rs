use super::*;

const SLOW: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_millis(5);

/// Lines over outboxes that the test fills: what is loaded comes at once.
struct Bench {
    lines: Lines<u128>,
    now: Instant,
    due: HashMap<AccountId, Vec<u128>>,
    closed: BTreeSet<AccountId>,
    /// Accounts whose last delivery before the start failed.
    failing: BTreeSet<AccountId>,
    under_way: Vec<(Attempt, u128)>,
}

impl Bench {
    /// So many places for prompt endpoints, and so many for each other kind.
    fn new(prompt: usize, other: usize, per_endpoint: usize) -> Bench {
        let bounds = Bounds { places: [prompt, other, other], late: prompt, per_endpoint, spacing: Duration::ZERO };
        Bench {
            lines: Lines::new(bounds),
            now: Instant::now(),
            due: HashMap::new(),
            closed: BTreeSet::new(),
            failing: BTreeSet::new(),
            under_way: Vec::new(),
        }
    }

    fn put(&mut self, account: u128, count: u128) {
        let rows = self.due.entry(AccountId(account)).or_default();
        let first = rows.last().map_or(0, |last| last + 1);
        rows.extend(first..first + count);
        self.lines.ring([AccountId(account)]);
    }

    /// Does everything that can be done now; gives the attempts that were begun.
    fn run(&mut self) -> Vec<(u128, u128)> {
        let mut begun = Vec::new();
        let closed = self.closed.clone();
        while let Some(step) = self.lines.next(self.now, |account| !closed.contains(&account)) {
            match step {
                Step::Load(page) => {
                    let behind =
                        self.due[&page.account].iter().filter(|row| page.after.is_none_or(|one| **row > one.0));
                    let rows = behind.take(page.limit).map(|&row| (OutboxId(row), row)).collect();
                    self.lines.loaded(page, rows, self.failing.contains(&page.account));
                }
                Step::Begin(attempt, row) => {
                    begun.push((attempt.account.0, row));
                    self.under_way.push((attempt, row));
                }
            }
        }
        begun
    }

    /// Ends the attempts under way that `which` chooses.
    fn end(&mut self, which: impl Fn(u128) -> bool, showing: Showing, took: Duration) {
        let (ended, left) = self.under_way.drain(..).partition(|(attempt, _)| which(attempt.account.0));
        self.under_way = left;
        for (attempt, _) in ended {
            self.lines.ended(attempt, showing, took, self.now);
        }
    }
}

#[test]
fn a_line_grows_while_its_endpoint_answers_and_falls_to_one_when_it_fails() {
    let mut bench = Bench::new(64, 64, 8);
    bench.put(1, 1_000);
    for expected in [1, 2, 8, 8] {
        assert_eq!(bench.run().len(), expected);
        bench.end(|_| true, Showing::Took, SOON);
    }
    bench.run();
    bench.end(|_| true, Showing::Failed(None), SOON);
    assert_eq!(bench.run().len(), 1);
}

#[test]
fn every_row_is_begun_once_and_in_order() {
    let mut bench = Bench::new(8, 8, 4);
    let mut begun = Vec::new();
    for _ in 0..100 {
        bench.put(1, 3);
        begun.extend(bench.run());
        bench.end(|_| true, Showing::Took, SOON);
    }
    for _ in 0..200 {
        begun.extend(bench.run());
        // Failures forget what was read; it is read again.
        bench.end(|_| true, Showing::Failed(None), SOON);
    }
    assert_eq!(begun, (0..300).map(|row| (1, row)).collect::<Vec<_>>());
    assert!(bench.lines.are_idle() && bench.lines.waiting() == 0);
}

#[test]
fn slow_and_dead_endpoints_never_take_the_places_of_prompt_ones() {
    let mut bench = Bench::new(4, 4, 4);
    bench.put(1, 1);
    bench.run();
    bench.end(|_| true, Showing::Took, SOON);
    for account in 2..2_000 {
        bench.failing.insert(AccountId(account));
        bench.put(account, 100);
    }
    assert_eq!(bench.run().len(), 4, "those that failed before the start have places of their own");
    bench.put(1, 3);
    assert_eq!(bench.run(), [(1, 1), (1, 2)]);
    bench.end(|account| account != 1, Showing::Failed(None), SLOW);
    assert_eq!(bench.run().len(), 4);
    bench.end(|account| account == 1, Showing::Took, SOON);
    assert_eq!(bench.run(), [(1, 3)]);
    // What takes long takes its places from others like it, though it succeeds.
    bench.end(|_| true, Showing::Took, SLOW);
    bench.put(1, 1);
    assert!(bench.run().iter().all(|(account, _)| *account != 1));
}

#[test]
fn a_new_endpoint_waits_for_other_new_ones_alone() {
    let mut bench = Bench::new(2, 2, 4);
    for account in 1..=9 {
        bench.failing.insert(AccountId(account));
        bench.put(account, 10);
    }
    bench.run();
    for account in 10..=12 {
        bench.put(account, 10);
    }
    assert_eq!(bench.run(), [(10, 0), (11, 0)]);
    bench.end(|account| account == 10, Showing::Failed(None), SLOW);
    assert_eq!(bench.run(), [(12, 0)], "who has failed waits with those that failed");
    bench.end(|account| account == 11, Showing::Took, SOON);
    assert_eq!(bench.run(), [(11, 1), (11, 2)], "who has answered, with those that answer");
}

#[test]
fn lines_of_a_kind_take_turns() {
    let mut bench = Bench::new(2, 2, 2);
    for account in 1..=3 {
        bench.put(account, 10);
    }
    let mut begun = Vec::new();
    for _ in 0..6 {
        begun.extend(bench.run());
        bench.end(|_| true, Showing::Failed(None), SOON);
    }
    let share = |account| begun.iter().filter(|(one, _)| *one == account).count();
    let shares = [share(1), share(2), share(3)];
    assert!(shares.iter().all(|share| (4..=5).contains(share)), "{begun:?}");
}

#[test]
fn little_is_read_while_there_is_no_place_for_it() {
    let mut bench = Bench::new(2, 2, 2);
    for account in 0..1_000 {
        bench.put(account, 1_000);
    }
    bench.run();
    assert!(bench.lines.waiting() <= 4 * (2 + LOADS), "{}", bench.lines.waiting());
}

#[test]
fn an_endpoint_that_asks_for_rest_is_left_alone_but_not_for_ever() {
    let mut bench = Bench::new(4, 4, 4);
    bench.put(1, 10);
    bench.run();
    bench.end(|_| true, Showing::Failed(Some(Duration::from_secs(30))), SOON);
    assert_eq!(bench.run(), []);
    bench.now += Duration::from_secs(29);
    bench.put(1, 1);
    assert_eq!(bench.run(), []);
    assert_eq!(bench.lines.wakes_at(), Some(bench.now + Duration::from_secs(1)));
    bench.now += Duration::from_secs(1);
    assert_eq!(bench.run(), [(1, 1)]);
    bench.end(|_| true, Showing::Failed(Some(Duration::from_secs(1 << 40))), SOON);
    bench.now += LONGEST_REST;
    assert_eq!(bench.run(), [(1, 2)]);
}

#[test]
fn attempts_to_one_endpoint_are_spaced() {
    let mut bench = Bench::new(4, 4, 4);
    bench.lines.bounds.spacing = Duration::from_millis(100);
    bench.put(1, 10);
    for row in 0..5 {
        assert_eq!(bench.run(), [(1, row)]);
        bench.end(|_| true, Showing::Took, SOON);
        assert_eq!(bench.run(), []);
        bench.now += Duration::from_millis(100);
    }
}

/// Whoever is called late begins what was due meanwhile, so that a rate is the rate, and no more than that.
#[test]
fn a_rate_is_kept_though_the_clock_is_coarse() {
    let mut bench = Bench::new(64, 64, 64);
    bench.lines.bounds.spacing = Duration::from_micros(500);
    bench.put(1, 10_000);
    let mut begun = 0;
    for _ in 0..1_000 {
        begun += bench.run().len();
        bench.end(|_| true, Showing::Took, SOON);
        begun += bench.run().len();
        bench.end(|_| true, Showing::Took, SOON);
        bench.now += Duration::from_millis(1);
    }
    assert!((1_990..=2_002).contains(&begun), "{begun} in a second");
    bench.now += Duration::from_secs(60);
    for _ in 0..400 {
        begun += bench.run().len();
        bench.end(|_| true, Showing::Took, SOON);
    }
    assert!(begun <= 2_002 + 201, "a pause is not made up for: {begun}");
}

/// Endpoints that worked and fall silent, all at once, with much to do: after a second their places are others'.
#[test]
fn endpoints_that_fall_silent_give_their_places_back() {
    let mut bench = Bench::new(32, 4, 8);
    bench.put(10, 1);
    for account in 1..=9 {
        bench.put(account, 1_000);
    }
    for _ in 0..9 {
        bench.run();
        bench.end(|_| true, Showing::Took, SOON);
    }
    bench.run();
    let silent: BTreeSet<u128> = bench.under_way.iter().map(|(attempt, _)| attempt.account.0).collect();
    assert_eq!(bench.under_way.len(), 32);
    bench.put(10, 1);
    let well = (1..=9).filter(|account| !silent.contains(account)).collect::<Vec<_>>();
    assert!(bench.run().is_empty(), "all places are taken");
    assert_eq!(bench.lines.wakes_at(), Some(bench.now + PROMPT));
    bench.now += PROMPT;
    let begun = bench.run();
    assert!(begun.contains(&(10, 1)) && well.iter().all(|one| begun.iter().any(|(account, _)| account == one)));
    assert!(begun.iter().all(|(account, _)| !silent.contains(account)), "{begun:?}");
    bench.end(|account| silent.contains(&account), Showing::Failed(None), SLOW);
    bench.end(|_| true, Showing::Took, SOON);
    bench.now += PROMPT;
    let again = bench.run().into_iter().filter(|(account, _)| silent.contains(account)).count();
    assert!(again <= 4, "silent ones have the slow ones' places: {again}");
}

#[test]
fn a_closed_endpoint_gets_nothing_until_it_is_open_and_rung_for() {
    let mut bench = Bench::new(4, 4, 4);
    bench.put(1, 10);
    bench.run();
    bench.closed.insert(AccountId(1));
    bench.end(|_| true, Showing::Took, SOON);
    bench.put(1, 1);
    assert_eq!(bench.run(), []);
    assert!(bench.lines.are_idle());
    bench.closed.clear();
    assert_eq!(bench.run(), []);
    bench.lines.ring([AccountId(1)]);
    assert_eq!(bench.run(), [(1, 1), (1, 2)]);
}

#[test]
fn an_attempt_that_sent_nothing_shows_nothing() {
    let mut bench = Bench::new(4, 4, 4);
    bench.put(1, 10);
    bench.run();
    bench.end(|_| true, Showing::Took, SOON);
    assert_eq!(bench.run().len(), 2);
    bench.end(|_| true, Showing::Nothing, Duration::ZERO);
    assert_eq!(bench.run().len(), 2);
}
