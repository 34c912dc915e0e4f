//! What machines ask.

use causeway_core::id::Mode;
use http::Method;
use serde_json::Value;

use super::World;

#[tokio::test]
async fn machines_ask_without_a_token() {
    let world = World::start(&[Mode::Sandbox]);
    let status = async |path: &str| world.send(Method::GET, path, "127.0.0.1:8081", None, Value::Null).await.0;
    assert_eq!(status("/healthz").await, 200);
    assert_eq!(status("/readyz").await, 503);
    assert_eq!(status("/metrics").await, 200);
}
