//! A store, a folder that stands for a bucket, and whether they are equal by a way of their own:
//! the manifest read as any JSON, the files by an ordinary reader.

use crate::world::{Chain, World, features};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tidegauge_features::{
    Cell, Fingerprint, HORIZON_DAYS, PoolDay, ROW_COLUMNS, Status, TARGET_COLUMNS,
};
use tidegauge_model::{
    BlockData, ChainId, Day, Evidence, PoolVerdict, Step, Swap, UnixSeconds, Usd,
};
use tidegauge_objects::Objects;
use tidegauge_storage::{Identity, Store, StoreOptions, View};
use tidegauge_sync::{
    AuditDepth, Lake, LakeOptions, LakeReport, Repair, Writer, WriterClaim, wall_clock,
};

pub(super) const CHAIN: ChainId = ChainId(11);

/// From a block to the next: a day has ten blocks and a bit.
const SECONDS: u64 = 8_000;

/// Rows as text, by day.
pub(super) type Rows = BTreeMap<Day, Vec<String>>;

/// A store of a made-up chain, and a folder to publish it into.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) bucket: TempDir,
    pub(super) scratch: TempDir,
    pub(super) store: Store,
    pub(super) world: World,
    pub(super) chain: Chain,
    finalized: u64,
}

impl Bench {
    pub(super) fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: open(folder.path()),
            folder,
            bucket: tempfile::tempdir().unwrap(),
            scratch: tempfile::tempdir().unwrap(),
            world: World::new(seed, 5, 4).every(SECONDS),
            chain: Chain::default(),
            finalized: 0,
        }
    }

    /// The same with what a copy of the store's folder holds, closed and opened again.
    pub(super) fn with(self, folder: TempDir, chain: Chain, finalized: u64) -> Self {
        self.store.close().unwrap();
        Self {
            store: open(folder.path()),
            folder,
            chain,
            finalized,
            ..self
        }
    }

    /// A copy of the store as it lies on disk, with its chain.
    pub(super) fn copy(&self) -> (TempDir, Chain, u64) {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
            }
        }
        (copy, self.chain.clone(), self.finalized)
    }

    /// The chain grows by some blocks; all but the last `depth` are final.
    pub(super) fn grow(&mut self, blocks: u64, depth: u64) {
        let finalized = (self.chain.tip().number.0 + blocks).saturating_sub(depth);
        self.finalized = self.finalized.max(finalized);
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

    /// Final blocks are replaced by what was fetched again.
    pub(super) fn repair(&mut self, at: usize, count: usize) {
        let blocks: Vec<BlockData> = self.chain.blocks[at..at + count]
            .to_vec()
            .iter()
            .map(|block| self.world.vary(block))
            .collect();
        let repair = self.chain.repair(at, blocks.clone(), Evidence::Receipts);
        self.store.apply(&Step::Repair(repair)).unwrap();
        self.chain.repaired(at, &blocks);
    }

    pub(super) fn objects(&self) -> Objects {
        Objects::folder(self.bucket.path()).unwrap()
    }

    pub(super) fn identity(&self) -> Identity {
        self.store.reader().view().unwrap().identity().unwrap()
    }

    pub(super) async fn writer(&self) -> Writer {
        let claim = claim(self.identity(), false);
        Writer::claim(&self.objects(), &claim, wall_clock())
            .await
            .unwrap()
    }

    pub(super) fn options(&self) -> LakeOptions {
        LakeOptions {
            hot_every: Duration::ZERO,
            ..LakeOptions::new(self.scratch.path())
        }
    }

    pub(super) async fn lake(&self) -> Lake {
        self.lake_with(self.options()).await
    }

    pub(super) async fn lake_with(&self, options: LakeOptions) -> Lake {
        let writer = self.writer().await;
        Lake::new(self.store.reader(), self.objects(), writer, options).unwrap()
    }

    /// A path in the bucket.
    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.bucket.path().join(key)
    }

    /// Keys of the bucket that begin so, ascending.
    pub(super) fn keys(&self, prefix: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut folders = vec![self.bucket.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let key = path.strip_prefix(self.bucket.path()).unwrap();
                keys.push(key.to_string_lossy().into_owned());
            }
        }
        keys.retain(|key| key.starts_with(prefix));
        keys.sort();
        keys
    }

    /// The newest manifest, as its readers find it.
    pub(super) fn manifest(&self) -> Value {
        let newest = self.keys("lake/_manifests/0").pop().expect("a manifest");
        let bytes = std::fs::read(self.path(&newest)).unwrap();
        let latest = std::fs::read(self.path("lake/_manifests/latest.json")).unwrap();
        assert!(bytes == latest, "latest.json is not {newest}");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The objects that count, of final days or of others.
    pub(super) fn entries(&self, is_hot: bool) -> Vec<Value> {
        let manifest = self.manifest();
        if is_hot {
            return manifest["hot"].as_array().unwrap().clone();
        }
        let mut entries = Vec::new();
        for part in manifest["parts"].as_array().unwrap() {
            let path = self.path(part["key"].as_str().unwrap());
            let part: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            entries.extend(part["objects"].as_array().unwrap().clone());
        }
        entries
    }

    /// Keys of a table's objects that count.
    pub(super) fn named(&self, table: &str) -> Vec<String> {
        let entries = self.entries(false);
        let of_table = entries.iter().filter(|entry| entry["table"] == table);
        of_table
            .map(|entry| entry["key"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Rows of a table, by way of the manifest.
    pub(super) fn rows(&self, table: &str, is_hot: bool, names: &[&str]) -> Rows {
        let mut rows = Rows::new();
        for entry in self.entries(is_hot) {
            if entry["table"] != table {
                continue;
            }
            let day: Day = entry["date"].as_str().unwrap().parse().unwrap();
            let key = entry["key"].as_str().unwrap();
            assert!(
                key.contains(&format!("/chain_id={CHAIN}/date={day}/")),
                "{key}"
            );
            let found = read(&self.path(key), names);
            assert_eq!(found.len() as u64, entry["rows"].as_u64().unwrap(), "{key}");
            assert!(rows.insert(day, found).is_none(), "{table}: {day} twice");
        }
        rows
    }

    /// Whether the block after a day is final.
    fn is_final(&self, day: Day) -> bool {
        let mut blocks = self.chain.blocks.iter();
        let closing = blocks.find(|block| block.timestamp >= day.end());
        closing.is_some_and(|block| block.number.0 <= self.finalized)
    }

    /// Every row of both, compared as text.
    pub(super) fn assert_equal(&self) {
        let reader = self.store.reader();
        let view = reader.view().unwrap();
        let mut swaps: BTreeMap<Day, Vec<&Swap>> = BTreeMap::new();
        let mut events = BTreeMap::new();
        for block in &self.chain.blocks {
            let day = Day::of(block.timestamp);
            swaps.entry(day).or_default().extend(&block.swaps);
            let of_day: &mut Vec<_> = events.entry(day).or_default();
            of_day.extend(&block.liquidity);
        }
        let swaps = swaps.into_iter().map(|(day, mut swaps)| {
            swaps.sort_by_key(|swap| (swap.pool, swap.block, swap.log_index));
            (
                day,
                swaps.iter().map(|swap| swap_line(&view, swap)).collect(),
            )
        });
        self.assert_table("swaps", &SWAP_NAMES, swaps.collect());
        let events = events.into_iter().map(|(day, mut events)| {
            events.sort_by_key(|event| (event.pool, event.block, event.log_index));
            let line = |e: &&tidegauge_model::LiquidityEvent| {
                format!(
                    "{}|{}|{}|{:#x}|{}",
                    e.pool,
                    e.block,
                    e.log_index,
                    e.tx_hash,
                    e.change.name()
                )
            };
            (day, events.iter().map(line).collect())
        });
        let names = [
            "pool_address",
            "block_number",
            "log_index",
            "tx_hash",
            "event",
        ];
        self.assert_table("liquidity", &names, events.collect());
        let (first, last) = (Day::of(UnixSeconds(0)), Day::of(UnixSeconds(u64::MAX)));
        let (mut features, mut targets) = (Rows::new(), Rows::new());
        for row in view.daily_rows(first, last, None).unwrap() {
            let row = row.unwrap();
            features
                .entry(row.day)
                .or_default()
                .push(feature_line(&row));
            // Never before its last horizon is over.
            if self.is_final(row.day.plus_days(HORIZON_DAYS)) {
                targets.entry(row.day).or_default().push(target_line(&row));
            }
        }
        self.assert_table("features", &feature_names(), features);
        let names: Vec<_> = ["pool_address"]
            .into_iter()
            .chain(TARGET_COLUMNS.iter().map(|column| column.name))
            .collect();
        let found = self.rows("targets", false, &names);
        same("targets", &found, &targets);
    }

    /// Final days lie in the partitions, all others in the hot set, and no row in both or neither.
    fn assert_table(&self, table: &str, names: &[&str], expected: Rows) {
        let (settled, hot): (Rows, Rows) = expected
            .into_iter()
            .partition(|(day, _)| self.is_final(*day));
        same(table, &self.rows(table, false, names), &settled);
        same(table, &self.rows(table, true, names), &hot);
    }
}

/// Both have the same rows in the same order; days without any do not count.
fn same(what: &str, found: &Rows, expected: &Rows) {
    let full = |rows: &Rows| -> Vec<(Day, Vec<String>)> {
        let rows = rows.clone().into_iter();
        rows.filter(|(_, rows)| !rows.is_empty()).collect()
    };
    let (found, expected) = (full(found), full(expected));
    let days = |rows: &[(Day, Vec<String>)]| rows.iter().map(|(day, _)| *day).collect::<Vec<_>>();
    assert_eq!(days(&found), days(&expected), "{what}");
    for ((day, found), (_, expected)) in found.iter().zip(&expected) {
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "{what} of {day}, row {at}");
        }
        assert_eq!(found.len(), expected.len(), "{what} of {day}");
    }
}

/// Rows of a file: these columns as text.
pub(super) fn read(path: &Path, names: &[&str]) -> Vec<String> {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| {
        let row = row.unwrap();
        let cells: BTreeMap<&String, String> = row
            .get_column_iter()
            .map(|(name, field)| (name, text(field)))
            .collect();
        let of = |name: &&str| cells.get(&(*name).to_owned()).cloned();
        let cells = names
            .iter()
            .map(|n| of(n).unwrap_or_else(|| panic!("no {n}")));
        cells.collect::<Vec<_>>().join("|")
    })
    .collect()
}

fn text(field: &Field) -> String {
    match field {
        Field::Null => "-".to_owned(),
        Field::Long(v) => v.to_string(),
        Field::Double(v) => format!("{:016x}", v.to_bits()),
        Field::Bool(v) => v.to_string(),
        Field::Str(v) => v.clone(),
        Field::TimestampMillis(v) => (v / 1_000).to_string(),
        Field::Decimal(v) => {
            let mut bytes = [if v.data()[0] & 0x80 == 0 { 0 } else { 0xff }; 16];
            let from = 16 - v.data().len();
            bytes[from..].copy_from_slice(v.data());
            Usd(i128::from_be_bytes(bytes)).to_string()
        }
        other => panic!("{other:?}"),
    }
}

const SWAP_NAMES: [&str; 18] = [
    "block_number",
    "log_index",
    "tx_hash",
    "tx_index",
    "pool_address",
    "timestamp",
    "fee_tier",
    "token0_amount",
    "token1_amount",
    "amount0_raw",
    "amount1_raw",
    "sender",
    "recipient",
    "tx_from",
    "sqrt_price_x96",
    "liquidity",
    "tick",
    "volume_usd",
];

fn swap_line(view: &View<'_>, swap: &Swap) -> String {
    let Some(PoolVerdict::Accepted(pool)) = view.pool(swap.pool).unwrap() else {
        panic!("accepted")
    };
    let decimals = |token| view.token(token).unwrap().unwrap().decimals;
    let value = view.value(swap.pool, swap.block, swap.log_index).unwrap();
    let usd = value.and_then(|value| value.usd);
    [
        swap.block.to_string(),
        swap.log_index.to_string(),
        format!("{:#x}", swap.tx_hash),
        swap.tx_index.to_string(),
        swap.pool.to_string(),
        swap.timestamp.to_string(),
        pool.fee_pips.to_string(),
        swap.amount0.adjusted(decimals(pool.token0)),
        swap.amount1.adjusted(decimals(pool.token1)),
        swap.amount0.to_string(),
        swap.amount1.to_string(),
        format!("{:#x}", swap.sender),
        format!("{:#x}", swap.recipient),
        swap.origin
            .map_or("-".to_owned(), |from| format!("{from:#x}")),
        swap.sqrt_price.to_string(),
        swap.liquidity.to_string(),
        swap.tick.to_string(),
        usd.map_or("-".to_owned(), |usd| usd.to_string()),
    ]
    .join("|")
}

fn feature_names() -> Vec<&'static str> {
    let inner = ROW_COLUMNS.iter().map(|column| column.name);
    let names = ["pool_address"].into_iter().chain(inner);
    names.chain(["status", "as_of_block"]).collect()
}

fn feature_line(row: &PoolDay) -> String {
    let cells = ROW_COLUMNS.iter().zip(row.row.cells());
    let cells = cells.map(|(column, cell)| match cell {
        Cell::Int(bits) if column.name == "feature_set" => {
            Fingerprint(bits.cast_unsigned()).to_string()
        }
        cell => cell_text(cell),
    });
    let status = match row.status {
        Status::Partial => "partial",
        Status::Provisional => "provisional",
        Status::Final => "final",
    };
    let after = [status.to_owned(), row.as_of_block.to_string()];
    let line = [row.pool.to_string()].into_iter().chain(cells).chain(after);
    line.collect::<Vec<_>>().join("|")
}

fn target_line(row: &PoolDay) -> String {
    let cells = row.targets.cells().map(cell_text);
    let line = [row.pool.to_string()].into_iter().chain(cells);
    line.collect::<Vec<_>>().join("|")
}

fn cell_text(cell: Cell) -> String {
    match cell {
        Cell::Null => "-".to_owned(),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => format!("{:016x}", value.to_bits()),
        Cell::Usd(value) => value.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Word(value) => value.to_owned(),
    }
}

pub(super) fn open(folder: &Path) -> Store {
    let mut options = StoreOptions::new(CHAIN);
    options.memory_mib = 32;
    options.least_free_bytes = 0;
    options.features = features(CHAIN);
    options.rebuild = true;
    Store::open(folder, &options).unwrap()
}

pub(super) fn claim(store: Identity, take_over: bool) -> WriterClaim {
    WriterClaim {
        store,
        machine: "here".to_owned(),
        holder: "test".to_owned(),
        take_over,
    }
}

/// Every object is there and whole, each row read, and the store's.
pub(super) async fn assert_audited(lake: &mut Lake) -> LakeReport {
    let report = lake.audit(AuditDepth::Read, Repair::No).await.unwrap();
    assert!(report.is_equal(), "{report:#?}");
    report
}
