//! Performs a history: each story is a session, a quote, a redemption and what the rails say, second by second, as it would
//! have been with a gateway running all the time.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::sync::Arc;

use causeway_core::change::{Head, OutboxRow};
use causeway_core::command::{Command, Reply, TimerTask};
use causeway_core::delivery::DeliveryOutcome;
use causeway_core::rail::{RailReport, RailWork};

use super::agenda::{Agenda, Step};
use super::cell::Cell;
use super::held::{Asked, Rest};
use super::journeys::Journeys;
use super::script::{self, Partner};
use crate::failure::Failure;
use crate::fill::generate::History;
use crate::fill::generate::draft::{SESSION_SECONDS, Story};
use crate::fill::pipeline::Load;

/// Performs stories.
pub struct Driver {
    stories: Peekable<History>,
    cell: Cell,
    partners: Vec<Partner>,
    corridors: Vec<String>,
    agenda: Agenda,
    journeys: Journeys,
    /// Deliveries that are on their way, with the second in which they arrive.
    posted: VecDeque<(u64, OutboxRow)>,
}

/// Rows that are handed on at once.
const ROWS: usize = 4_096;
/// Webhooks arrive after so many seconds.
const DELIVERY: u64 = 1;

impl Driver {
    /// A driver of a history over a cell that has its partners.
    pub fn new(history: History, cell: Cell) -> Driver {
        let partners = script::partners(&history);
        let corridors = history.market().catalogue.corridors.iter().map(|corridor| corridor.id.clone()).collect();
        Driver {
            stories: history.peekable(),
            cell,
            partners,
            corridors,
            agenda: Agenda::default(),
            journeys: Journeys::default(),
            posted: VecDeque::new(),
        }
    }

    /// Performs everything; gives `sink` the stories as they begin and the rows as they become final. What is left for the
    /// end comes back.
    pub fn run(&mut self, sink: &mut impl FnMut(Load) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut steps = Vec::new();
        loop {
            self.look_ahead(sink)?;
            let Some(second) = self.agenda.next() else { break };
            self.agenda.take(second, &mut steps);
            self.perform(second, &steps)?;
            steps.clear();
            if let Some(rows) = self.cell.ready(ROWS) {
                sink(Load::Rows(rows))?;
            }
        }
        self.cell.ready(1).map_or(Ok(()), |rows| sink(Load::Rows(rows)))
    }

    /// The rows of the end and where the cell stands.
    pub fn rest(self) -> Result<(Head, Rest), Failure> {
        self.cell.rest()
    }

    /// The cell.
    #[cfg(test)]
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// Takes in the stories whose sessions may begin before the next step.
    fn look_ahead(&mut self, sink: &mut impl FnMut(Load) -> Result<(), Failure>) -> Result<(), Failure> {
        let next = |agenda: &Agenda| agenda.next().map_or(u64::MAX, |next| next + SESSION_SECONDS);
        while self.stories.peek().is_some_and(|story| story.draft.at <= next(&self.agenda))
            && let Some(story) = self.stories.next()
        {
            let story = Arc::new(story);
            self.plan(Arc::clone(&story));
            sink(Load::Story(story))?;
        }
        Ok(())
    }

    fn plan(&mut self, story: Arc<Story>) {
        let account = self.partners[story.draft.partner].account;
        let number = self.journeys.begin(Arc::clone(&story), account);
        let draft = &story.draft;
        self.agenda.add(draft.at - draft.session_seconds, Step::Open, number);
        self.agenda.add(draft.at - draft.quote_seconds, Step::Lock, number);
        self.agenda.add(draft.at, Step::Redeem, number);
    }

    /// One batch: what happens in this second.
    fn perform(&mut self, second: u64, steps: &[(Step, u32)]) -> Result<(), Failure> {
        self.cell.begin(second);
        for &(step, number) in steps {
            match step {
                Step::Expire => self.expire(number)?,
                Step::Answer => self.answer(number)?,
                Step::Deliver => self.deliver(second)?,
                Step::Open => self.open(number)?,
                Step::Lock => self.lock(number)?,
                Step::Redeem => self.redeem(number)?,
            }
        }
        let redeemed = steps.iter().filter(|(step, _)| *step == Step::Redeem).map(|(_, number)| *number);
        for (number, payment) in redeemed.zip(self.cell.decide()?) {
            script::check(&self.journeys.get(number)?.story, &payment)?;
        }
        let asked = self.cell.finish()?;
        self.follow(second, asked)
    }

    fn open(&mut self, number: u32) -> Result<(), Failure> {
        let journey = self.journeys.get(number)?;
        let partner = &self.partners[journey.story.draft.partner];
        let Reply::Session(session) = self.cell.run(script::create_session(&journey.story, partner))? else {
            return Err(Failure::wrong("a new session was answered with something else"));
        };
        self.journeys.open(number, session.id)
    }

    fn lock(&mut self, number: u32) -> Result<(), Failure> {
        let journey = self.journeys.get(number)?;
        let Reply::Quote(quote) = self.cell.run(script::lock_quote(&journey.story, journey.account))? else {
            return Err(Failure::wrong("a locked quote was answered with something else"));
        };
        self.journeys.get_mut(number)?.quote = Some(quote.id);
        Ok(())
    }

    fn redeem(&mut self, number: u32) -> Result<(), Failure> {
        let journey = self.journeys.get_mut(number)?;
        journey.is_redeemed = true;
        let command = script::redeem(&journey.story, journey.account, journey.quote, journey.session);
        self.cell.redeem(command)
    }

    fn answer(&mut self, number: u32) -> Result<(), Failure> {
        let journey = self.journeys.get_mut(number)?;
        let work = journey.work.take().ok_or_else(|| Failure::wrong("a rail answers that was not asked"))?;
        let outcome = journey.story.attempts[journey.answered].outcome;
        journey.answered += 1;
        let RailWork { attempt, payment, account, session, .. } = work;
        self.cell.run(Command::ReportRails(vec![RailReport { attempt, payment, account, session, outcome }]))?;
        self.journeys.let_go(number)
    }

    /// A timer of a session that has ended would do nothing, so that it is not run.
    fn expire(&mut self, number: u32) -> Result<(), Failure> {
        let journey = self.journeys.get_mut(number)?;
        let timer = journey.timer.take().ok_or_else(|| Failure::wrong("a timer runs that was not set"))?;
        if let TimerTask::ExpireSession(session) = timer.task
            && self.cell.held().is_open(timer.account, session)
        {
            self.cell.run(Command::RunTimer(timer))?;
        }
        self.journeys.let_go(number)
    }

    fn deliver(&mut self, second: u64) -> Result<(), Failure> {
        let mut outcomes = Vec::new();
        while let Some((_, row)) = self.posted.pop_front_if(|(at, _)| *at <= second) {
            let OutboxRow { id, account, delivery } = row;
            let lane = self.cell.held().lane(account, delivery);
            let response_status = Some(200);
            let (target_url, error, retry_after) = (None, None, None);
            outcomes.push(DeliveryOutcome {
                delivery,
                account,
                lane,
                outbox: id,
                target_url,
                response_status,
                error,
                retry_after,
            });
        }
        self.cell.run(Command::ReportDeliveries(outcomes)).map(drop)
    }

    /// What the core asked for becomes steps.
    fn follow(&mut self, second: u64, asked: Asked) -> Result<(), Failure> {
        if !asked.outbox.is_empty() {
            self.agenda.add(second + DELIVERY, Step::Deliver, 0);
            self.posted.extend(asked.outbox.into_iter().map(|row| (second + DELIVERY, row)));
        }
        for work in asked.work {
            let number = self.journeys.of(&work.session)?;
            let corridors = &self.corridors;
            let journey = self.journeys.get_mut(number)?;
            let expected = journey.story.attempts.get(journey.answered);
            let expected = expected.filter(|attempt| corridors[attempt.corridor] == work.corridor);
            let expected = expected.ok_or_else(|| script::other_corridor(&journey.story, &work.corridor))?;
            self.agenda.add(second + expected.seconds, Step::Answer, number);
            journey.work = Some(work);
        }
        for timer in asked.timers {
            let TimerTask::ExpireSession(session) = timer.task else {
                return Err(Failure::wrong(format!("the core set a timer that a history has not: {:?}", timer.task)));
            };
            let number = self.journeys.of(&session)?;
            self.agenda.add(timer.due.unix_seconds(), Step::Expire, number);
            self.journeys.get_mut(number)?.timer = Some(timer);
        }
        Ok(())
    }
}
