//! How a flaky receiver answers.

use std::sync::Mutex;
use std::time::Duration;

use causeway_tests::random::Random;
use causeway_tests::receiver::{Answer, Manner};

/// Draws the answers.
pub struct Dice(Mutex<Random>);

impl Dice {
    /// From this stream of numbers on.
    pub fn new(random: Random) -> Dice {
        Dice(Mutex::new(random))
    }

    /// The next answer: one in four fails, in each of the ways in which receivers fail.
    pub fn answer(&self) -> Answer {
        match self.0.lock().unwrap().below(200) {
            0..20 => Answer::status(500),
            20..26 => Answer::status(404),
            26..30 => Answer::status(301),
            30..40 => Answer::status(200).leaving(Manner::CutOff),
            40..50 => Answer::status(200).leaving(Manner::Reset),
            50 => Answer::status(200).leaving(Manner::Late(super::TIMEOUT + Duration::from_millis(200))),
            51..100 => Answer::status(204),
            _ => Answer::status(200),
        }
    }
}

/// Whether the receiver has taken what it answers so, and the gateway can know it.
pub fn takes(answer: &Answer) -> bool {
    answer.manner == Manner::Whole && (200..300).contains(&answer.status)
}
