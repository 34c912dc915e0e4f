"""Why an operation may not be seen to refuse with a code that it documents, and the test that shows it instead.

A test is named as its function is. `situations::…` is one of the six tests that the operation's own module below
`tests/tests/all/operations` has.
"""

from typing import NamedTuple

# In front of all operations, before one of them is chosen or its handler runs.
EVERY = "every operation"
BODIES = ("createSession previewQuotes lockQuote createPayIn createPayOut createCustomer updateCustomer updateBranding "
          "createEmbedToken confirmEmbedSession completeSession")
HOSTED = "retrieveEmbedSession listEmbedPaymentMethods listEmbedPreviews confirmEmbedSession"
STEERING = "settlePayIn failPayIn cancelPayIn verifyPayIn settlePayOut failPayOut cancelPayOut verifyPayOut"
RAILS = ("lockQuote retrieveSignedQuote createPayIn retrievePayIn createPayOut retrievePayOut settlePayIn failPayIn "
         "cancelPayIn settlePayOut failPayOut cancelPayOut")
CUSTOMERS = "createCustomer listCustomers getCustomer updateCustomer deleteCustomer"
NAMING = ("retrieveSession cancelSession completeSession retrieveTransaction retrieveSignedQuote retrievePayIn retrievePayOut "
          "getCustomer updateCustomer deleteCustomer replayWebhookDelivery")
TELLING = ("createSession lockQuote createPayIn createPayOut createCustomer updateCustomer updateBranding "
           "confirmEmbedSession completeSession")

_BYTES = "no client library sends it"
_SHORT = "what is generated is short"
_GRANTED = "the partner may do everything, with the right credentials"
_FITTING = "what is offered can mostly be priced"
_FRESH = "objects are mostly offered once, in the right state"


class Rule(NamedTuple):
    codes: str
    operations: str
    why: str
    test: str


RULES = [
    Rule("malformed_http", EVERY, _BYTES, "bytes_that_are_no_http_are_refused_in_the_same_words"),
    Rule("body_incomplete", BODIES, _BYTES, "a_slow_head_a_slow_body_and_an_idle_connection_are_cut_off"),
    Rule("not_acceptable", EVERY, "every client asks for what it can read", "only_the_known_version_and_json_are_spoken"),
    Rule("uri_too_long headers_too_large", EVERY, _SHORT, "what_is_too_large_is_refused_with_its_own_status"),
    Rule("body_too_large", BODIES, _SHORT, "situations::bad_body"),
    Rule("internal", EVERY, "it would be a fault of the program", "what_went_wrong_inside_is_for_the_log_alone"),
    Rule("overloaded", EVERY, "it takes a load that one client does not make",
         "what_waits_too_long_is_refused_and_has_not_happened"),
    Rule("outcome_unknown", f"{TELLING} deleteCustomer cancelSession sendTestWebhook replayWebhookDelivery {STEERING}",
         "it takes a store that fails", "a_failed_sync_is_never_retried_and_its_work_is_answered_as_unknown"),
    Rule("rate_limited", EVERY, "the tier has no limits", "a_burst_is_granted_and_then_the_rate"),
    Rule("missing_key invalid_key key_kind_not_allowed", EVERY, _GRANTED,
         "every_operation_answers_every_credential_as_its_row_says"),
    Rule("not_entitled", f"createSession {CUSTOMERS} {RAILS}", _GRANTED,
         "every_operation_answers_every_credential_as_its_row_says"),
    Rule("origin_not_allowed", f"createEmbedToken {HOSTED}", _GRANTED, "situations::wrong_credential"),
    Rule("token_expired", HOSTED, "a token lives for an hour", "a_page_hears_that_its_token_is_over"),
    Rule("insufficient_scope", "retrieveEmbedSession listEmbedPreviews confirmEmbedSession", _GRANTED,
         "a_token_without_a_session_only_reads_what_is_offered"),
    Rule("insufficient_scope", "listEmbedPaymentMethods", _GRANTED, "a_token_does_what_it_was_asked_for_and_no_more"),
    Rule("verification_required", "completeSession verifyPayIn verifyPayOut", "no operator refuses anybody",
         "money_of_a_refused_user_does_not_move_in_the_sandbox_either"),
    Rule("verification_required", "createPayIn createPayOut", "the partner vouches for its users",
         "live_users_are_verified_before_a_movement"),
    Rule("verification_required", "confirmEmbedSession", "the partner vouches for its users",
         "a_hosted_movement_waits_for_a_verified_user_too"),
    Rule("idempotency_key_reused", TELLING, "keys are seldom used again", "situations::repeated_key"),
    Rule("idempotency_key_reused", f"deleteCustomer cancelSession {STEERING}",
         "without a body a key and a path are one request: it can only be repeated", "situations::repeated_key"),
    Rule("idempotency_in_progress", f"{TELLING} deleteCustomer cancelSession {STEERING}",
         "it takes a queue that does not move", "a_duplicate_hears_at_its_deadline_that_the_first_still_runs"),
    Rule("rate_unavailable", "lockQuote previewQuotes listEmbedPreviews confirmEmbedSession completeSession",
         "it takes rates that are not there", "without_a_fresh_rate_there_are_no_terms"),
    Rule("amount_out_of_range asset_unavailable method_unavailable",
         "listEmbedPreviews confirmEmbedSession completeSession", _FITTING, "a_session_that_nothing_carries_has_no_terms"),
    Rule("amount_out_of_range asset_unavailable method_unavailable", "lockQuote", _FITTING, "situations::refused_state"),
    Rule("amount_out_of_range asset_unavailable", "previewQuotes", _FITTING, "situations::refused_state"),
    Rule("amount_out_of_range", "createSession", "few amounts are that large", "situations::bad_body"),
    Rule("quote_expired quote_consumed quote_mismatch session_busy session_not_open", "createPayIn createPayOut", _FRESH,
         "situations::refused_state"),
    Rule("session_not_open session_busy quote_mismatch not_enabled", "confirmEmbedSession", _FRESH,
         "situations::refused_state"),
    Rule("session_not_open", "createEmbedToken listEmbedPaymentMethods listEmbedPreviews", _FRESH,
         "situations::refused_state"),
    Rule("quote_mismatch", "listEmbedPreviews", "few queries are about sessions that leave nothing open",
         "the_user_chooses_what_the_session_leaves_open_and_nothing_else"),
    Rule("quote_mismatch", "listEmbedPaymentMethods", "few queries are about sessions that leave nothing open",
         "only_what_the_session_leaves_open_can_be_asked_about"),
    Rule("not_enabled", "listEmbedPaymentMethods listEmbedPreviews", "few sessions are for swaps",
         "only_what_the_session_leaves_open_can_be_asked_about"),
    Rule("session_not_open session_busy not_enabled", "completeSession", _FRESH, "situations::refused_state"),
    Rule("payment_not_waiting", "completeSession", "rails do what they are told",
         "a_wish_that_the_rail_did_not_grant_is_refused"),
    Rule("payment_not_waiting", STEERING, _FRESH, "situations::refused_state"),
    Rule("session_not_open session_busy", "cancelSession", _FRESH, "situations::refused_state"),
    Rule("customer_already_exists", "createCustomer", "most customers are other ones", "situations::refused_state"),
    Rule("not_found", f"createEmbedToken createPayIn createPayOut {NAMING} {STEERING}", "most ids are of what is there",
         "situations::other_partners_object"),
    Rule("not_found", "getAsset", "most symbols are of assets", "an_asset_is_its_own_modes"),
]
