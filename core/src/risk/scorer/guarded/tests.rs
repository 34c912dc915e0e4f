//! The guard with a clock in the hand.

use std::sync::Mutex;

use super::*;
use crate::risk::features::COUNT;
use crate::risk::scorer::assess;
use crate::risk::{Decider, Risk};

const BUDGET: Duration = Duration::from_millis(5);

/// What the model does next.
#[derive(Clone, Copy)]
enum Act {
    Score(f32),
    Fail,
    Take(Duration),
}

#[derive(Default)]
struct World {
    elapsed: Duration,
    worked: Duration,
    acts: VecDeque<Act>,
    runs: usize,
}

#[derive(Clone, Default)]
struct Hand(Arc<Mutex<World>>);

impl Timekeeper for Hand {
    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().elapsed
    }

    fn worked(&self) -> Duration {
        self.0.lock().unwrap().worked
    }

    fn date(&self) -> Timestamp {
        Timestamp(1_790_000_000_000)
    }
}

impl Scorer for Hand {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        assert!(rows.len() <= CHUNK);
        let mut world = self.0.lock().unwrap();
        world.runs += 1;
        let act = world.acts.pop_front().unwrap_or(Act::Score(0.5));
        match act {
            Act::Score(score) => Ok(vec![score; rows.len()]),
            Act::Fail => Err(ScoreError::Failed("no memory".to_owned())),
            Act::Take(time) => {
                world.worked += time;
                Ok(vec![0.5; rows.len()])
            }
        }
    }

    fn model(&self) -> (&str, &str) {
        ("hand", "1")
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds::FALLBACK
    }
}

fn guarded() -> (Guarded, Hand) {
    let hand = Hand::default();
    (Guarded::new(Box::new(hand.clone()), BUDGET, Box::new(hand.clone())), hand)
}

fn call(guard: &mut Guarded, hand: &Hand, rows: usize, acts: &[Act]) -> Vec<Risk> {
    hand.0.lock().unwrap().acts = acts.iter().copied().collect();
    assess(guard, &vec![Features([0.0; COUNT]); rows])
}

fn by_model(risks: &[Risk]) -> usize {
    risks.iter().filter(|risk| matches!(risk.decider, Decider::Model { .. })).count()
}

fn reason(risks: &[Risk]) -> String {
    match &risks.last().unwrap().decider {
        Decider::Fallback { reason } => reason.clone(),
        Decider::Model { .. } => panic!("the model decided"),
    }
}

#[test]
fn rows_that_were_scored_in_time_keep_their_scores() {
    let (mut guard, hand) = guarded();
    let ms = Duration::from_millis;
    let risks = call(&mut guard, &hand, 40, &[Act::Take(ms(3)), Act::Take(ms(3)), Act::Take(ms(3))]);
    assert_eq!((risks.len(), by_model(&risks)), (40, CHUNK));
    assert_eq!(reason(&risks), "the model took longer than 5ms");
    assert_eq!(hand.0.lock().unwrap().runs, 2, "what is left is not run");
    let health = guard.health();
    assert_eq!((health.calls.load(Ordering::Relaxed), health.late.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(health.quarantine(), None);
}

#[test]
fn three_overruns_within_a_minute_are_too_many() {
    for (gap, ends) in [(29, true), (31, false)] {
        let (mut guard, hand) = guarded();
        for _ in 0..3 {
            let risks = call(&mut guard, &hand, 1, &[Act::Take(BUDGET * 2)]);
            assert_eq!(by_model(&risks), 0);
            hand.0.lock().unwrap().elapsed += Duration::from_secs(gap);
        }
        assert_eq!(guard.health().quarantine().is_some(), ends, "{gap}");
        let runs = hand.0.lock().unwrap().runs;
        let risks = call(&mut guard, &hand, 1, &[]);
        assert_eq!(by_model(&risks) == 0, ends);
        assert_eq!(hand.0.lock().unwrap().runs == runs, ends, "what is quarantined is not run");
    }
}

#[test]
fn one_run_far_beyond_is_enough() {
    let (mut guard, hand) = guarded();
    call(&mut guard, &hand, 1, &[Act::Take(BUDGET * 11)]);
    let quarantine = guard.health().quarantine().cloned().unwrap();
    assert_eq!(quarantine.reason, "a run took 55ms, more than 10 times its 5ms");
    assert_eq!(quarantine.since, Timestamp(1_790_000_000_000));
    let risks = call(&mut guard, &hand, 1, &[]);
    assert!(reason(&risks).starts_with("the model is quarantined: a run took 55ms"), "{}", reason(&risks));
}

#[test]
fn errors_one_after_another_are_too_many_and_a_good_run_forgives() {
    let (mut guard, hand) = guarded();
    for number in 0..40 {
        let act = if number % 16 == 15 { Act::Score(0.1) } else { [Act::Fail, Act::Score(f32::NAN)][number % 2] };
        call(&mut guard, &hand, 1, &[act]);
    }
    assert_eq!(guard.health().quarantine(), None);
    call(&mut guard, &hand, 1, &[]);
    for _ in 0..16 {
        assert_eq!(guard.health().quarantine(), None);
        call(&mut guard, &hand, 1, &[Act::Fail]);
    }
    let reason = &guard.health().quarantine().unwrap().reason.clone();
    assert!(reason.contains("16 runs") && reason.contains("no memory"), "{reason}");
}

#[test]
fn errors_that_are_rare_are_none_too_many() {
    let (mut guard, hand) = guarded();
    for _ in 0..100 {
        call(&mut guard, &hand, 1, &[Act::Fail]);
        hand.0.lock().unwrap().elapsed += Duration::from_secs(5);
    }
    assert_eq!(guard.health().quarantine(), None);
    assert_eq!(guard.health().errors.load(Ordering::Relaxed), 100);
}
