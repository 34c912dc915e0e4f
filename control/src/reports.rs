//! How models fare: whether what they see has shifted, how good they turn out to be, and a page that shows it. Everything is
//! told from decision receipts and labels; nothing here decides a payment.

mod about;
mod collect;
pub mod follow;
mod measure;
mod page;
mod rescore;
mod report;
mod request;

pub use about::{About, Library, Named, NoLibrary, Score, Speed};
pub use page::page;
pub use report::Report;
pub use request::{Basis, Request};

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::gate::Cell;
use crate::problem::{Code, Problem};

/// Makes reports, one at a time.
pub struct Reports {
    library: Arc<dyn Library>,
    place: Arc<Semaphore>,
}

impl Reports {
    /// Reports about the models of `library`.
    pub fn new(library: Arc<dyn Library>) -> Reports {
        Reports { library, place: Arc::new(Semaphore::new(1)) }
    }

    /// Makes a report on a thread made for waiting. It reads so many receipts that only one is made at a time.
    pub async fn make(&self, cell: &Cell, request: Request) -> Result<Report, Problem> {
        let place = Arc::clone(&self.place).try_acquire_owned().map_err(|_| busy())?;
        let library = Arc::clone(&self.library);
        let (mode, place) = (cell.mode(), Arc::new(place));
        let made = cell.read_apart(move |reader| {
            // A caller who went away does not make room for another before this one is done.
            let _place = Arc::clone(&place);
            report::make(reader, library.as_ref(), mode, &request)
        });
        made.await
    }
}

fn busy() -> Problem {
    let message = "Another report is being made, and one is made at a time: retry in a few seconds.";
    Problem { retry_after: Some(5), ..Problem::new(Code::Overloaded, message) }
}

#[cfg(test)]
pub(crate) mod tests;
