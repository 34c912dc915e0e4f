//! What a journey leaves behind: its steps and its webhooks, to be checked and drawn.

use std::time::{Duration, Instant};

/// One journey as it went.
#[derive(Debug)]
pub struct Journey {
    /// What it shows.
    pub title: &'static str,
    /// When it began.
    pub start: Instant,
    /// Its session, once there is one.
    pub session: String,
    /// Its quote, once there is one.
    pub quote: String,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What the receiver got of it, in order of arrival.
    pub webhooks: Vec<Webhook>,
    /// Why it is not as it should be.
    pub wrong: Option<String>,
}

impl Journey {
    /// A journey that begins now.
    pub fn new(title: &'static str) -> Journey {
        Journey {
            title,
            start: Instant::now(),
            session: String::new(),
            quote: String::new(),
            steps: Vec::new(),
            webhooks: Vec::new(),
            wrong: None,
        }
    }

    /// From its beginning to the end of its last step or webhook.
    pub fn length(&self) -> Duration {
        let steps = self.steps.iter().map(|step| step.at + step.took);
        steps.chain(self.webhooks.iter().map(|webhook| webhook.at)).max().unwrap_or_default()
    }
}

/// One thing that was done.
#[derive(Debug)]
pub struct Step {
    /// What.
    pub name: &'static str,
    /// When it began, from the beginning of the journey.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came of it, in a few words.
    pub outcome: String,
}

/// One webhook that the receiver took: it takes only those whose signatures fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// When it arrived, from the beginning of its journey.
    pub at: Duration,
    /// The event's type.
    pub event_type: String,
}

/// An id without its middle: `gs_test_06ab…9xyz`.
pub fn short(id: &str) -> String {
    let (count, kept_front, kept_back) = (id.chars().count(), 12, 4);
    if count <= kept_front + kept_back + 1 {
        return id.to_owned();
    }
    let front: String = id.chars().take(kept_front).collect();
    let back: String = id.chars().skip(count - kept_back).collect();
    format!("{front}…{back}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ids_lose_their_middle() {
        assert_eq!(short("gs_test_0123456789abcdefghjkmnpqrs"), "gs_test_0123…pqrs");
        assert_eq!(short("gs_test_0123"), "gs_test_0123");
    }
}
