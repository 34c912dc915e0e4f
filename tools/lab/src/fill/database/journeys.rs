//! Stories under way, by numbers that are used again.

use std::collections::HashMap;
use std::sync::Arc;

use causeway_core::command::Timer;
use causeway_core::id::{AccountId, QuoteId, SessionId};
use causeway_core::rail::RailWork;

use crate::failure::Failure;
use crate::fill::generate::draft::Story;

/// All stories under way.
#[derive(Default)]
pub struct Journeys {
    places: Vec<Option<Journey>>,
    free: Vec<u32>,
    of_session: HashMap<SessionId, u32>,
}

/// A story under way.
pub struct Journey {
    /// What is told.
    pub story: Arc<Story>,
    /// Whose it is.
    pub account: AccountId,
    /// Its session, once it is open.
    pub session: Option<SessionId>,
    /// Its quote, once it is locked.
    pub quote: Option<QuoteId>,
    /// The session's timer until it has run.
    pub timer: Option<Timer>,
    /// What the corridor was asked for that has not answered yet.
    pub work: Option<RailWork>,
    /// Corridors that have answered.
    pub answered: usize,
    /// Whether the quote was redeemed.
    pub is_redeemed: bool,
}

impl Journeys {
    /// Begins a story; gives its number.
    pub fn begin(&mut self, story: Arc<Story>, account: AccountId) -> u32 {
        let journey = Journey {
            story,
            account,
            session: None,
            quote: None,
            timer: None,
            work: None,
            answered: 0,
            is_redeemed: false,
        };
        let number = self.free.pop().unwrap_or(self.places.len() as u32);
        match self.places.get_mut(number as usize) {
            Some(place) => *place = Some(journey),
            None => self.places.push(Some(journey)),
        }
        number
    }

    /// Notes the session of a journey.
    pub fn open(&mut self, number: u32, session: SessionId) -> Result<(), Failure> {
        self.get_mut(number)?.session = Some(session);
        self.of_session.insert(session, number);
        Ok(())
    }

    /// The number of the journey with this session.
    pub fn of(&self, session: &SessionId) -> Result<u32, Failure> {
        self.of_session.get(session).copied().ok_or_else(ended)
    }

    /// The journey with this number.
    pub fn get(&self, number: u32) -> Result<&Journey, Failure> {
        self.places[number as usize].as_ref().ok_or_else(ended)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, number: u32) -> Result<&mut Journey, Failure> {
        self.places[number as usize].as_mut().ok_or_else(ended)
    }

    /// Forgets a journey if nothing comes after what was done.
    pub fn let_go(&mut self, number: u32) -> Result<(), Failure> {
        let journey = self.get(number)?;
        let has_ended = journey.is_redeemed && journey.answered == journey.story.attempts.len();
        if has_ended && journey.timer.is_none() {
            if let Some(session) = journey.session {
                self.of_session.remove(&session);
            }
            self.places[number as usize] = None;
            self.free.push(number);
        }
        Ok(())
    }
}

fn ended() -> Failure {
    Failure::wrong("something happens to a journey that has ended")
}
