//! After the store has failed: memory is discarded, and the cell goes on from what is on disk as soon as that can be read.

use crossbeam_channel::Receiver;

use super::Link;
use super::committer::answer_all;
use super::cycle::Cycle;
use crate::command::Refusal;
use crate::ingress::{Envelope, Lanes};
use crate::planted::{self, Bug};
use crate::store::StoreError;

/// One try to go on. When it fails, everybody who waits is refused: they can ask somebody else, or again.
pub(crate) fn go_on(cycle: &mut Cycle, link: &Link, lanes: &Lanes<Receiver<Envelope>>) -> Result<(), StoreError> {
    let opened = cycle.reopen();
    match &opened {
        Ok(()) => link.reset(cycle),
        Err(_) if planted::has(Bug::KeepWaiting) => {}
        Err(_) => refuse_waiting(lanes, Refusal::StoreDown),
    }
    opened
}

/// Nothing that waits in the lanes was seen by anybody: it can be refused.
pub(super) fn refuse_waiting(lanes: &Lanes<Receiver<Envelope>>, refusal: Refusal) {
    answer_all(lanes.drain_all().into_iter().map(|envelope| envelope.answer), Err(refusal));
}
