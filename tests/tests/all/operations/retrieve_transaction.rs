//! retrieveTransaction.

use causeway_tests::http::Request;
use causeway_tests::partner::Kind;

use super::common::*;
use crate::all::shared::Stage;

pub const OPERATIONS: &[Operation] = &[Operation::reading(
    "retrieveTransaction",
    |partner| {
        let payment = partner.start(Kind::PayIn, "100.06");
        Request::get(format!("/v1/transactions/{}", payment["transaction_refid"].as_str().unwrap()))
    },
    works,
    secret_key,
)];

six_situations!();

fn works(stage: &Stage, _: &Operation) {
    let alice = &stage.alice;
    for kind in Kind::BOTH {
        for (amount, at_first, in_the_end) in [
            ("100.00", "processing", "completed"),
            ("100.02", "processing", "failed"),
            ("100.03", "processing", "cancelled"),
            ("100.04", "failed", "failed"),
        ] {
            let payment = alice.start(kind, amount);
            if at_first == in_the_end {
                assert_eq!(alice.read_transaction(&payment)["status"], at_first);
            }
            let ended = causeway_tests::poll::poll(causeway_tests::poll::SOON, "the transaction ends", || {
                let now = alice.read_transaction(&payment);
                (now["status"] != "processing").then_some(now)
            });
            assert_eq!(ended["status"], in_the_end, "{amount}");
            assert_eq!(ended["refid"], payment["transaction_refid"]);
            assert_eq!(ended["action"], kind.side());
            for (name, of_payment) in [
                ("session_id", "session_id"),
                ("token", "asset"),
                ("token_amount", "crypto_amount"),
                ("currency", "currency"),
                ("payment_method", "payment_method"),
                ("fiat_amount", "fiat_amount"),
                ("exchange_rate", "exchange_rate"),
            ] {
                assert_eq!(ended[name], payment[of_payment], "{name}");
            }
            assert_eq!(ended["total_fees"], payment["fees"]["total"]);
            let settled = in_the_end == "completed";
            assert_eq!(ended["local_rail_transaction_id"].is_string(), settled, "{amount}");
        }
    }
    alice.get("/v1/transactions/tx_test_0").expect_refusal(404, "not_found");
}
