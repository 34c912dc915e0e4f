use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use causeway_core::change::Change;
use causeway_core::directory::Directory;
use causeway_core::rail::RailOutcome;
use parking_lot::Mutex;
use tokio::time::timeout;

use super::*;
use crate::dispatch::fixture::{DEADLINE, PlayedCell, notices};
use crate::gate::BoxFuture;
use crate::rails::fixture::work;
use crate::rails::{reports, simulated};

type Said = Result<Word, RailError>;

/// A rail that answers what the test wrote down, in order, and then `Accepted`.
struct ScriptedRail {
    script: Mutex<HashMap<u128, VecDeque<Said>>>,
    asked: mpsc::UnboundedSender<(Step, u128)>,
    /// Answers wait until this is true.
    answers: watch::Receiver<bool>,
}

impl ScriptedRail {
    async fn answer(&self, step: Step, work: &RailWork) -> Said {
        let said = self.script.lock().get_mut(&work.attempt.0).and_then(VecDeque::pop_front);
        self.asked.send((step, work.attempt.0)).unwrap();
        self.answers.clone().wait_for(|answers| *answers).await.unwrap();
        said.unwrap_or(Ok(Word::Accepted))
    }
}

impl Rail for ScriptedRail {
    fn send<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Said> {
        Box::pin(self.answer(Step::Send, work))
    }

    fn enquire<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Said> {
        Box::pin(self.answer(Step::Enquire, work))
    }
}

struct Bench {
    cell: PlayedCell,
    asked: mpsc::UnboundedReceiver<(Step, u128)>,
    lines: Arc<Mutex<Vec<String>>>,
    running: tokio::task::JoinHandle<()>,
    later: mpsc::Sender<RailReport>,
    answers: watch::Sender<bool>,
}

impl Bench {
    /// A dispatcher at work on a cell with these rows, of a rail that reports by itself.
    fn start(rows: Vec<RailWork>, script: Vec<(u128, Vec<Said>)>) -> Bench {
        Bench::start_with(rows, script, None)
    }

    fn start_with(rows: Vec<RailWork>, script: Vec<(u128, Vec<Said>)>, enquiries: Option<Schedule>) -> Bench {
        let cell = PlayedCell::new(Directory::default());
        cell.put(rows.into_iter().map(|row| Change::RailWorkAdd(Box::new(row))).collect());
        let (asked_sender, asked) = mpsc::unbounded_channel();
        let answers = watch::Sender::new(true);
        let script = script.into_iter().map(|(id, said)| (id, said.into())).collect();
        let rail: Arc<dyn Rail> =
            Arc::new(ScriptedRail { script: Mutex::new(script), asked: asked_sender, answers: answers.subscribe() });
        let (notice, lines) = notices();
        let dispatcher = Arc::new(Dispatcher {
            cell: cell.handle.clone(),
            reader: cell.reader.clone(),
            name: simulated::NAME.to_owned(),
            rail,
            at_once: 4,
            enquiries,
            notice,
            stats: Arc::default(),
        });
        let ends = reports();
        let later = ends.0.clone();
        let running = tokio::spawn(dispatcher.run(ends, cell.stop.subscribe()));
        Bench { cell, asked, lines, running, later, answers }
    }

    async fn asked(&mut self) -> (Step, u128) {
        timeout(DEADLINE, self.asked.recv()).await.expect("the rail is asked").unwrap()
    }

    async fn asked_in_any_order(&mut self, count: usize) -> Vec<(u128, Step)> {
        let mut all = Vec::new();
        for _ in 0..count {
            let (step, attempt) = self.asked().await;
            all.push((attempt, step));
        }
        all.sort_by_key(|(attempt, _)| *attempt);
        all
    }

    async fn reported(&self) -> Vec<(u128, RailOutcome)> {
        let Command::ReportRails(reports) = self.cell.take().await else { panic!("another command") };
        reports.iter().map(|report| (report.attempt.0, report.outcome)).collect()
    }

    /// A row that comes while the first look is still to be made is enquired about, harmlessly.
    async fn wait_until_it_sends(&mut self) {
        for id in 1_000..2_000 {
            self.cell.put(vec![Change::RailWorkAdd(Box::new(work(id)))]);
            if self.asked().await == (Step::Send, id) {
                return;
            }
        }
        panic!("it never sends");
    }

    /// What was asked before the sweep saw the latest change.
    async fn settle_down(&mut self) {
        while timeout(Duration::from_millis(200), self.asked.recv()).await.is_ok_and(|asked| asked.is_some()) {}
    }

    async fn stop(mut self) {
        self.cell.stop.send_replace(true);
        timeout(DEADLINE, self.running).await.expect("it stops").unwrap();
        assert!(self.asked.try_recv().is_err(), "nothing else was asked");
    }
}

#[tokio::test]
async fn rows_from_before_are_enquired_about_and_later_ones_are_sent() {
    let mut bench = Bench::start(
        vec![work(1), work(2), work(3)],
        vec![(1, vec![Ok(Word::Accepted)]), (2, vec![Ok(Word::Outcome(RailOutcome::Settled))])],
    );
    let expected = [(1, Step::Enquire), (2, Step::Enquire), (3, Step::Enquire)];
    assert_eq!(bench.asked_in_any_order(3).await, expected);
    assert_eq!(bench.reported().await, [(2, RailOutcome::Settled)]);
    bench.wait_until_it_sends().await;
    bench.stop().await;
}

#[tokio::test]
async fn what_never_arrived_is_sent_and_what_is_unclear_is_enquired_about() {
    let unclear = || Err(RailError("it hung up".to_owned()));
    let mut bench =
        Bench::start(vec![work(1)], vec![(1, vec![Ok(Word::Unknown), unclear(), unclear(), Ok(Word::Accepted)])]);
    assert_eq!(bench.asked().await, (Step::Enquire, 1));
    assert_eq!(bench.asked().await, (Step::Send, 1));
    assert_eq!(bench.asked().await, (Step::Enquire, 1));
    assert_eq!(bench.asked().await, (Step::Enquire, 1));
    assert_eq!(bench.lines.lock().len(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn what_a_rail_says_later_is_reported() {
    let mut bench = Bench::start(vec![], vec![]);
    bench.cell.put((1..=9).map(|id| Change::RailWorkAdd(Box::new(work(id)))).collect());
    bench.asked_in_any_order(9).await;
    bench.later.send(work(5).report(RailOutcome::Cancelled)).await.unwrap();
    assert_eq!(bench.reported().await, [(5, RailOutcome::Cancelled)]);
    bench.stop().await;
}

#[tokio::test]
async fn work_for_other_rails_is_left_alone_and_strays_are_said_loudly() {
    let foreign = |id| RailWork { rail: "swift".to_owned(), ..work(id) };
    let mut bench = Bench::start(vec![foreign(1), work(2), foreign(3)], vec![]);
    assert_eq!(bench.asked().await, (Step::Enquire, 2));
    bench.wait_until_it_sends().await;
    let (notice, lines) = notices();
    let running = vec![simulated::NAME.to_owned()];
    tell_of_strays(bench.cell.reader.clone(), running, notice, bench.cell.stop.subscribe()).await;
    let lines = lines.lock().clone();
    assert!(lines.len() == 1 && lines[0].starts_with("2 attempts") && lines[0].contains("\"swift\""), "{lines:?}");
    bench.stop().await;
}

/// Work that was made just now, by its id.
fn fresh(id: u128) -> RailWork {
    work(u128::from(system_time().0) << 80 | id)
}

fn often() -> Option<Schedule> {
    Schedule::new(Duration::from_millis(20), Duration::from_millis(40))
}

#[tokio::test]
async fn what_stays_open_is_enquired_about_again_and_sent_again_when_it_was_forgotten() {
    let row = fresh(1);
    let id = row.attempt.0;
    let script = vec![Ok(Word::Accepted), Ok(Word::Accepted), Ok(Word::Unknown), Ok(Word::Accepted)];
    let settled = vec![Ok(Word::Outcome(RailOutcome::Settled))];
    let mut bench = Bench::start_with(vec![row], vec![(id, [script, settled].concat())], often());
    for step in [Step::Enquire, Step::Enquire, Step::Enquire, Step::Send, Step::Enquire] {
        assert_eq!(bench.asked().await, (step, id));
    }
    assert_eq!(bench.reported().await, [(id, RailOutcome::Settled)]);
    bench.cell.put(vec![Change::RailWorkRemove(AttemptId(id))]);
    bench.settle_down().await;
    bench.stop().await;
}

#[tokio::test]
async fn what_has_its_outcome_is_not_sent_whatever_the_rail_forgot() {
    let mut bench = Bench::start(vec![work(1)], vec![(1, vec![Ok(Word::Unknown)])]);
    bench.answers.send_replace(false);
    assert_eq!(bench.asked().await, (Step::Enquire, 1));
    bench.cell.put(vec![Change::RailWorkRemove(AttemptId(1))]);
    bench.answers.send_replace(true);
    bench.wait_until_it_sends().await;
    bench.stop().await;
}

#[tokio::test]
async fn an_attempt_that_stays_unclear_gives_its_place_back() {
    let unclear = || Err(RailError("it hung up".to_owned()));
    let rows: Vec<RailWork> = (1..=4).map(work).collect();
    let script = (1..=4).map(|id| (id, (0..TRIES).map(|_| unclear()).collect())).collect();
    let seldom = Schedule::new(Duration::from_secs(3_600), Duration::from_secs(3_600));
    let mut bench = Bench::start_with(rows, script, seldom);
    bench.asked_in_any_order(4 * TRIES as usize).await;
    assert_eq!(bench.lines.lock().len(), 4, "one line for each");
    bench.cell.put(vec![Change::RailWorkAdd(Box::new(work(5)))]);
    assert_eq!(bench.asked().await, (Step::Send, 5));
    bench.stop().await;
}
