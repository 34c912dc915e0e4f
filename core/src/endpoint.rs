//! A webhook endpoint: where an account's events go, whether they go there now, and with which secrets they are signed.

use crate::time::{Millis, Timestamp};

/// Where an account's events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// The receiver.
    pub url: String,
    /// The signing secret, encrypted under the mode's key; control alone can open it.
    pub sealed_secret: Vec<u8>,
    /// A second one that signs beside it, while receivers move from one secret to another.
    pub second_secret: Option<SecondSecret>,
    /// Whether events go there.
    pub state: EndpointState,
}

/// The other secret of a rotation, encrypted like the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondSecret {
    /// It is to follow the first, when an operator says so.
    Next(Vec<u8>),
    /// It was the first, and signs beside its successor until then.
    Last(Vec<u8>, Timestamp),
}

/// Whether events go to an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndpointState {
    /// They do.
    #[default]
    Open,
    /// They wait until an operator resumes it.
    Paused {
        /// Since when.
        at: Timestamp,
    },
    /// They do not: nothing is delivered until an operator resumes it.
    Disabled {
        /// Since when.
        at: Timestamp,
        /// Why.
        why: Disabling,
    },
}

/// Why an endpoint was disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabling {
    /// It answered 410.
    Gone,
    /// Nothing was delivered to it for so long that nobody seems to care.
    Failing,
}

/// What an operator changes of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointChange {
    /// Events wait.
    Pause,
    /// Events go there again, whyever they did not.
    Resume,
    /// Adds a secret, sealed, that signs beside the first one. Refused while the last one does so.
    AddSecret(Vec<u8>),
    /// The added secret becomes the first one; the one before signs beside it for this time.
    ActivateSecret(Millis),
    /// The second secret signs no more.
    DropSecret,
}

impl Disabling {
    /// The word in the operator interface.
    pub fn word(self) -> &'static str {
        match self {
            Disabling::Gone => "gone",
            Disabling::Failing => "failing",
        }
    }
}

impl WebhookEndpoint {
    /// A new endpoint.
    pub fn new(url: String, sealed_secret: Vec<u8>) -> WebhookEndpoint {
        WebhookEndpoint { url, sealed_secret, second_secret: None, state: EndpointState::Open }
    }

    /// Whether events are to be delivered, now or later.
    pub fn takes_events(&self) -> bool {
        match self.state {
            EndpointState::Open | EndpointState::Paused { .. } => true,
            EndpointState::Disabled { .. } => false,
        }
    }

    /// The endpoint after a change; `None`: it cannot be changed so. Saying what is so already changes nothing.
    pub fn changed(&self, change: &EndpointChange, now: Timestamp) -> Option<WebhookEndpoint> {
        let mut after = self.clone();
        match change {
            EndpointChange::Pause => match self.state {
                EndpointState::Open => after.state = EndpointState::Paused { at: now },
                EndpointState::Paused { .. } => {}
                EndpointState::Disabled { .. } => return None,
            },
            EndpointChange::Resume => after.state = EndpointState::Open,
            EndpointChange::AddSecret(sealed) => {
                if self.last_secret(now).is_some() {
                    return None;
                }
                after.second_secret = Some(SecondSecret::Next(sealed.clone()));
            }
            EndpointChange::ActivateSecret(overlap) => {
                let Some(SecondSecret::Next(next)) = &self.second_secret else { return None };
                after.second_secret = Some(SecondSecret::Last(self.sealed_secret.clone(), now.plus(*overlap)));
                after.sealed_secret = next.clone();
            }
            EndpointChange::DropSecret => after.second_secret = None,
        }
        Some(after)
    }

    /// The second secret, if it signs at this time.
    pub fn signing_beside(&self, now: Timestamp) -> Option<&[u8]> {
        match &self.second_secret {
            Some(SecondSecret::Next(sealed)) => Some(sealed),
            Some(SecondSecret::Last(..)) => self.last_secret(now),
            None => None,
        }
    }

    fn last_secret(&self, now: Timestamp) -> Option<&[u8]> {
        match &self.second_secret {
            Some(SecondSecret::Last(sealed, until)) if now < *until => Some(sealed),
            Some(SecondSecret::Last(..) | SecondSecret::Next(_)) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const LATER: Timestamp = Timestamp(2_000);

    fn endpoint() -> WebhookEndpoint {
        WebhookEndpoint::new("https://shop.example/hook".to_owned(), vec![1])
    }

    #[test]
    fn a_rotation_signs_with_both_until_the_overlap_is_over() {
        let add = |secret| EndpointChange::AddSecret(vec![secret]);
        let both = endpoint().changed(&add(2), NOW).unwrap();
        assert_eq!((&both.sealed_secret[..], both.signing_beside(NOW)), (&[1][..], Some(&[2][..])));
        assert_eq!(both.changed(&add(3), NOW).unwrap().signing_beside(NOW), Some(&[3][..]), "it was not active yet");
        let active = both.changed(&EndpointChange::ActivateSecret(Millis(1_000)), NOW).unwrap();
        assert_eq!((&active.sealed_secret[..], active.signing_beside(NOW)), (&[2][..], Some(&[1][..])));
        assert_eq!(active.signing_beside(LATER), None);
        assert_eq!(active.changed(&add(3), NOW), None, "receivers may still verify with the last one");
        assert_eq!(active.changed(&EndpointChange::ActivateSecret(Millis(0)), NOW), None);
        assert_eq!(active.changed(&add(3), LATER).unwrap().signing_beside(LATER), Some(&[3][..]));
        assert_eq!(active.changed(&EndpointChange::DropSecret, NOW).unwrap().signing_beside(NOW), None);
    }

    #[test]
    fn an_endpoint_is_paused_resumed_and_not_paused_when_it_is_disabled() {
        let paused = endpoint().changed(&EndpointChange::Pause, NOW).unwrap();
        assert_eq!(paused.state, EndpointState::Paused { at: NOW });
        assert_eq!(paused.changed(&EndpointChange::Pause, LATER), Some(paused.clone()));
        assert_eq!(paused.changed(&EndpointChange::Resume, LATER), Some(endpoint()));
        let disabled =
            WebhookEndpoint { state: EndpointState::Disabled { at: NOW, why: Disabling::Gone }, ..endpoint() };
        assert_eq!(disabled.changed(&EndpointChange::Pause, LATER), None);
        assert_eq!(disabled.changed(&EndpointChange::Resume, LATER), Some(endpoint()));
        assert!(paused.takes_events() && !disabled.takes_events());
    }
}
