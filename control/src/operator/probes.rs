//! What machines ask: whether the process lives, whether it can work, and its numbers.

use super::call::{Call, Handled};
use crate::http::Response;
use crate::telemetry::CONTENT_TYPE;

/// The process lives.
pub async fn health(_: Call<'_>) -> Handled {
    Ok(text(200, "text/plain; charset=utf-8", "ok\n".to_owned()))
}

/// It can take requests: its stores can be written and it is not stopping.
pub async fn readiness(call: Call<'_>) -> Handled {
    Ok(match (call.interface.unready)() {
        None => text(200, "text/plain; charset=utf-8", "ready\n".to_owned()),
        Some(reason) => text(503, "text/plain; charset=utf-8", format!("not ready: {reason}\n")),
    })
}

/// The numbers.
pub async fn metrics(call: Call<'_>) -> Handled {
    Ok(text(200, CONTENT_TYPE, call.interface.telemetry.scrape()))
}

fn text(status: u16, content_type: &str, body: String) -> Response {
    Response { body: body.into(), ..Response::empty(status) }.with("content-type", content_type)
}
