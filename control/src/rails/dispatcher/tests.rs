use std::collections::VecDeque;

use causeway_core::change::Change;
use causeway_core::directory::Directory;
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
}

impl ScriptedRail {
    fn answer(&self, step: Step, work: &RailWork) -> Said {
        let said = self.script.lock().get_mut(&work.attempt.0).and_then(VecDeque::pop_front);
        self.asked.send((step, work.attempt.0)).unwrap();
        said.unwrap_or(Ok(Word::Accepted))
    }
}

impl Rail for ScriptedRail {
    fn send<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Said> {
        Box::pin(async move { self.answer(Step::Send, work) })
    }

    fn enquire<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Said> {
        Box::pin(async move { self.answer(Step::Enquire, work) })
    }
}

struct Bench {
    cell: PlayedCell,
    asked: mpsc::UnboundedReceiver<(Step, u128)>,
    lines: Arc<Mutex<Vec<String>>>,
    running: tokio::task::JoinHandle<()>,
    later: mpsc::Sender<RailReport>,
}

impl Bench {
    /// A dispatcher at work on a cell with these rows.
    fn start(rows: Vec<RailWork>, script: Vec<(u128, Vec<Said>)>) -> Bench {
        let cell = PlayedCell::new(Directory::default());
        cell.put(rows.into_iter().map(|row| Change::RailWorkAdd(Box::new(row))).collect());
        let (asked_sender, asked) = mpsc::unbounded_channel();
        let script = script.into_iter().map(|(id, said)| (id, said.into())).collect();
        let rail: Arc<dyn Rail> = Arc::new(ScriptedRail { script: Mutex::new(script), asked: asked_sender });
        let (notice, lines) = notices();
        let dispatcher = Arc::new(Dispatcher {
            cell: cell.handle.clone(),
            reader: cell.reader.clone(),
            rails: HashMap::from([(simulated::NAME.to_owned(), rail)]),
            at_once: 4,
            notice,
            stats: Arc::default(),
        });
        let ends = reports();
        let later = ends.0.clone();
        let running = tokio::spawn(dispatcher.run(ends, cell.stop.subscribe()));
        Bench { cell, asked, lines, running, later }
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
    bench.later.send(report(&work(5), RailOutcome::Cancelled)).await.unwrap();
    assert_eq!(bench.reported().await, [(5, RailOutcome::Cancelled)]);
    bench.stop().await;
}

#[tokio::test]
async fn work_for_a_rail_that_does_not_run_is_said_loudly_and_not_sent() {
    let foreign = RailWork { rail: "swift".to_owned(), ..work(1) };
    let mut bench = Bench::start(vec![foreign, work(2)], vec![]);
    assert_eq!(bench.asked().await, (Step::Enquire, 2));
    bench.wait_until_it_sends().await;
    let lines = bench.lines.lock().clone();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("\"swift\""), "{lines:?}");
    bench.stop().await;
}
