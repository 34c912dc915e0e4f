//! Every bound of the cell in one place, with the sum of the memory that they allow.
//!
//! A queue, map or body that is not named here has no business to grow. Units stand in the names or in the comments.

/// Commands that one batch may hold; more wait in their lane.
pub const BATCH_COMMANDS: usize = 512;
/// Places of each drain kept for internal outcomes, so that partners' writes cannot starve settlement.
pub const BATCH_RESERVED_INTERNAL: usize = 128;
/// Due timers that one batch runs at most; the rest run in the next one.
pub const BATCH_TIMERS: usize = 256;
/// Batches that may wait for the committer before the engine waits too.
pub const BATCHES_IN_FLIGHT: usize = 8;

/// Partner writes that may wait; one more is refused as overloaded.
pub const LANE_PARTNER: usize = 4_096;
/// Rail and delivery outcomes that may wait; their producers wait and try again.
pub const LANE_INTERNAL: usize = 4_096;
/// Operator and bulk commands that may wait.
pub const LANE_OPERATOR: usize = 256;

/// Objects of each kind that the working set keeps in memory beside those not yet synced.
pub const TABLE_ROWS: usize = 65_536;
/// What one object of the working set costs at most on average, in bytes, index included.
pub const TABLE_ROW_BYTES: usize = 1_024;
/// Kinds of objects in the working set, apart from histories and decision receipts.
pub const TABLES: usize = 14;
/// Decision receipts that the working set keeps in memory beside those not yet synced: only labels look back at them.
pub const RECEIPT_ROWS: usize = 4_096;
/// What one decision receipt costs at most on average, in bytes.
pub const RECEIPT_BYTES: usize = 2_048;
/// What the history of an entity costs at most on average, in bytes: busy ones take up to five kilobytes, most a few
/// hundred bytes.
pub const HISTORY_BYTES: usize = 1_024;
/// Models that a cell knows at once; a retired one makes room for a new one.
pub const MODELS: usize = 64;
/// Models that score beside the others at once.
pub const SHADOWS: usize = 4;
/// Models that are handed to the engine and not taken yet.
pub const SHELF_CHANGES: usize = 8;
/// Labels that one command gives at most.
pub const LABELS_AT_ONCE: usize = 64;

/// Accounts of one cell. All are kept in memory.
pub const ACCOUNTS: usize = 100_000;
/// API keys of one account; when there are so many, a new one takes the place of the first that is revoked.
pub const KEYS_PER_ACCOUNT: usize = 32;
/// Origins that one account may allow.
pub const ORIGINS_PER_ACCOUNT: usize = 32;
/// What one account costs at most on average, in bytes.
pub const ACCOUNT_BYTES: usize = 2_048;

/// Metadata pairs of one object, and the longest key and value in characters.
pub const METADATA_PAIRS: usize = 50;
/// Longest metadata key, in characters.
pub const METADATA_KEY_CHARS: usize = 40;
/// Longest metadata value, in characters.
pub const METADATA_VALUE_CHARS: usize = 500;
/// Longest URL, in bytes.
pub const URL_BYTES: usize = 2_048;
/// Longest reference given by a partner (user reference, wallet address, network …), in characters.
pub const REFERENCE_CHARS: usize = 255;
/// The shortest and the longest life of a quote that an account may be given, in seconds.
pub const QUOTE_LIFE_SECONDS: (u64, u64) = (5, 300);
/// Longest email address, in characters.
pub const EMAIL_CHARS: usize = 254;
/// Longest first or last name, in characters.
pub const NAME_CHARS: usize = 128;
/// Longest brand name, in characters.
pub const BRAND_NAME_CHARS: usize = 64;
/// Longest payment method, in characters.
pub const METHOD_CHARS: usize = 64;
/// The longest fingerprint that a widget may give for a device, in characters.
pub const DEVICE_FINGERPRINT_CHARS: usize = 128;
/// The longest name of a device's time zone or language, in bytes.
pub const DEVICE_WORD_BYTES: usize = 64;

/// Decimals that an amount or rate may have on the wire.
pub const WIRE_DECIMALS: u32 = 8;
/// Largest amount of any currency or asset, in whole units: products with a rate stay exact in 128 bits.
pub const AMOUNT_MAX: u64 = 1_000_000_000_000;
/// Largest exchange rate, in whole units of fiat per asset.
pub const RATE_MAX: u64 = 10_000_000_000;

/// Corridors that one payment may try.
pub const ATTEMPTS_PER_PAYMENT: usize = 5;
/// The longest time for which a receiver may put off the next attempt, in milliseconds: a day.
pub const RETRY_AFTER_MS: u64 = 24 * 3_600_000;
/// Attempts per webhook delivery.
pub const DELIVERY_ATTEMPTS: usize = 5;

/// Redeliveries of one account that are kept; the oldest makes room for a new one.
pub const REDELIVERIES_KEPT: usize = 16;
/// Events that one step of a redelivery looks at.
pub const REDELIVERY_PAGE: usize = 512;
/// Events that one step of a redelivery queues at most: a command draws fewer than 256 ids.
pub const REDELIVERY_STEP: usize = 64;
/// A redelivery waits while so many deliveries of its account have not ended: what happens meanwhile is not far behind.
pub const REDELIVERY_AHEAD: usize = 1_024;

/// Rules of a risk policy.
pub const POLICY_RULES: usize = 256;
/// Conditions of a rule.
pub const RULE_CONDITIONS: usize = 16;
/// Accounts, methods or currencies that a rule may be for.
pub const RULE_SCOPE_WORDS: usize = 64;
/// Lists of a risk policy.
pub const POLICY_LISTS: usize = 64;
/// Entries of all lists of a risk policy together.
pub const POLICY_ENTRIES: usize = 10_000;
/// Longest name of a rule or list, in characters.
pub const POLICY_NAME_CHARS: usize = 64;
/// Versions of a risk policy that are kept; the oldest makes room for a new one.
pub const POLICIES_KEPT: u64 = 16;
/// What a risk policy is written in at most, in bytes; it takes less in memory.
pub const POLICY_BYTES: usize = 1 << 20;

/// A clock that is this far ahead of the last batch raises an alarm, in milliseconds.
pub const CLOCK_JUMP_ALARM_MS: u64 = 3_600_000;
/// A clock that was set back by more than this raises an alarm, in milliseconds.
pub const CLOCK_BACK_ALARM_MS: u64 = 1_000;
/// How long an idempotency record is kept, in milliseconds.
pub const IDEMPOTENCY_LIFE_MS: u64 = 24 * 3_600_000;

/// How long beyond its last attempt a delivery may take before a deleted customer is erased, in milliseconds.
pub const ERASURE_MARGIN_MS: u64 = 3_600_000;
/// Versions of a deleted customer that one run of its timer erases.
pub const ERASED_AT_ONCE: u64 = 64;

/// Largest request body, in bytes.
pub const BODY_BYTES: usize = 64 * 1_024;

/// Bytes of blocks, indexes and filters that the store keeps in memory.
pub const STORE_BLOCK_CACHE_BYTES: usize = 256 << 20;
/// Bytes of rows that the store keeps in memory before it writes them to files.
pub const STORE_WRITE_BUFFER_BYTES: usize = 128 << 20;
/// Bytes of write-ahead log that opening the store may have to read again.
pub const STORE_WAL_BYTES: u64 = 256 << 20;
/// Files that the store keeps open at once: two cells and their sockets stay below the usual limit of 1,024.
pub const STORE_OPEN_FILES: i32 = 256;

/// Files with personal data are rewritten without what was erased after this time, in seconds: a week.
pub const STORE_ERASURE_SECONDS: u64 = 7 * 24 * 3_600;

/// Largest sum of what a cell holds in memory outside the store's own caches, in bytes.
pub const CELL_MEMORY_BYTES: usize = TABLES * TABLE_ROWS * TABLE_ROW_BYTES
    + TABLE_ROWS * HISTORY_BYTES
    + RECEIPT_ROWS * RECEIPT_BYTES
    + ACCOUNTS * ACCOUNT_BYTES
    + LANE_OPERATOR * POLICY_BYTES
    + (LANE_PARTNER + LANE_INTERNAL + LANE_OPERATOR + BATCHES_IN_FLIGHT * BATCH_COMMANDS) * BODY_BYTES / 4;

const _: () = assert!(BATCH_RESERVED_INTERNAL < BATCH_COMMANDS);
// A whole flight of batches touches fewer objects of a kind than the working set keeps.
const _: () = assert!(BATCHES_IN_FLIGHT * (BATCH_COMMANDS + BATCH_TIMERS) * 8 < TABLE_ROWS);
const _: () = assert!(CELL_MEMORY_BYTES < 2 << 30);
// The product of the largest amount and the largest rate at full precision fits 128 bits.
const _: () = assert!(AMOUNT_MAX as u128 * 100_000_000 < u128::MAX / (RATE_MAX as u128 * 100_000_000));
