//! The task that moves a connection's bytes, which ends soon after nobody needs the connection any more.
//!
//! A connection says goodbye before it closes, and a receiver that reads nothing could keep that goodbye, the socket and the
//! task for ever. So it gets a moment for it, and then the socket is closed.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// What a connection may take to end after its owner is gone.
const GOODBYE: Duration = Duration::from_secs(1);

/// Keeps a connection going; dropped, it ends it.
pub struct Driver {
    needed: oneshot::Sender<()>,
}

impl Driver {
    /// Drives `connection` in a task of its own.
    pub fn new(connection: impl Future + Send + 'static) -> Driver {
        let (needed, dropped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = &mut connection => return,
                _ = dropped => {}
            }
            timeout(GOODBYE, connection).await.ok();
        });
        Driver { needed }
    }

    /// Whether the connection has ended.
    pub fn has_ended(&self) -> bool {
        self.needed.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver that reads nothing, not even the goodbye, keeps neither the socket nor the task.
    #[tokio::test]
    async fn a_connection_that_is_not_needed_ends_without_the_receivers_help() {
        let (held, released) = oneshot::channel::<()>();
        let driver = Driver::new(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        tokio::task::yield_now().await;
        assert!(!driver.has_ended());
        drop(driver);
        assert!(timeout(10 * GOODBYE, released).await.expect("it ends").is_err());
    }
}
