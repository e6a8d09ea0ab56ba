//! The command line: one place for every command, flag, its help and its example.

use crate::access::Scope;
use crate::mischief::Mischief;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};
use tidegauge_model::Day;

/// Collects Uniswap V3 swaps from an Ethereum node into a verified, exact local store.
#[derive(Debug, Parser)]
#[command(
    name = "tidegauge",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Configuration file; without it `./config.toml` if there is one, else the defaults
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Override one configuration key, e.g. --set storage.path=/data/tidegauge
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Collect what is missing, follow the tip, serve the status page
    #[command(after_help = "Examples:
  tidegauge run
  tidegauge --set chain.rpc_urls=http://127.0.0.1:8545 --set chain.start=7d run
  tidegauge run --offline")]
    Run {
        /// Compute everything derived anew, where it was computed by another feature set; collection goes on meanwhile
        #[arg(long)]
        rebuild: bool,
        /// Collect nothing: serve and mirror what the store holds, without any endpoint
        #[arg(long, conflicts_with = "rebuild")]
        offline: bool,
    },
    /// Make a bearer token for the HTTP API: prints it once, with the line for api.tokens
    #[command(after_help = "Examples:
  tidegauge token quant
  tidegauge token trainer --scope read --scope write")]
    Token {
        /// What the log and the configuration call its owner
        name: String,
        /// What it allows
        #[arg(long, value_enum, default_values = ["read"])]
        scope: Vec<Scope>,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Collect a range of blocks or days and exit
    #[command(after_help = "Examples:
  tidegauge backfill --last 30d
  tidegauge backfill --from 2024-01-05 --to 2024-01-05
  tidegauge backfill --from 18900000 --to 18999999 --method logs
  tidegauge backfill --last 7d --pool 0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640")]
    Backfill(Collecting),
    /// The bill before the run: requests, compute units, dollars, hours, disk
    #[command(after_help = "Examples:
  tidegauge plan --last 30d
  tidegauge plan --from 2024-01-01 --to 2024-12-31 --json")]
    Plan {
        #[command(flatten)]
        collecting: Collecting,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// What the store holds: tip, coverage, evidence, counts
    #[command(after_help = "Examples:
  tidegauge status
  tidegauge status --json
  tidegauge status --digest     # the same on two machines that hold the same rows")]
    Status {
        /// Also read the whole store and print its logical digest
        #[arg(long)]
        digest: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Features and targets of pools' days as Parquet, CSV or JSON, while a collector may be running
    #[command(after_help = "Examples:
  tidegauge features --last 30d --out features.parquet
  tidegauge features --from 2024-01-05 --to 2024-01-07 --out features.csv
  tidegauge features --pool 0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640 --out - | head
  tidegauge features --last 1d --allow-partial --out today.json
  tidegauge features --last 7d --engine oracle --out naive.csv   # the same numbers, the naive way
  tidegauge features --last 7d --pricing subgraph --out subgraph.csv

Days are whole UTC days; a row is there for each pool with a swap that day. What is unknown is
NULL, never zero. The columns are described in docs/columns.md.")]
    Features(Features),
    /// Sets to train, validate and test models on, cut by time so that nothing leaks back
    #[command(after_help = "Examples:
  tidegauge dataset --from 2024-01-01 --to 2024-06-30 --train-until 2024-04-30 --validate-until 2024-05-31 --out sets
  tidegauge dataset --from 2024-01-01 --to 2024-06-30 --train-until 2024-03-31 --validate-until 2024-05-31 --folds 4 --leak-check --out sets

The labels of a row look 7 days ahead, so the last days of a set are left out (with the embargo's
days on top). The folder holds the sets as Parquet, a manifest with the hash of each file, and a
data card, as Markdown and as a page with pictures.

  tidegauge dataset --from 2024-01-01 --to 2024-06-30 --train-until 2024-04-30 --validate-until 2024-05-31 --format hermetik --out csv")]
    Dataset(Dataset),
    /// Somebody's daily rows beside ours: coverage, differences, and why they may differ
    #[command(after_help = "Examples:
  tidegauge compare pool_dataset_latest.csv
  tidegauge compare pool_test_data.csv.gz --out report.html
  tidegauge compare pool_dataset_latest.csv --json | jq .coverage

The file has the earlier pipeline's header (poolAddress,date,...,target_tx_7d_avg_ahead); it may be
gzipped. Each difference is held against a list of likely reasons, and counted by the first that
fits: windows over rows instead of days, routers taken for users, a partial last day, a failed
request, a fork's contract.")]
    Compare(Compare),
    /// Raw rows of the store as CSV, JSON or Parquet, while a collector may be running
    #[command(after_help = "Examples:
  tidegauge export swaps --out swaps.csv
  tidegauge export swaps --last 30d --out swaps.parquet
  tidegauge export swaps --from 2024-01-05 --to 2024-01-05 --out -
  tidegauge export liquidity --pool 0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640 --out mints.csv")]
    Export(Export),
    /// Raise the evidence behind stored blocks, repair what was wrong, print a certificate
    #[command(after_help = "Examples:
  tidegauge verify --level receipts
  tidegauge verify --level bloom --from 18900000 --to 18999999
  tidegauge verify --level receipts --again --json     # fetch proven blocks once more

What has that evidence already is left alone. Only final blocks are verified: the others were
proven when they were collected. A daemon that holds the store carries it out itself.")]
    Verify(Verify),
    /// Bring Postgres to the store's state now, without collecting
    #[command(after_help = "Examples:
  tidegauge sync --migrate-only     # create or update the tables, over sync.postgres.direct_url
  tidegauge sync --once             # everything that the store holds and Postgres does not
  tidegauge sync --take-over        # from a machine that is gone; its collector is fenced out

A running collector mirrors by itself: it holds the lease, and this command is refused.")]
    Sync(Sync),
    /// Prove that Postgres and the lake hold exactly what the store holds, by counts and hashes
    #[command(after_help = "Examples:
  tidegauge audit
  tidegauge audit --deep            # reads every object of the lake
  tidegauge audit --repair          # writes anew what differs, and nothing else
  tidegauge audit --json | jq .postgres.differences

The collector that mirrors carries it out itself, between two steps.")]
    Audit(Audit),
    /// Keep the store as it is now in a bucket or a folder, and read it back
    #[command(after_help = "Examples:
  tidegauge snapshot
  tidegauge snapshot --to s3://backups/tidegauge
  tidegauge snapshot --to s3://backups/tidegauge --to s3://backups-eu/tidegauge
  tidegauge snapshot --to /mnt/backup/tidegauge --full-verification

Only what changed since the last snapshot is uploaded. It counts when everything new was read back
and agrees: `tidegauge restore` never sees one that did not. A running collector takes it itself
and goes on collecting. Buckets are reached with the credentials that AWS tools find; a folder must
be there.")]
    Snapshot(Snapshot),
    /// Make a store from a snapshot; the collector goes on from there
    #[command(after_help = "Examples:
  tidegauge restore --from s3://backups/tidegauge
  tidegauge restore --from s3://backups/tidegauge --snapshot 19000000 --to /data/then
  tidegauge restore --from /mnt/backup/tidegauge --to /data/tidegauge --json
  tidegauge restore --from s3://backups/tidegauge --to /data/drill --drill

Every file's length and SHA-256 are verified before anything is used, then the rows are. The folder
appears whole or not at all; stopped or killed, the same command goes on where it was. The store
takes a new epoch: the lost machine, if it comes back, is refused by the bucket and by Postgres.
docs/restore.md tells more.")]
    Restore(Restore),
    /// The daily job by hand: prove a day complete, compare its rows, mirrors and forecasts
    #[command(after_help = "Examples:
  tidegauge daily                        # the last final day
  tidegauge daily --date 2024-01-05 --json

A running collector works on each day by itself (schedule.daily_at), and makes good what was missed.
What is done already is not done again: the command shows what came of it. Steps: collected (every
block is there and final, digests agree), features (the rows are what the hours give), mirrored
(Postgres and the lake hold it), forecast.")]
    Daily {
        /// Which day; by default the last final one
        #[arg(long, value_name = "DAY")]
        date: Option<Day>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forecast pools' days by the models that come with the program, or write what was forecast
    #[command(after_help = "Examples:
  tidegauge predict --fit                      # forecast the last final day, and those missed before it
  tidegauge predict --out forecasts.parquet    # every model's newest forecasts
  tidegauge predict --model ridge --date 2024-01-05 --out -
  tidegauge predict --pool 0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640 --out one.csv

A forecast of a day knows nothing that came after it. docs/forecasts.md says how each is made. A
running collector forecasts by itself once a day; what was forecast of a day is not made again.")]
    Predict(Predict),
    /// Forecasts of models of your own
    #[command(subcommand)]
    Predictions(PredictionsCommand),
    /// Who forecasts, and what the forecasts were worth
    #[command(after_help = "Examples:
  tidegauge models
  tidegauge models --json | jq '.scores[] | select(.class == null)'")]
    Models {
        /// Print JSON: also by class of pools, and the reliability of confidence
        #[arg(long)]
        json: bool,
    },
    /// Check what an operator can get wrong: endpoint, store, disk, limits
    #[command(after_help = "Examples:
  tidegauge doctor
  tidegauge doctor --store      # also reads the whole store and checks every invariant
  tidegauge doctor --send       # also sends a test alert to every place that is told")]
    Doctor {
        /// Read the whole store and check its invariants
        #[arg(long)]
        store: bool,
        /// Send a test alert to every place that is told, and a number to CloudWatch
        #[arg(long)]
        send: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Serve a deterministic simulated chain, or recorded logs, over JSON-RPC
    #[command(after_help = "Examples:
  tidegauge simulate --listen 127.0.0.1:8545 --seed 1 --history-days 3
  tidegauge simulate --listen 127.0.0.1:8545 --replay day.jsonl.gz --pools day.pools.json
  tidegauge simulate --hostile --hostile-seed 7 --honest-listen 127.0.0.1:8546
  tidegauge simulate --block-time 1 --reorg 20% --reorg-depth 12 --lag")]
    Simulate(Simulate),
    /// Check or print the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script
    #[command(after_help = "Example:
  tidegauge completions bash > /etc/bash_completion.d/tidegauge")]
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// What is done with forecasts of other models.
#[derive(Debug, Subcommand)]
pub(crate) enum PredictionsCommand {
    /// Keep forecasts from a file, all of it or nothing
    #[command(after_help = "Examples:
  tidegauge predictions import growth.csv --model growth
  tidegauge predictions import forecasts.parquet      # with a column `model`
  tidegauge predictions import today.json --model growth --json

A row has pool_address, date (the last day that the model knew: the last final day), target (a column
target_… of the daily rows) and value; interval_low, interval_high, confidence, model_version and
fitted_until may be there. The same once more changes nothing; other values replace what was there.
Over HTTP: PUT /api/predictions/MODEL. docs/forecasts.md tells more.")]
    Import {
        /// A file that ends in .csv, .json or .parquet
        file: PathBuf,
        /// Whose they are, where the rows do not say it
        #[arg(long, value_name = "NAME")]
        model: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which blocks, which pools, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct Collecting {
    #[command(flatten)]
    pub(crate) range: Range,
    /// Only this pool (repeatable); pools that prices need are collected as well
    #[arg(long = "pool", value_name = "ADDRESS")]
    pub(crate) pools: Vec<String>,
    /// How to fetch; by default receipts where features.user = "origin", else logs
    #[arg(long, value_enum)]
    pub(crate) method: Option<MethodArg>,
}

/// A range of blocks, by number, day or age.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Range {
    /// First block number, or day (YYYY-MM-DD, from its first block)
    #[arg(long, value_name = "BLOCK|DAY", conflicts_with = "last")]
    pub(crate) from: Option<String>,
    /// Last block number, or day (to its last block); by default the finalized block
    #[arg(long, value_name = "BLOCK|DAY", conflicts_with = "last")]
    pub(crate) to: Option<String>,
    /// The latest stretch of time: 90m, 12h, 30d or 4w
    #[arg(long, value_name = "AGE")]
    pub(crate) last: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArg {
    /// Whole blocks with all their receipts: proves itself, and tells each transaction's sender
    Receipts,
    /// Pages of matching logs: far fewer requests, rests on confirmation by headers and blooms
    Logs,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// End at the store's tip of now; so it does in any case, until told to follow it by `run`
    #[arg(long)]
    pub(crate) once: bool,
    /// Only create or update the tables
    #[arg(long, conflicts_with_all = ["once", "take_over"])]
    pub(crate) migrate_only: bool,
    /// Take the mirror from whoever holds it
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Write anew what differs
    #[arg(long)]
    pub(crate) repair: bool,
    /// Read every object of the lake, and every row in it, instead of what the bucket says of them
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Snapshot {
    /// Where to: s3://BUCKET/PREFIX, or the path of a folder; given twice, the second place gets it after the first; by default as [sync.s3] says
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Vec<String>,
    /// Read back every object and every byte of the store, not only what is new; damaged objects are replaced
    #[arg(long)]
    pub(crate) full_verification: bool,
    /// Take the place from whoever writes there
    #[arg(long)]
    pub(crate) take_over: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Where from: s3://BUCKET/PREFIX, or the path of a folder; by default the bucket of [sync.s3]
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<String>,
    /// Which: the block that it stands at, or its manifest's key; by default the newest that is whole
    #[arg(long, value_name = "TIP|KEY")]
    pub(crate) snapshot: Option<String>,
    /// Folder to make; by default storage.path. It must be empty or not there
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
    /// Try it out: download and verify everything, then remove it; no epoch is taken
    #[arg(long)]
    pub(crate) drill: bool,
    /// Where a snapshot is damaged, take the next older one instead of stopping
    #[arg(long)]
    pub(crate) allow_older: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// Fit and forecast now; of the last final day, and of the 35 days to it that have no forecasts yet
    #[arg(long, conflicts_with_all = ["model", "date", "pools", "out"])]
    pub(crate) fit: bool,
    /// Only this model's forecasts
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// What was forecast from this day; by default each model's newest forecasts
    #[arg(long, value_name = "DAY")]
    pub(crate) date: Option<Day>,
    /// Only of this pool (repeatable)
    #[arg(long = "pool", value_name = "ADDRESS")]
    pub(crate) pools: Vec<String>,
    /// File to write, .parquet, .csv or .json (`-`: CSV on the standard output); an existing file is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON
    #[arg(long, requires = "fit")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The evidence wanted
    #[arg(long, value_enum, default_value = "receipts")]
    pub(crate) level: Level,
    /// First block; by default the store's first
    #[arg(long, value_name = "BLOCK")]
    pub(crate) from: Option<u64>,
    /// Last block; by default the last final one
    #[arg(long, value_name = "BLOCK")]
    pub(crate) to: Option<u64>,
    /// Fetch once more what has that evidence already
    #[arg(long)]
    pub(crate) again: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Every header, linked and hashed; each bloom agrees with our logs
    Bloom,
    /// The receipts root of every block, recomputed from all its receipts
    Receipts,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Which rows
    #[arg(value_enum)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Only this pool (repeatable)
    #[arg(long = "pool", value_name = "ADDRESS")]
    pub(crate) pools: Vec<String>,
    /// File to write, .parquet, .csv or .json (`-`: CSV on the standard output); an existing file is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Whole UTC days.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Days {
    /// First day; by default the first whole day of the store
    #[arg(long, value_name = "DAY", conflicts_with = "last")]
    pub(crate) from: Option<Day>,
    /// Last day; by default the last whole day of the store
    #[arg(long, value_name = "DAY", conflicts_with = "last")]
    pub(crate) to: Option<Day>,
    /// The latest days: 30d or 4w
    #[arg(long, value_name = "AGE")]
    pub(crate) last: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Features {
    #[command(flatten)]
    pub(crate) days: Days,
    /// Only this pool (repeatable)
    #[arg(long = "pool", value_name = "ADDRESS")]
    pub(crate) pools: Vec<String>,
    /// File to write, .parquet, .csv or .json (`-`: CSV on the standard output); an existing file is refused
    #[arg(long, value_name = "FILE", required_unless_present = "rebuild")]
    pub(crate) out: Option<PathBuf>,
    /// Compute everything derived anew, write no file: what is in force stays so until all of it is done
    #[arg(long, exclusive = true)]
    pub(crate) rebuild: bool,
    /// Compute the rows again from the raw swaps: the same as --engine fold
    #[arg(long, conflicts_with = "engine")]
    pub(crate) recompute: bool,
    /// Compute the rows again from the raw swaps, this way; by default they are read as the collector stored them
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineArg>,
    /// Include days of which not every block is known, with the status `partial`
    #[arg(long)]
    pub(crate) allow_partial: bool,
    /// By whose rules swaps are valued; `subgraph` writes that project's own columns
    #[arg(long, value_enum, default_value = "market", conflicts_with_all = ["recompute", "engine", "allow_partial"])]
    pub(crate) pricing: PricingArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PricingArg {
    /// Ours: docs/numbers.md
    Market,
    /// The Uniswap v3-subgraph's: its prices, its tracked volume, its count of events
    Subgraph,
}

#[derive(Debug, Args)]
pub(crate) struct Dataset {
    /// First day
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Day,
    /// Last day
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Day,
    /// Last day of training; its last rows are left out, as far as their labels would reach beyond
    #[arg(long, value_name = "DAY")]
    pub(crate) train_until: Day,
    /// Last day of validation, likewise; the days after it are for the test
    #[arg(long, value_name = "DAY")]
    pub(crate) validate_until: Day,
    /// Also cut the days of validation into that many, each with all that lies before it to train on
    #[arg(long, value_name = "K")]
    pub(crate) folds: Option<u32>,
    /// Days kept free beyond the labels; by default 1, with --folds 14
    #[arg(long, value_name = "N")]
    pub(crate) embargo_days: Option<u32>,
    /// How the files are written
    #[arg(long, value_enum, default_value = "parquet")]
    pub(crate) format: DatasetFormat,
    /// Print how many rows were proven to know nothing of their labels or of the next set
    #[arg(long)]
    pub(crate) leak_check: bool,
    /// Include days of which not every block is known, with the status `partial`
    #[arg(long)]
    pub(crate) include_partial: bool,
    /// Folder to make; one that exists is refused
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DatasetFormat {
    /// Typed columns, one file a set
    Parquet,
    /// The earlier pipeline's three CSV files, with its columns and its windows over rows; its
    /// training file holds the days of training and of validation
    Hermetik,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// CSV file, gzipped or not
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write the report as a page, with the rows that differ most; an existing file is refused
    #[arg(long, value_name = "FILE.html")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineArg {
    /// The collector's own
    Fold,
    /// The naive one: slow, and obviously right
    Oracle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rows {
    /// Swap events
    Swaps,
    /// Mints, burns, collects, flashes and pool settings
    Liquidity,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Address to listen on (port 0: any free port, printed)
    #[arg(long, default_value = "127.0.0.1:8545")]
    pub(crate) listen: SocketAddr,
    /// Seed: the same seed and parameters give the same chain, hash for hash
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Seconds between blocks, of the chain's clock and of live blocks
    #[arg(long, value_name = "SECONDS", default_value_t = 12)]
    pub(crate) block_time: u64,
    /// Number of pools
    #[arg(long, value_name = "N", default_value_t = 24)]
    pub(crate) pool_count: u32,
    /// Mean number of swaps in a block
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub(crate) swaps_per_block: u32,
    /// Days of history before the first live block
    #[arg(long, value_name = "DAYS", default_value_t = 3)]
    pub(crate) history_days: u32,
    /// Last moment of the history: a day (its midnight) or `now`; by default a fixed one,
    /// so that the same seed gives the same chain on any day
    #[arg(long, value_name = "DAY|now")]
    pub(crate) end: Option<String>,
    /// Serve the history alone, without new blocks
    #[arg(long)]
    pub(crate) frozen: bool,
    /// Refuse eth_getLogs answers with more logs than this, as providers do
    #[arg(long, value_name = "N")]
    pub(crate) max_logs: Option<u64>,
    /// Refuse eth_getLogs ranges of more blocks than this, as providers do
    #[arg(long, value_name = "N")]
    pub(crate) max_range: Option<u64>,
    /// Have no logs and receipts of blocks before this one, as nodes that prune
    #[arg(long, value_name = "BLOCK")]
    pub(crate) pruned_below: Option<u64>,
    /// Folder for generated histories
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Serve these recorded logs (JSON lines, may be gzipped) instead
    #[arg(long, value_name = "LOGS", requires = "pools")]
    pub(crate) replay: Option<PathBuf>,
    /// Side file of the recording: chain id, factory, pools and tokens
    #[arg(long, value_name = "SIDE.json", requires = "replay")]
    pub(crate) pools: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) mischief: Mischief,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the configuration and say whether it holds
    Check,
    /// Print the configuration in force, secrets as ***
    Print,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Cli::command()
            .get_subcommands()
            .filter(|c| !c.has_subcommands())
        {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("tidegauge "),
                "{} has no example",
                command.get_name()
            );
        }
    }
}
