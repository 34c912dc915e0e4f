//! Servers and partners that many tests share: each test makes its own objects.

use std::sync::OnceLock;

use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::server::Server;

/// Three partners of one server.
pub struct Stage {
    /// Everything is hers.
    pub alice: Partner,
    /// As entitled as Alice, and somebody else.
    pub bob: Partner,
    /// Without any entitlement.
    pub carol: Partner,
}

/// A sandbox whose late rail never comes by itself.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&["--rail-late-delay=1h", "--quote-life=300s"]))
}

/// A sandbox where everything expires soon.
pub fn brisk() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        Server::start(&[
            "--quote-life=250ms",
            "--session-life=400ms",
            "--verification-life=300ms",
            "--rail-late-delay=900ms",
        ])
    })
}

/// The partners of [`server`].
pub fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let operator = server().operator();
        Stage {
            alice: operator.partner("Alice", Rights::ALL),
            bob: operator.partner("Bob", Rights::ALL),
            carol: operator.partner("Carol", Rights::NONE),
        }
    })
}

/// A partner of [`server`] that no other test has.
pub fn partner(name: &str) -> Partner {
    server().operator().partner(name, Rights::ALL)
}
