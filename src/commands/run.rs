//! `run`: the daemon.

use crate::alerts;
use crate::api::{Context, Server};
use crate::clock::now;
use crate::collect::{self, Committer, Live, Patience, Span, Stage};
use crate::config::Config;
use crate::control;
use crate::daily::{self, Desk};
use crate::error::Error;
use crate::forecasts::{Offers, keep_offers};
use crate::inbox::{self, Inbox};
use crate::metrics;
use crate::mirror;
use crate::rotation;
use crate::service::Manager;
use crate::sources::Sources;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tidegauge_chain::{Chain, Heads, Pace};
use tidegauge_model::{BlockRange, BlockRef, ChainId};
use tidegauge_storage::{Reader, Store, StoreError};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// After an order to stop, whatever has not ended by then is cut off.
const LONGEST_WIND_DOWN: Duration = Duration::from_secs(8);

/// Backfills what is missing, follows the tip and serves, until told to stop.
///
/// A store that is there already is served and mirrored before any endpoint answers; `offline`
/// never asks one. With `rebuild`, numbers of another feature set are computed anew while it
/// collects.
pub(super) async fn run(config: Config, rebuild: bool, offline: bool) -> Result<(), Error> {
    if !offline {
        super::require_endpoint(&config)?;
    }
    let database = mirror::database(&config)?;
    let bucket = mirror::Bucket::of(&config).await?;
    let manager = Manager::of_process()?;
    let sinks = alerts::sinks(&config.alerts)?;
    let cloudwatch = config.cloudwatch.place().map_err(Error::Usage)?;
    let (inbox, deliveries) = Inbox::of(&config.api.webhook)?;
    let stop = collect::stop_signal()?;
    let server = Server::bind(config.api.listen).await?;
    let live = Arc::new(Live::default());
    let endpoints = Arc::new(OnceLock::new());
    let Some(store) = store(&config, rebuild, offline, &endpoints, &live, &stop).await? else {
        return Ok(());
    };
    let reader = store.reader();
    // Before the page is announced: whoever reads of it may order at once.
    let listener = control::Listener::bind(&config.storage.path);
    let told = (reader.clone(), live.clone(), endpoints.clone());
    let sources = Sources::new(&config, told.0, told.1, told.2, offline);
    let (offers, offering) = Offers::open();
    let context = Context::new(sources.clone(), inbox, offers.clone(), &config.api);
    let address = server.address();
    tracing::info!("status page at http://{address}/");
    let serving = server.serve(Arc::new(context), config.api.clone(), stop.child_token());
    let serving = tokio::spawn(serving);
    let committer = Committer::start(store, live.clone())?;
    manager.is_ready(&format!("serving at http://{address}/"));
    let (auditor, audits) = mirror::Auditor::open();
    let (lake, lake_audits) = mirror::LakeAuditor::open();
    let (snapshots, takes) = mirror::Snapshotter::open();
    let mirrors = mirror::names(database.as_ref(), bucket.as_ref());
    let one_day_at_a_time = Mutex::default();
    let workplace = control::Workplace {
        chain: &endpoints,
        committer: &committer,
        reader: &reader,
        live: &live,
        postgres: database.as_ref().map(|_| &auditor),
        lake: bucket.as_ref().filter(|to| to.has_lake()).map(|_| &lake),
        snapshots: bucket
            .as_ref()
            .filter(|to| to.has_snapshots())
            .map(|_| &snapshots),
        s3: &config.sync.s3,
        least_free_bytes: config.storage.min_free_mib << 20,
        predictions: &config.predictions,
        offers: &offers,
        daily_at: config.schedule.daily_at,
        mirrors: &mirrors,
        one_day_at_a_time: &one_day_at_a_time,
    };
    let done = stop.child_token();
    let collecting = async {
        let collected = if offline {
            live.wait_for("offline, as it was started: nothing is collected");
            stop.cancelled().await;
            Ok(())
        } else {
            let work = Work {
                config: &config,
                committer: &committer,
                reader: &reader,
                live: &live,
                stop: &stop,
            };
            work.collect(&endpoints, &done).await
        };
        done.cancel();
        collected
    };
    let orders = control::serve(listener, &config.storage.path, workplace, &done);
    let mirrored = database.map(|database| (database, mirror::writer(&config.storage.path)));
    let mirroring = mirror::keep(mirrored, audits, &committer, &reader, &live, &done);
    let asked = mirror::Orders {
        audits: lake_audits,
        snapshots: takes,
    };
    let keeping = mirror::keep_bucket(bucket, asked, &committer, &reader, &live, &done);
    let desk = Desk {
        reader: &reader,
        committer: &committer,
        mirrors: &mirrors,
        predictions: &config.predictions,
        now,
    };
    let daily_at = config.schedule.daily_at;
    let heard = inbox::keep(deliveries, &committer, &reader, now, &done);
    let watching = alerts::watch(sources.clone(), sinks, &committer, &done);
    let measuring = metrics::keep(cloudwatch, config.cloudwatch.every.get(), sources, &done);
    let starts_again = AtomicBool::new(false);
    let rotating = async {
        let every = config.secrets.refresh_every.get();
        if rotation::replaced(every, &live, &done).await {
            starts_again.store(true, Ordering::SeqCst);
            stop.cancel();
        }
    };
    let feeding = manager.feed(&committer, &done);
    let telling = async {
        let offered = keep_offers(offering, &reader, &committer, now, &done);
        tokio::join!(
            Box::pin(watching),
            heard,
            offered,
            measuring,
            rotating,
            feeding
        );
    };
    let daily = daily::keep(desk, daily_at, &one_day_at_a_time, &done);
    let served = async {
        let ended = serving.await;
        if stop.is_cancelled() {
            // The others wind down meanwhile: a mirror lets go of its lease.
            tokio::time::sleep(LONGEST_WIND_DOWN).await;
        }
        ended
    };
    let collected = tokio::select! {
        (collected, (), (), (), (), ()) = async { tokio::join!(collecting, orders, mirroring, keeping, daily, telling) } => collected,
        ended = served => match ended {
            Ok(()) if stop.is_cancelled() => Ok(()),
            Ok(()) => Err(Error::Failed("the HTTP server ended by itself".to_owned())),
            Err(error) => Err(Error::Failed(format!("the HTTP server failed: {error}"))),
        },
    };
    let starts_again = starts_again.into_inner() && collected.is_ok();
    if !starts_again {
        manager.is_stopping();
    }
    let finished = finish(committer, &live);
    collected?;
    finished?;
    match starts_again {
        true => Err(rotation::start_again()),
        false => Ok(()),
    }
}

/// The store that is there, or a new one of the chain that an endpoint serves; `None` if told to
/// stop before.
async fn store(
    config: &Config,
    rebuild: bool,
    offline: bool,
    endpoints: &OnceLock<Chain>,
    live: &Live,
    stop: &CancellationToken,
) -> Result<Option<Store>, Error> {
    match super::open_beside(config) {
        Ok(beside) => {
            let view = beside.view()?;
            let (held, set) = (view.chain_id()?, view.feature_set()?);
            drop(view);
            drop(beside);
            let chain = config.chain.id.map_or(held, ChainId);
            if offline {
                return collect::open_as_it_is(config, chain, set).map(Some);
            }
            return collect::open_store(config, chain, rebuild).map(Some);
        }
        Err(error) if offline => return Err(error),
        // There is none yet, or one that has to be brought here first: opening it will say.
        Err(_) => {}
    }
    let Some(chain) = connect(config, live, stop).await? else {
        return Ok(None);
    };
    let store = collect::open_store(config, chain.id(), rebuild)?;
    let _ = endpoints.set(chain);
    Ok(Some(store))
}

/// What collecting needs.
struct Work<'a> {
    config: &'a Config,
    committer: &'a Committer,
    reader: &'a Reader,
    live: &'a Live,
    stop: &'a CancellationToken,
}

impl Work<'_> {
    /// Connects where that is not done yet, collects, and mends what was disputed.
    async fn collect(
        &self,
        endpoints: &OnceLock<Chain>,
        done: &CancellationToken,
    ) -> Result<(), Error> {
        let chain = match endpoints.get() {
            Some(chain) => chain.clone(),
            None => match connect(self.config, self.live, self.stop).await? {
                Some(chain) => chain,
                None => return Ok(()),
            },
        };
        let held = self.reader.view()?.chain_id()?;
        if chain.id() != held {
            return Err(Error::Store(StoreError::WrongChain {
                path: self.config.storage.path.clone(),
                found: held,
                wanted: chain.id(),
            }));
        }
        let chain = endpoints.get_or_init(|| chain);
        let mending = collect::mend_for_ever(chain, self.committer, self.reader, self.live, done);
        let collecting = async {
            let collected = collect_for_ever(
                self.config,
                chain,
                self.committer,
                self.reader,
                self.live,
                self.stop,
            )
            .await;
            done.cancel();
            collected
        };
        let (collected, ()) = tokio::join!(collecting, mending);
        collected
    }
}

/// Connects as soon as an endpoint answers; `None` if told to stop before.
async fn connect(
    config: &Config,
    live: &Live,
    stop: &CancellationToken,
) -> Result<Option<Chain>, Error> {
    let mut patience = Patience::endless();
    while !stop.is_cancelled() {
        match collect::connect(config, &[]).await {
            Ok(chain) => return Ok(Some(chain)),
            Err(error) => patience.wait(error, false, live, stop).await?,
        }
    }
    Ok(None)
}

/// First what is final, in large batches, then block by block; errors that may pass are waited out.
async fn collect_for_ever(
    config: &Config,
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let mut patience = Patience::endless();
    let mut heads = chain.heads(Pace {
        poll: Duration::from_millis(config.chain.poll_interval_ms),
        silence: Duration::from_secs(config.chain.silence_s),
    });
    loop {
        let before = committer.tip();
        let outcome = collect_once(config, chain, committer, reader, &mut heads, live, stop).await;
        if stop.is_cancelled() || committer.has_stopped() {
            return Ok(());
        }
        if let Err(error) = outcome {
            patience
                .wait(error, committer.tip() != before, live, stop)
                .await?;
        }
    }
}

async fn collect_once(
    config: &Config,
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    heads: &mut Heads,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let head = chain.head().await?;
    live.saw_head(head.number);
    collect::rejoin(chain, committer, reader, live).await?;
    let from = match committer.tip() {
        Some(tip) => tip.number.next(),
        None => collect::start_block(chain, &config.chain.start).await?,
    };
    let finalized = chain.finalized().await?.unwrap_or(head.number);
    // An empty store has no tip to follow: its first block comes this way even if it is not final yet.
    let to = if committer.tip().is_none() {
        finalized.max(from)
    } else {
        finalized
    };
    if let Some(range) = BlockRange::new(from, to) {
        let method = collect::method(config);
        live.enter(Stage::Backfilling);
        tracing::info!(
            "collecting blocks {range} of chain {} by {method}",
            chain.id()
        );
        let span = Span {
            range,
            after: committer.tip(),
        };
        let outcome = collect::backfill(chain, committer, reader, span, method, live, stop).await;
        committer.shown();
        outcome?;
    }
    if stop.is_cancelled() || committer.tip().is_none() {
        return Ok(());
    }
    tracing::info!("following the tip of chain {}", chain.id());
    collect::follow(chain, committer, reader, heads, live, stop).await
}

fn finish(committer: Committer, live: &Live) -> Result<(), Error> {
    live.enter(Stage::Stopping);
    let store = committer.finish()?;
    let tip: Option<BlockRef> = store.reader().view()?.tip()?.map(|tip| tip.block);
    match tip {
        Some(tip) => tracing::info!("stopped at block {} {}", tip.number, tip.hash),
        None => tracing::info!("stopped before the first block"),
    }
    store.close()?;
    Ok(())
}
