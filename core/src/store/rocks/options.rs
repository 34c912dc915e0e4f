//! How RocksDB is set up, with the reasons.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, LogLevel, Options,
    WriteBufferManager,
};

use crate::limits::{
    STORE_BLOCK_CACHE_BYTES, STORE_ERASURE_SECONDS, STORE_OPEN_FILES, STORE_WAL_BYTES, STORE_WRITE_BUFFER_BYTES,
};
use crate::store::Column;

/// What the store may take of the machine. The bounds are those of all columns together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreMemory {
    /// Bytes of blocks, indexes and filters kept in memory.
    pub block_cache_bytes: usize,
    /// Bytes of rows in memory that wait to be written to files.
    pub write_buffer_bytes: usize,
    /// Bytes of write-ahead log that an opening may have to read again.
    pub wal_bytes: u64,
    /// Files open at once.
    pub open_files: i32,
}

impl Default for StoreMemory {
    fn default() -> StoreMemory {
        StoreMemory {
            block_cache_bytes: STORE_BLOCK_CACHE_BYTES,
            write_buffer_bytes: STORE_WRITE_BUFFER_BYTES,
            wal_bytes: STORE_WAL_BYTES,
            open_files: STORE_OPEN_FILES,
        }
    }
}

/// How a column is used: this decides about its files.
enum Use {
    /// Rows looked up by key. `hot`: looked up one here and one there, so that small blocks spare the cache.
    LookUps { hot: bool },
    /// Rows read in ranges, and only where they are.
    Ranges,
    /// Rows read in ranges, from one of whose labels they soon move to another.
    Labels,
    /// Rows that live until something is done, mostly for seconds: most are gone before they reach a file.
    Queue,
}

fn use_of(column: Column) -> Use {
    match column {
        Column::Meta
        | Column::Accounts
        | Column::Sessions
        | Column::Quotes
        | Column::Payments
        | Column::Replays
        | Column::Persons
        | Column::Histories
        | Column::Labels
        | Column::Models
        | Column::Balances
        | Column::Lanes
        | Column::FailingEndpoints
        | Column::Redeliveries
        | Column::Customers
        | Column::CustomerNames
        | Column::RiskPolicies => Use::LookUps { hot: true },
        Column::Transactions
        | Column::Receipts
        | Column::Events
        | Column::Deliveries
        | Column::CustomerVersions
        | Column::DeletedCustomers => Use::LookUps { hot: false },
        Column::Postings | Column::SessionTransactions => Use::Ranges,
        Column::SessionIndex | Column::TransactionIndex | Column::DeliveryIndex => Use::Labels,
        Column::Outbox | Column::RailWork | Column::Timers | Column::Bus | Column::Reviews => Use::Queue,
    }
}

/// The options of the database as a whole.
pub(super) fn database(memory: StoreMemory, create: bool) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.create_missing_column_families(create);

    // Durability: see the module's documentation.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);

    // Memory, files, and the time that an opening takes.
    options.set_write_buffer_manager(&WriteBufferManager::new_write_buffer_manager(memory.write_buffer_bytes, false));
    options.set_max_total_wal_size(memory.wal_bytes);
    options.set_max_open_files(memory.open_files);
    options.set_skip_stats_update_on_db_open(true);

    // One thread writes, so that what RocksDB does for many writers at once only costs.
    options.set_allow_concurrent_memtable_write(false);
    options.set_enable_write_thread_adaptive_yield(false);
    // At least one flush and one compaction at a time; more where there are cores beside the engine's and the committer's.
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    options.set_max_background_jobs(cores.clamp(2, 8) as i32);
    // Files go to disk bit by bit, so that the log's sync does not wait behind one big write.
    options.set_bytes_per_sync(1 << 20);

    // Little is logged: faults are returned as errors and reported by whoever asked.
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(4 << 20);
    options.set_keep_log_file_num(4);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// All columns with their options.
pub(super) fn columns(memory: StoreMemory) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(memory.block_cache_bytes);
    let descriptor = |&column: &Column| ColumnFamilyDescriptor::new(column.name(), of_column(column, &cache));
    Column::ALL.iter().map(descriptor).collect()
}

/// The options of each column for files that are made outside of the database.
pub(super) fn of_files(memory: StoreMemory) -> Vec<Options> {
    let cache = Cache::new_lru_cache(memory.block_cache_bytes);
    Column::ALL.iter().map(|&column| of_column(column, &cache)).collect()
}

fn of_column(column: Column, cache: &Cache) -> Options {
    let mut options = Options::default();
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    // Indexes and filters count as cached blocks, so that one bound holds for all; they are the last to go.
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    match use_of(column) {
        Use::LookUps { hot } => {
            table.set_block_size(if hot { 8 << 10 } else { 16 << 10 });
            // Ten bits a key: one look-up in a hundred reads a file in vain.
            table.set_bloom_filter(10.0, false);
            table.set_optimize_filters_for_memory(true);
        }
        Use::Ranges | Use::Labels => table.set_block_size(16 << 10),
        Use::Queue => {}
    }
    if matches!(use_of(column), Use::Labels | Use::Queue) {
        // A file with a stretch that is mostly removals is compacted at once, so that reading does not wade through them.
        options.add_compact_on_deletion_collector_factory(1_024, 512, 0.5);
    }
    options.set_block_based_table_factory(&table);
    set_compression(&mut options);
    if matches!(column, Column::Customers | Column::CustomerVersions) {
        // What is erased leaves the files, too, and lists do not wade through it.
        options.add_compact_on_deletion_collector_factory(1_024, 512, 0.5);
        options.set_periodic_compaction_seconds(STORE_ERASURE_SECONDS);
    }
    options
}

/// What is young is rewritten soon and not worth the work; what has come to rest is compressed by zstd at its default
/// level.
///
/// Without a dictionary: trained ones of 16 KiB a file saved 3 % of the bytes of a journey and made compaction take two and
/// a half times as long. Most of what is left are ids, keys and signatures, which nothing compresses.
fn set_compression(options: &mut Options) {
    let (none, zstd) = (DBCompressionType::None, DBCompressionType::Zstd);
    options.set_compression_per_level(&[none, none, zstd]);
    options.set_bottommost_compression_type(zstd);
}
