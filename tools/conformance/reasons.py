"""Why a documented code may not be seen here, and the test that shows it instead."""

# What one client that speaks sound HTTP to a healthy gateway does not bring about.
_BYTES = "no client library sends it"
_SHORT = "what is generated is short"
_MATRIX = "the partner may do everything, with the right credentials"

REASONS = {
    "malformed_http": (_BYTES, "bytes_that_are_no_http_are_refused_in_the_same_words"),
    "body_incomplete": (_BYTES, "slow_body"),
    "not_acceptable": ("every client asks for what it can read", "only_the_known_version_and_json_are_spoken"),
    "unsupported_media_type": ("every client says what it sends", "refuses_bodies"),
    "uri_too_long": (_SHORT, "what_is_too_large_is_refused_with_its_own_status"),
    "headers_too_large": (_SHORT, "what_is_too_large_is_refused_with_its_own_status"),
    "body_too_large": (_SHORT, "what_is_too_large_is_refused_with_its_own_status"),
    "internal": ("it would be a fault of the program", None),
    "overloaded": ("it takes a load that one client does not make", "a_full_lane_refuses_at_once_and_loses_nothing"),
    "outcome_unknown": ("it takes a store that fails", "a_retry_goes_on_where_the_first_try_was_lost"),
    "rate_unavailable": ("it takes rates that have grown old", "it_is_refused_like_a_lock"),
    "rate_limited": ("the tier has no limits", "a_burst_is_granted_and_then_the_rate"),
    "key_kind_not_allowed": (_MATRIX, "every_operation_answers_every_credential_as_its_row_says"),
    "not_entitled": (_MATRIX, "every_operation_answers_every_credential_as_its_row_says"),
    "invalid_key": (_MATRIX, "every_operation_answers_every_credential_as_its_row_says"),
    "missing_key": (_MATRIX, "every_operation_answers_every_credential_as_its_row_says"),
    "token_expired": ("a token lives for an hour", "a_page_hears_that_its_token_is_over"),
    "insufficient_scope": (_MATRIX, "lists_methods"),
    "origin_not_allowed": (_MATRIX, "wrong_tokens"),
    "verification_required": ("in the sandbox every user is verified", "live_users_are_verified_before_a_movement"),
    "idempotency_key_reused": ("keys are seldom used again", "replays"),
    "quote_expired": ("quotes live for five minutes", "expired_quote"),
    "quote_consumed": ("a quote is offered once", "one_quote_is_redeemed_once_whoever_comes_first"),
    "session_busy": ("a session is offered once", "refused_while_a_movement_runs"),
    "session_not_open": ("a session is offered while it is open", "refused_unless_open"),
    "quote_mismatch": ("what is offered fits", "mismatches"),
    "customer_already_exists": ("every customer is another one", "refused_when_a_name_is_taken"),
    "amount_out_of_range": ("amounts are offered that can be priced", "refused_where_nothing_carries_it"),
    "method_unavailable": ("methods are offered that can be had", "refused_where_nothing_carries_it"),
    "asset_unavailable": ("assets are offered that can be had", "refused_where_nothing_carries_it"),
    "payment_not_waiting": ("rails do what they are told", "a_wish_that_the_rail_did_not_grant_is_refused"),
    "not_enabled": ("it takes a swap session", "refused_when_busy_or_ended"),
}
