//! Remembered answers at the end of their lives.

use super::super::timer;
use super::world::{World, key};
use crate::command::{Submission, Timer, TimerTask};
use crate::limits::IDEMPOTENCY_LIFE_MS;
use crate::store::Column;
use crate::time::Millis;

const LIFE: Millis = Millis(IDEMPOTENCY_LIFE_MS);

fn remembered(world: &World) -> usize {
    world.rows(Column::Replays).len()
}

#[test]
fn an_answer_is_swept_at_the_end_of_its_life_and_not_before() {
    let mut world = World::new();
    world.one(key(1, 1, world.create_session("5.00"))).unwrap();
    world.pass(Millis(LIFE.0 - 1));
    world.one(key(2, 1, world.create_session("6.00"))).unwrap();
    assert_eq!(remembered(&world), 2);
    world.pass(Millis(1));
    assert_eq!(remembered(&world), 1, "the older one alone");
    world.pass(LIFE);
    assert_eq!((remembered(&world), world.timers()), (0, 0));
}

#[test]
fn an_answer_that_was_written_anew_lives_its_own_life() {
    let mut world = World::new();
    let create = key(1, 1, world.create_session("5.00"));
    world.one(create.clone()).unwrap();
    world.now = world.now.plus(LIFE);
    let old: Vec<Submission> = due(&world).into_iter().map(timer).collect();
    assert!(!world.one(create.clone()).unwrap().replayed);
    assert!(!due(&world).iter().any(|one| old.contains(&timer(*one))), "the old timer went with its answer");
    // It was seen before that was synced, and runs all the same.
    world.batch(old);
    assert_eq!(remembered(&world), 1);
    assert!(world.one(create.clone()).unwrap().replayed);
    world.pass(Millis(LIFE.0 - 1));
    assert!(world.one(create.clone()).unwrap().replayed);
    world.pass(Millis(1));
    assert_eq!(remembered(&world), 0);
    assert!(!world.one(create).unwrap().replayed);
}

/// What is forgotten need not be read first: neither the state nor the store is asked for it.
#[test]
fn forgetting_reads_nothing() {
    let mut world = World::new();
    world.one(key(1, 1, world.create_session("5.00"))).unwrap();
    world.forget();
    world.now = world.now.plus(LIFE);
    for one in due(&world) {
        assert_eq!(world.rounds(&timer(one)), 0);
    }
    world.pass(Millis(0));
    assert_eq!(remembered(&world), 0);
}

/// The timers of answers that are due.
fn due(world: &World) -> Vec<Timer> {
    let due = world.reader.timers(None, world.now, 100).unwrap();
    due.into_iter().filter(|timer| matches!(timer.task, TimerTask::ForgetAnswer(_))).collect()
}
