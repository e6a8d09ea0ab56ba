//! A live chain that reorganises, its endpoints, and a collector that is killed and started again.

mod judge;

use crate::support::{Daemon, Program};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use tidegauge_chain::Method;
use tidegauge_simchain::{
    Hostility, Limits, Mode, Rate, ServeOptions, ServerHandle, SimChain, SimConfig, serve,
};
use tokio::runtime::Runtime;

/// Blocks before the first live one: more than are not final, so that both ways of collecting work.
const HISTORY_BLOCKS: u64 = 240;
/// Between two live blocks.
const BLOCK_EVERY: Duration = Duration::from_millis(120);
/// How often the one mode strikes.
const OFTEN: Rate = Rate::per_thousand(100);
/// How often, where each strike costs seconds.
const AT_TIMES: Rate = Rate::per_thousand(30);
/// Longest life of a collector before it is killed.
const LONGEST_LIFE: Duration = Duration::from_secs(4);
/// The deepest reorganisation: everything that is not final.
const DEEPEST: u64 = 63;

/// What the collector has to live with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hardship {
    /// An honest endpoint of a chain that reorganises.
    Reorgs,
    /// Two endpoints that do all that endpoints have ever done.
    Everything,
    /// An endpoint that does one of them, often; beside an honest one where that cannot be
    /// endured alone.
    One(Mode),
}

/// Where it happens.
pub(crate) struct Arena {
    chain: Arc<SimChain>,
    runtime: Runtime,
    servers: Vec<ServerHandle>,
    honest: ServerHandle,
    grower: Grower,
    folder: tempfile::TempDir,
    random: ChaCha8Rng,
    method: Method,
    also: Vec<String>,
    born: Instant,
    kills: u32,
    peak_kib: u64,
    log: String,
}

/// How it went.
pub(crate) struct Run {
    pub(crate) chain: Arc<SimChain>,
    pub(crate) store: PathBuf,
    pub(crate) undisturbed: PathBuf,
    pub(crate) honest_url: String,
    pub(crate) method: Method,
    pub(crate) log: String,
    pub(crate) reorgs: u64,
    pub(crate) kills: u32,
    pub(crate) mischief: BTreeMap<&'static str, u64>,
    lasted: Duration,
    peak_kib: u64,
    _arena: (Runtime, tempfile::TempDir),
}

impl Arena {
    pub(crate) fn open(seed: u64, hardship: Hardship, method: Method) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = SimConfig {
            seed,
            history_blocks: Some(HISTORY_BLOCKS),
            pool_count: 12,
            swaps_per_block: 5,
            ..SimConfig::default()
        };
        let chain = SimChain::generate_or_open(&config, &folder.path().join("chain"), &mut |_| {});
        let chain = Arc::new(chain.expect("a chain"));
        let runtime = Runtime::new().unwrap();
        let open = |hostility: Option<Hostility>| {
            let options = ServeOptions {
                hostility,
                limits: Limits {
                    // Many small pages: many occasions.
                    max_range_blocks: Some(8),
                    ..Limits::default()
                },
                ..ServeOptions::default()
            };
            let listen = "127.0.0.1:0".parse().unwrap();
            // They end with the runtime.
            let until = std::future::pending();
            runtime
                .block_on(serve(listen, chain.clone(), options, until))
                .expect("a listener")
        };
        let honest = open(None);
        let servers = match hardship {
            Hardship::Reorgs => vec![open(None)],
            Hardship::Everything => {
                // The chain is reorganised by the grower, for both alike.
                let all = hostile(Hostility::all().with(Mode::Reorg, Rate::NEVER), seed);
                let wrong = all.with(Mode::WrongChain, Rate::per_thousand(2));
                let other = hostile(wrong, seed ^ 1);
                vec![open(Some(all)), open(Some(other))]
            }
            Hardship::One(mode) => {
                let rate = match mode {
                    Mode::RateLimit | Mode::SlowBody | Mode::Latency => AT_TIMES,
                    _ => OFTEN,
                };
                let one = hostile(Hostility::default().with(mode, rate), seed);
                let mut servers = vec![open(Some(one))];
                if mode == Mode::WrongChain {
                    servers.push(open(None));
                }
                servers
            }
        };
        let grower = Grower::start(&chain, seed);
        Self {
            chain,
            runtime,
            servers,
            honest,
            grower,
            folder,
            random: ChaCha8Rng::seed_from_u64(seed),
            method,
            also: Vec::new(),
            born: Instant::now(),
            kills: 0,
            peak_kib: 0,
            log: String::new(),
        }
    }

    /// Starts collectors with a further setting from now on.
    pub(crate) fn set(&mut self, setting: String) {
        self.also.push(format!("--set={setting}"));
    }

    /// A collector on its store, to be dropped by whoever started it.
    pub(crate) fn live(&mut self) -> Daemon {
        self.collector()
    }

    /// One died.
    pub(crate) fn died(&mut self) {
        self.kills += 1;
    }

    pub(crate) fn kills(&self) -> u32 {
        self.kills
    }

    pub(crate) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// Starts the collector on its store, and kills it at some moment.
    pub(crate) fn live_and_die(&mut self) {
        let life = LONGEST_LIFE.mul_f64(self.random.random_range(0.02..1.0));
        let begun = Instant::now();
        let daemon = self.collector();
        thread::sleep(life.saturating_sub(begun.elapsed()));
        self.weigh(&daemon);
        daemon.kill();
        self.kills += 1;
    }

    /// Starts the collector so that it ends itself at a crash point; `false` if it did not get
    /// there in time.
    #[cfg(feature = "failpoints")]
    pub(crate) fn crash_at(&mut self, point: &str, passes: u32) -> bool {
        let failpoints = format!("{point}={passes}*off->return");
        let crashed = Daemon::crash(
            &self.store(),
            &self.servers[0].url(),
            &settings(self.method),
            &failpoints,
            LONGEST_LIFE,
        );
        self.kills += 1;
        crashed
    }

    /// Starts the collector on its store, and lets it be while the chain grows by so many blocks.
    pub(crate) fn live_through(&mut self, blocks: u64) {
        let daemon = self.collector();
        let from = self.chain.head().expect("a head").number.0;
        while self.chain.head().expect("a head").number.0 < from + blocks {
            thread::sleep(BLOCK_EVERY);
        }
        self.weigh(&daemon);
        self.log.push_str(&daemon.stop());
    }

    /// Lets the chain stand still and the collector reach its head; says how it went.
    pub(crate) fn settle(self) -> Run {
        self.settle_with(|_| {})
    }

    /// The same; looks at the collector once it is there.
    pub(crate) fn settle_with(mut self, look: impl FnOnce(&Daemon)) -> Run {
        let reorgs = self.grower.stop();
        let head = self.chain.head().expect("a head");
        let daemon = self.collector();
        daemon.wait_for_tip(&format!("{:#x}", head.hash));
        look(&daemon);
        self.weigh(&daemon);
        self.log.push_str(&daemon.stop());
        let mut mischief = BTreeMap::new();
        for server in &self.servers {
            for (mode, struck) in server.mischief().iter() {
                *mischief.entry(mode.info().name).or_default() += struck;
            }
        }
        let undisturbed = self.folder.path().join("undisturbed");
        let daemon = Daemon::start(&undisturbed, &self.honest.url(), &settings(self.method));
        daemon.wait_for_tip(&format!("{:#x}", head.hash));
        daemon.stop();
        Run {
            store: self.store(),
            method: self.method,
            log: self.log,
            undisturbed,
            honest_url: self.honest.url(),
            reorgs,
            kills: self.kills,
            mischief,
            lasted: self.born.elapsed(),
            peak_kib: self.peak_kib,
            chain: self.chain,
            _arena: (self.runtime, self.folder),
        }
    }

    fn collector(&self) -> Daemon {
        let urls: Vec<String> = self.servers.iter().map(ServerHandle::url).collect();
        let mut settings: Vec<&str> = settings(self.method).to_vec();
        settings.extend(self.also.iter().map(String::as_str));
        Daemon::start(&self.store(), &urls.join(","), &settings)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Keeps the peak of its resident memory, as the kernel counts it.
    fn weigh(&mut self, daemon: &Daemon) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id()));
        let peak = status.unwrap_or_default().lines().find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        self.peak_kib = self.peak_kib.max(peak.unwrap_or(0));
    }
}

/// The same mischief, to the measure of this chain.
fn hostile(mut hostility: Hostility, seed: u64) -> Hostility {
    hostility.seed = seed;
    hostility.latency = Duration::from_millis(400);
    hostility.truncate_at_logs = 20;
    hostility
}

/// Grows the chain, and reorganises it now and then: mostly a block or two, at times everything
/// that is not final, at times back to the branch that was left.
struct Grower {
    is_still: Arc<AtomicBool>,
    /// Ends with the number of reorganisations.
    thread: Option<thread::JoinHandle<u64>>,
}

impl Grower {
    fn start(chain: &Arc<SimChain>, seed: u64) -> Self {
        let is_still = Arc::new(AtomicBool::new(false));
        let (chain, until) = (chain.clone(), is_still.clone());
        let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add(1));
        let thread = thread::spawn(move || {
            let mut reorgs = 0;
            while !until.load(Relaxed) {
                let changed = match random.random_range(0..100) {
                    0..6 => chain.reorg(random.random_range(1..=3)).map(|_| true),
                    6..8 => chain.reorg(random.random_range(4..=DEEPEST)).map(|_| true),
                    8 => Ok(chain.reorg_back().is_ok()),
                    _ => chain.grow().map(|_| false),
                };
                reorgs += u64::from(changed.expect("a chain that goes on"));
                thread::sleep(BLOCK_EVERY);
            }
            reorgs
        });
        Self {
            is_still,
            thread: Some(thread),
        }
    }

    fn stop(&mut self) -> u64 {
        self.is_still.store(true, Relaxed);
        let ended = self.thread.take().map(thread::JoinHandle::join);
        ended.map_or(0, |reorgs| reorgs.expect("the grower"))
    }
}

impl Drop for Grower {
    fn drop(&mut self) {
        self.is_still.store(true, Relaxed);
    }
}

fn settings(method: Method) -> [&'static str; 7] {
    [
        match method {
            Method::Receipts => "--set=chain.method=receipts",
            Method::Logs => "--set=chain.method=logs",
        },
        "--set=chain.id=1337",
        "--set=chain.start=0",
        "--set=chain.poll_interval_ms=100",
        "--set=chain.silence_s=1",
        "--set=chain.request_timeout_s=2",
        "--set=log.level=warn,tidegauge=info",
    ]
}

impl Run {
    /// Compares the store with the chain; see [`judge`].
    pub(crate) fn compare(&self) {
        judge::compare(self);
    }

    /// Proves whatever is final by receipts, from the honest endpoint.
    pub(crate) fn verify(&self) -> String {
        let arguments = ["verify", "--level", "receipts"];
        Program::on(&self.store, &self.honest_url, &arguments).succeed()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} s: {} kills, {} reorganisations, head {}, {} strikes of mischief, peak memory {} MiB",
            self.lasted.as_secs_f64(),
            self.kills,
            self.reorgs,
            self.chain.head().map_or(0, |head| head.number.0),
            self.mischief.values().sum::<u64>(),
            self.peak_kib >> 10,
        )
    }
}
