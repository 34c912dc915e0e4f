use http::HeaderValue;

use super::*;
use crate::fixture::{SHOP, World};
use crate::fuzz::{INPUTS, edited};

const SCOPE: Credential = Credential::Embed(Scope::SessionRead);

/// Whatever stands in the headers, only who has a whole key is let in.
#[test]
fn fuzz_credentials() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::start());
    let gate = std::panic::AssertUnwindSafe(&*world.gate);
    let keys = [SHOP.secret(), SHOP.publishable(), SHOP.live_secret()];
    let bearers = keys.each_ref().map(|key| format!("Bearer {key}"));
    let texts: Vec<&str> = keys.iter().chain(&bearers).map(String::as_str).collect();
    bolero::check!().with_iterations(INPUTS).for_each(|input: &[u8]| {
        let gate = &gate;
        let Ok(value) = HeaderValue::from_bytes(&edited(&texts, input)) else { return };
        for name in ["authorization", "x-publishable-key", "x-embed-token"] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.clone())]);
            for credential in [Credential::Secret, Credential::Publishable, SCOPE] {
                match authenticate(gate, credential, &headers) {
                    Ok(_) => {
                        assert!(keys.iter().any(|key| value.to_str().is_ok_and(|text| text.ends_with(key.as_str()))))
                    }
                    Err(refused) => assert_eq!(refused.problem.code.status(), 401, "{:?}", refused.problem),
                }
            }
        }
    });
}
