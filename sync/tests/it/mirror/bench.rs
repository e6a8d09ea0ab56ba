//! A store, a schema of a shared PostgreSQL, and whether they are equal by a way of their own.

use crate::support::cluster::{Cluster, Kind, PASSWORD, USER};
use crate::world::{Chain, World, features};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tidegauge_features::{Cell, Fingerprint, ROW_COLUMNS, TARGET_COLUMNS};
use tidegauge_model::{ChainId, Day, Evidence, PoolVerdict, Step, Swap, UnixSeconds};
use tidegauge_storage::{Store, StoreOptions, View};
use tidegauge_sync::{
    Auth, Database, LOOK_BACK_EVERY, Mirror, MirrorOptions, PostgresSettings, PostgresUrl, Repair,
    TlsMode,
};

pub(super) const CHAIN: ChainId = ChainId(11);

/// From a block to the next: a day has ten blocks and a bit.
pub(super) const SECONDS: u64 = 8_000;

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// One cluster for all tests of this binary; none where PostgreSQL is not installed.
pub(super) fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(Kind::Plain)).as_ref()
}

/// A store of a made-up chain, and a schema to mirror it into.
pub(super) struct Bench {
    pub(super) cluster: &'static Cluster,
    pub(super) schema: String,
    pub(super) folder: TempDir,
    pub(super) store: Store,
    pub(super) world: World,
    pub(super) chain: Chain,
}

impl Bench {
    pub(super) fn new(seed: u64) -> Option<Self> {
        let cluster = cluster()?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            cluster,
            schema: format!("s{}", SCHEMAS.fetch_add(1, Ordering::Relaxed)),
            store: open(&folder),
            folder,
            world: World::new(seed, 7, 6).every(SECONDS),
            chain: Chain::default(),
        })
    }

    /// The same with what a copy of the folder holds, closed and opened again.
    pub(super) fn with(self, folder: TempDir, chain: Chain) -> Self {
        self.store.close().unwrap();
        Self {
            store: open(&folder),
            folder,
            chain,
            cluster: self.cluster,
            schema: self.schema,
            world: self.world,
        }
    }

    /// A copy of the store as it lies on disk.
    pub(super) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        copy
    }

    pub(super) fn database(&self) -> Database {
        self.database_at(self.cluster.port())
    }

    pub(super) fn database_at(&self, port: u16) -> Database {
        let url = format!("postgres://{USER}:{PASSWORD}@localhost:{port}/postgres");
        Database::new(settings(url.parse().unwrap(), &self.schema)).unwrap()
    }

    pub(super) fn mirror(&self) -> Mirror {
        self.mirror_of(self.database())
    }

    pub(super) fn mirror_of(&self, database: Database) -> Mirror {
        Mirror::new(self.store.reader(), database, options("test")).unwrap()
    }

    /// The chain grows by some blocks; all but the last `depth` are final.
    pub(super) fn grow(&mut self, blocks: u64, depth: u64) {
        let finalized = (self.chain.tip().number.0 + blocks).saturating_sub(depth);
        self.grow_to(blocks, finalized);
    }

    /// The chain grows by some blocks, and blocks are final up to this one.
    pub(super) fn grow_to(&mut self, blocks: u64, finalized: u64) {
        let evidence = Evidence::Receipts;
        let extend = self
            .chain
            .grow(&mut self.world, blocks, Some(finalized), evidence);
        self.store.apply(&Step::Extend(extend)).unwrap();
    }

    /// The last blocks are replaced by others.
    pub(super) fn reorganise(&mut self, depth: usize, blocks: u64) {
        let to = self.chain.back(depth);
        let at = self.chain.blocks.len() - depth;
        self.chain.blocks.truncate(at);
        let evidence = Evidence::Receipts;
        let then = self.chain.grow(&mut self.world, blocks, None, evidence);
        let step = Step::Unwind {
            to,
            then: vec![then],
        };
        self.store.apply(&step).unwrap();
    }

    pub(super) fn sql(&self, sql: &str) -> String {
        let schema = &self.schema;
        self.cluster
            .sql(&format!("SET search_path TO {schema}; {sql}"))
    }

    /// Every row of both, compared as text, and what the mirror says of itself.
    pub(super) fn assert_equal(&self) {
        let reader = self.store.reader();
        let view = reader.view().unwrap();
        let found = self.sql(
            "SELECT concat_ws('|', chain_id, block_number, log_index, tx_hash, tx_index, \
             pool_address, extract(epoch FROM timestamp)::bigint, created_date, fee_tier, \
             trim_scale(token0_amount), trim_scale(token1_amount), amount0_raw, amount1_raw, \
             sender, recipient, coalesce(tx_from, '-'), sqrt_price_x96, liquidity, tick, \
             coalesce(trim_scale(volume_usd)::text, '-')) \
             FROM daily_transactions ORDER BY block_number, log_index",
        );
        let swaps = self.chain.blocks.iter().flat_map(|block| &block.swaps);
        let expected: Vec<String> = swaps.map(|swap| line(&view, swap)).collect();
        same("swaps", &found, &expected);
        self.assert_features(&view);
        let at = self.sql("SELECT height || ' ' || hash FROM mirror_position");
        let tip = self.chain.tip();
        assert_eq!(at, format!("{} {:#x}", tip.number, tip.hash));
        let pools = view.counters().pools_accepted;
        assert_eq!(self.sql("SELECT count(*) FROM pools"), pools.to_string());
        let tokens = view.counters().tokens;
        assert_eq!(self.sql("SELECT count(*) FROM tokens"), tokens.to_string());
    }

    fn assert_features(&self, view: &View<'_>) {
        let columns = ROW_COLUMNS.iter().chain(TARGET_COLUMNS);
        let columns: Vec<String> = columns
            .map(|column| format!("coalesce({}::text, '-')", column.name))
            .collect();
        let found = self.sql(&format!(
            "SELECT concat_ws('|', date, pool_address, status, as_of_block, {}) \
             FROM daily_pool_features ORDER BY date, pool_address COLLATE \"C\"",
            columns.join(", ")
        ));
        let (first, last) = (Day::of(UnixSeconds(0)), Day::of(UnixSeconds(u64::MAX)));
        let rows = view.daily_rows(first, last, None).unwrap().map(|row| {
            let row = row.unwrap();
            let cells = row.row.cells().chain(row.targets.cells());
            let names = ROW_COLUMNS.iter().chain(TARGET_COLUMNS);
            let cells: Vec<String> = names
                .zip(cells)
                .map(|(column, cell)| match cell {
                    Cell::Int(bits) if column.name == "feature_set" => {
                        Fingerprint(bits.cast_unsigned()).to_string()
                    }
                    Cell::Null => "-".to_owned(),
                    Cell::Int(value) => value.to_string(),
                    // As the server writes it, from the same bits.
                    Cell::Float(value) => format!("float {:016x}", value.to_bits()),
                    Cell::Usd(value) => format!("{:.9}", Nano(value.0)),
                    Cell::Bool(value) => value.to_string(),
                    Cell::Word(value) => value.to_owned(),
                })
                .collect();
            let head = (row.day, row.pool, row.status.name(), row.as_of_block);
            let (day, pool, status, block) = head;
            format!("{day}|{pool}|{status}|{block}|{}", cells.join("|"))
        });
        let expected: Vec<String> = rows.collect();
        let found: Vec<String> = found.lines().map(floats_as_bits).collect();
        same("features", &found.join("\n"), &expected);
    }
}

/// Dollars with nine decimal places.
struct Nano(i128);

impl std::fmt::Display for Nano {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, nano) = (
            self.0.unsigned_abs() / 1_000_000_000,
            self.0.unsigned_abs() % 1_000_000_000,
        );
        write!(f, "{sign}{whole}.{nano:09}")
    }
}

/// Statistics as their bits: the columns say which they are.
fn floats_as_bits(line: &str) -> String {
    let floats = ROW_COLUMNS
        .iter()
        .chain(TARGET_COLUMNS)
        .map(|column| column.kind == tidegauge_features::Kind::Float);
    let is_float: Vec<bool> = [false; 4].into_iter().chain(floats).collect();
    let cells = line.split('|').zip(is_float).map(|(cell, is_float)| {
        if is_float && cell != "-" {
            let value: f64 = cell.parse().unwrap();
            format!("float {:016x}", value.to_bits())
        } else {
            cell.to_owned()
        }
    });
    cells.collect::<Vec<_>>().join("|")
}

fn line(view: &View<'_>, swap: &Swap) -> String {
    let Some(PoolVerdict::Accepted(pool)) = view.pool(swap.pool).unwrap() else {
        panic!("accepted")
    };
    let decimals = |token| view.token(token).unwrap().unwrap().decimals;
    let value = view.value(swap.pool, swap.block, swap.log_index).unwrap();
    let usd = value.and_then(|value| value.usd);
    let from = swap.origin.map(|from| format!("{from:#x}"));
    [
        CHAIN.to_string(),
        swap.block.to_string(),
        swap.log_index.to_string(),
        format!("{:#x}", swap.tx_hash),
        swap.tx_index.to_string(),
        swap.pool.to_string(),
        swap.timestamp.to_string(),
        Day::of(swap.timestamp).to_string(),
        pool.fee_pips.to_string(),
        swap.amount0.adjusted(decimals(pool.token0)),
        swap.amount1.adjusted(decimals(pool.token1)),
        swap.amount0.to_string(),
        swap.amount1.to_string(),
        format!("{:#x}", swap.sender),
        format!("{:#x}", swap.recipient),
        from.unwrap_or_else(|| "-".to_owned()),
        swap.sqrt_price.to_string(),
        swap.liquidity.to_string(),
        swap.tick.to_string(),
        usd.map_or_else(|| "-".to_owned(), |usd| usd.to_string()),
    ]
    .join("|")
}

fn same(what: &str, found: &str, expected: &[String]) {
    let found: Vec<&str> = found.lines().collect();
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "{what}, row {at}");
    }
    assert_eq!(found.len(), expected.len(), "{what}: rows");
}

pub(super) fn open(folder: &TempDir) -> Store {
    open_at(folder.path())
}

pub(super) fn open_at(folder: &std::path::Path) -> Store {
    let mut options = StoreOptions::new(CHAIN);
    options.memory_mib = 32;
    options.least_free_bytes = 0;
    options.features = features(CHAIN);
    options.rebuild = true;
    Store::open(folder, &options).unwrap()
}

pub(super) fn options(holder: &str) -> MirrorOptions {
    MirrorOptions {
        holder: holder.to_owned(),
        gone: None,
        take_over: false,
        look_back_every: LOOK_BACK_EVERY,
    }
}

pub(super) fn settings(url: PostgresUrl, schema: &str) -> PostgresSettings {
    PostgresSettings {
        url,
        direct_url: None,
        schema: schema.to_owned(),
        tls: TlsMode::Disable,
        ca_file: None,
        auth: Auth::Password,
        prepared: true,
        application_name: "tidegauge-test".to_owned(),
    }
}

/// Nothing differs, by the mirror's own comparison, nor in its own books.
pub(super) async fn assert_audited(mirror: &mut Mirror) {
    let report = mirror.audit(Repair::No).await.unwrap();
    assert!(report.is_equal(), "{report:#?}");
}
