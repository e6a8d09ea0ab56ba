//! `simulate`: a chain to try everything with.

use crate::cli::Simulate;
use crate::collect::stop_signal;
use crate::error::Error;
use crate::progress::{Progress, group};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegauge_model::{BlockNumber, Day, UnixSeconds};
use tidegauge_simchain::{Limits, Replay, ReplayFiles, ServeOptions, SimChain, SimConfig, serve};

/// Generates or opens the chain, serves it until told to stop.
pub(super) async fn simulate(flags: Simulate) -> Result<(), Error> {
    let live = !flags.frozen && flags.replay.is_none();
    let (listen, limits) = (
        flags.listen,
        Limits {
            max_logs: flags.max_logs,
            max_range_blocks: flags.max_range,
            first_kept: flags.pruned_below.map(BlockNumber),
        },
    );
    let (hostility, honest_listen) = (flags.mischief.hostility(), flags.mischief.honest_listen);
    let live_interval = live.then(|| Duration::from_secs(flags.block_time.max(1)));
    let chain = tokio::task::spawn_blocking(move || prepare(&flags))
        .await
        .map_err(|e| Error::Failed(format!("preparing the chain ended unexpectedly: {e}")))??;
    let chain = Arc::new(chain);
    let stop = stop_signal()?;
    let options = ServeOptions {
        live_interval,
        limits,
        hostility,
    };
    let server = serve(
        listen,
        chain.clone(),
        options,
        stop.clone().cancelled_owned(),
    )
    .await?;
    let honest = match honest_listen {
        None => None,
        Some(listen) => {
            // One listener grows the chain.
            let options = ServeOptions {
                limits,
                ..ServeOptions::default()
            };
            Some(serve(listen, chain.clone(), options, stop.cancelled_owned()).await?)
        }
    };
    println!(
        "simulated chain {} at {}: blocks {}, {} swaps{}",
        chain.chain_id(),
        server.url(),
        chain.range(),
        group(chain.swap_count()),
        if live {
            ", a new block every interval; Ctrl-C stops"
        } else {
            "; Ctrl-C stops"
        }
    );
    if let Some(hostility) = hostility {
        println!("mischief: {hostility}");
    }
    if let Some(honest) = &honest {
        println!("the same chain, honestly, at {}", honest.url());
    }
    let struck = server.stopped().await;
    if let Some(honest) = honest {
        honest.stopped().await;
    }
    if hostility.is_some() {
        println!("mischief done: {struck}");
    }
    Ok(())
}

/// The chain asked for, from the cache where it is there.
fn prepare(flags: &Simulate) -> Result<SimChain, Error> {
    let cache_dir = flags.cache_dir.clone().unwrap_or_else(default_cache);
    let mut bar: Option<Progress> = None;
    let mut seen = (0, 0);
    let mut progress = |now: tidegauge_simchain::Progress| {
        let bar = bar.get_or_insert_with(|| {
            Progress::begin("generate", "blocks", "swaps", now.blocks_total)
        });
        bar.advance(
            now.blocks_done.saturating_sub(seen.0),
            now.swaps_done.saturating_sub(seen.1),
        );
        seen = (now.blocks_done, now.swaps_done);
    };
    let chain = match (&flags.replay, &flags.pools) {
        (Some(logs), Some(pools)) => Replay::load(
            &ReplayFiles {
                logs: logs.clone(),
                pools: pools.clone(),
                cache_dir,
            },
            &mut progress,
        )?,
        _ => {
            let (end_at, until) = end(flags)?;
            let config = SimConfig {
                seed: flags.seed,
                block_time_s: flags.block_time,
                pool_count: flags.pool_count,
                swaps_per_block: flags.swaps_per_block,
                history_days: flags.history_days,
                end_at,
                ..SimConfig::default()
            };
            let chain = SimChain::generate_or_open(&config, &cache_dir, &mut progress)?;
            if let Some(until) = until {
                chain.grow_until(until)?;
            }
            chain
        }
    };
    if let Some(bar) = bar {
        bar.finish();
    }
    Ok(chain)
}

/// Where the history ends, and up to which moment the chain grows before it is served.
fn end(flags: &Simulate) -> Result<(Option<UnixSeconds>, Option<UnixSeconds>), Error> {
    match flags.end.as_deref() {
        None => Ok((None, None)),
        Some("now") => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| d.as_secs());
            // Midnight keys the cache, so that every start on one day continues one chain.
            Ok((
                Some(Day::of(UnixSeconds(now)).start()),
                Some(UnixSeconds(now)),
            ))
        }
        Some(day) => {
            let day: Day = day
                .parse()
                .map_err(|e| Error::Usage(format!("--end: {e}, or `now`")))?;
            Ok((Some(day.start()), None))
        }
    }
}

/// `$XDG_CACHE_HOME/tidegauge/simchain`, or under the home folder.
fn default_cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    base.join("tidegauge").join("simchain")
}
