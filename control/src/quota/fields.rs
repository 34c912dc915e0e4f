//! The header fields by which clients are told: draft-ietf-httpapi-ratelimit-headers-10, lists of structured items.

use super::tier::Bounds;
use super::{Class, Standing};

/// What is allowed: `"writes";q=1000;w=2` is at most a thousand in two seconds.
pub const POLICY_FIELD: &str = "ratelimit-policy";
/// What is left: `"writes";r=999;t=1` is another 999 now, and more in a second.
pub const STANDING_FIELD: &str = "ratelimit";

/// The policy that counts requests in progress.
const IN_PROGRESS: &str = "in-progress";

/// The value of `RateLimit-Policy`: the burst is the quota, the time in which it comes back the window.
pub(super) fn policy(class: Class, bounds: Bounds) -> String {
    let rate = bounds.rate(class);
    format!(
        r#""{}";q={};w={}, "{IN_PROGRESS}";q={};qu="concurrent-requests""#,
        class.word(),
        rate.burst,
        rate.burst.div_ceil(rate.per_second),
        bounds.in_progress
    )
}

impl Standing {
    /// The two fields of an answer.
    pub fn fields(&self) -> [(&'static str, String); 2] {
        let Standing { class, remaining, more_after, places, .. } = self;
        let word = class.word();
        let standing = format!(r#""{word}";r={remaining};t={more_after}, "{IN_PROGRESS}";r={places}"#);
        [(POLICY_FIELD, self.tier.policy(*class).to_owned()), (STANDING_FIELD, standing)]
    }
}
