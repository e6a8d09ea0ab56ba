//! The daemon's side: one order after the other.

use super::{Answer, Audited, MAX_LINE_BYTES, Order, socket_path};
use crate::clock::now;
use crate::collect::{self, Committer, Live, Verification, VerifyOrder};
use crate::config::{DailyAt, Predictions, S3};
use crate::daily::{Desk, JobReport, run_by_hand};
use crate::error::Error;
use crate::forecasts::{self, MOST_BYTES, OfferedRows, Offers, Shape};
use crate::mirror::{Auditor, LakeAuditor, Snapshotter};
use crate::snapshots::{self, SnapshotOrder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;
use tidegauge_chain::Chain;
use tidegauge_features::FeatureSet;
use tidegauge_model::{Day, UserKey};
use tidegauge_storage::Reader;
use tidegauge_sync::{AuditDepth, Repair};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec};
use tokio_util::sync::CancellationToken;

/// How long a client may take to say what it wants.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an order waits for a collector that still connects.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a file behind an order may take.
const ATTACHED_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
const CONNECT_POLL: Duration = Duration::from_millis(50);
/// News waiting to be written; what a slow reader misses is only progress.
const QUEUED_NEWS: usize = 16;

/// What orders work on.
pub(crate) struct Workplace<'a> {
    /// The endpoints, once one of them answered.
    pub(crate) chain: &'a OnceLock<Chain>,
    /// The only writer.
    pub(crate) committer: &'a Committer,
    /// The store.
    pub(crate) reader: &'a Reader,
    /// What the collector is doing.
    pub(crate) live: &'a Live,
    /// Who compares Postgres with the store; `None` where nothing is mirrored there.
    pub(crate) postgres: Option<&'a Auditor>,
    /// Who compares the lake with the store; `None` without one.
    pub(crate) lake: Option<&'a LakeAuditor>,
    /// Who takes snapshots into the configured bucket; `None` without one.
    pub(crate) snapshots: Option<&'a Snapshotter>,
    /// How buckets are reached that an order names.
    pub(crate) s3: &'a S3,
    /// Bytes that stay free on the store's disk.
    pub(crate) least_free_bytes: u64,
    /// How is forecast.
    pub(crate) predictions: &'a Predictions,
    /// Where forecasts of other models go.
    pub(crate) offers: &'a Offers,
    /// When the job of a day is due.
    pub(crate) daily_at: DailyAt,
    /// The mirrors that are configured.
    pub(crate) mirrors: &'a [&'static str],
    /// Held by who works on a day.
    pub(crate) one_day_at_a_time: &'a Mutex<()>,
}

/// Where orders come in.
pub(crate) struct Listener(Option<UnixListener>);

impl Listener {
    /// Takes connections from now on; [`serve`] answers them.
    ///
    /// Without a socket (a path that is too long, a disk that takes none) collection goes on:
    /// commands that write then have to wait until the daemon is stopped.
    pub(crate) fn bind(store: &Path) -> Self {
        Self(
            listen(store)
                .inspect_err(|error| {
                    tracing::warn!(
                        "{error}: commands that write must wait until this process is stopped"
                    );
                })
                .ok(),
        )
    }
}

/// Takes orders until told to stop.
pub(crate) async fn serve(
    listener: Listener,
    store: &Path,
    workplace: Workplace<'_>,
    stop: &CancellationToken,
) {
    let Some(listener) = listener.0 else {
        stop.cancelled().await;
        return;
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => tokio::select! {
                () = answer(stream, &workplace, stop) => {},
                () = stop.cancelled() => break,
            },
            Err(error) => {
                tracing::warn!("cannot take an order: {error}");
                tokio::time::sleep(ORDER_TIMEOUT).await;
            }
        }
    }
    // A socket left behind does no harm, but confuses.
    let _ = std::fs::remove_file(socket_path(store));
}

fn listen(store: &Path) -> Result<UnixListener, Error> {
    let path = socket_path(store);
    // The store is locked by us: whoever made this socket is gone.
    let _ = std::fs::remove_file(&path);
    let attempt = || format!("listen for orders at {}", path.display());
    let listener = UnixListener::bind(&path).map_err(Error::io(attempt()))?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(Error::io(attempt()))?;
    Ok(listener)
}

/// Carries out one order; a client that leaves takes its order with it.
async fn answer(stream: UnixStream, workplace: &Workplace<'_>, stop: &CancellationToken) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_LINE_BYTES));
    let order = match timeout(ORDER_TIMEOUT, lines.next()).await {
        Ok(Some(Ok(line))) => serde_json::from_str::<Order>(&line),
        _ => return,
    };
    let attached = match &order {
        Ok(Order::Import { pieces, .. }) => {
            match timeout(ATTACHED_TIMEOUT, attached(&mut lines, *pieces)).await {
                Ok(Some(bytes)) => bytes,
                _ => return,
            }
        }
        _ => Vec::new(),
    };
    let (mut writer, mut reader) = lines.split();
    let (tell, mut news) = mpsc::channel::<Answer>(QUEUED_NEWS);
    let work = async {
        let last = match order {
            Ok(Order::Verify(order)) => verify(order, workplace, stop, &tell).await,
            Ok(Order::Rebuild { user }) => rebuild(user, workplace, &tell).await,
            Ok(Order::Audit { repair, deep }) => audit(repair, deep, workplace).await,
            Ok(Order::Snapshot(order)) => snapshot(order, workplace, &tell).await,
            Ok(Order::Predict) => predict(workplace, &tell).await,
            Ok(Order::Daily { day }) => daily(day, workplace).await,
            Ok(Order::Import { model, shape, .. }) => {
                import(model, shape, attached, workplace).await
            }
            Err(error) => Answer::Failed {
                message: format!(
                    "the daemon does not understand this order ({error}): are both of one version?"
                ),
                is_usage: true,
            },
        };
        let _ = tell.send(last).await;
        drop(tell);
    };
    let write = async {
        while let Some(answer) = news.recv().await {
            let Ok(text) = serde_json::to_string(&answer) else {
                break;
            };
            if writer.send(text).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(work, write) } => {},
        // The client says nothing more: an end here is its leaving.
        _ = reader.next() => tracing::info!("whoever gave the order left: it is given up"),
    }
}

async fn audit(repair: bool, deep: bool, workplace: &Workplace<'_>) -> Answer {
    let repair = if repair { Repair::Yes } else { Repair::No };
    let depth = if deep {
        AuditDepth::Read
    } else {
        AuditDepth::Stored
    };
    let audited = async {
        if workplace.postgres.is_none() && workplace.lake.is_none() {
            return Err(Error::Usage(
                "this collector mirrors nothing: set sync.postgres.url or sync.s3.bucket"
                    .to_owned(),
            ));
        }
        let mut audited = Audited::default();
        if let Some(desk) = workplace.postgres {
            let nobody = "the mirror in Postgres has stopped: the collector's log says why";
            audited.postgres = Some(desk.ask(repair, nobody).await?);
        }
        if let Some(desk) = workplace.lake {
            let nobody = "the lake is not written now: the collector's log says why";
            audited.s3 = Some(desk.ask((depth, repair), nobody).await?);
        }
        Ok(audited)
    };
    match audited.await {
        Ok(audited) => Answer::Audited(audited),
        Err(error) => failed(&error),
    }
}

async fn snapshot(
    order: SnapshotOrder,
    workplace: &Workplace<'_>,
    tell: &mpsc::Sender<Answer>,
) -> Answer {
    let tell = tell.clone();
    // What a slow reader misses is only progress.
    let heard = Arc::new(move |now| drop(tell.try_send(Answer::Snapshotting(now))));
    let least_free_bytes = workplace.least_free_bytes;
    let taken = async {
        match (order.to.is_empty(), workplace.snapshots) {
            (true, Some(desk)) => {
                let nobody = "nothing goes to the bucket now: the collector's log says why";
                desk.ask((order.depth, heard), nobody).await
            }
            _ => {
                let Workplace { reader, s3, .. } = workplace;
                snapshots::take(reader, order, s3, least_free_bytes, heard).await
            }
        }
    };
    match taken.await {
        Ok(report) => Answer::Snapshotted(report),
        Err(error) => failed(&error),
    }
}

async fn daily(day: Day, workplace: &Workplace<'_>) -> Answer {
    let _alone = workplace.one_day_at_a_time.lock().await;
    let desk = Desk {
        reader: workplace.reader,
        committer: workplace.committer,
        mirrors: workplace.mirrors,
        predictions: workplace.predictions,
        now,
    };
    match run_by_hand(&desk, day, workplace.daily_at.of(day)).await {
        Ok(job) => Answer::Worked(JobReport::of(&job)),
        Err(error) => failed(&error),
    }
}

/// The lines behind an order; `None` for what is no file of ours.
async fn attached(lines: &mut Framed<UnixStream, LinesCodec>, pieces: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for _ in 0..pieces {
        let line = lines.next().await?.ok()?;
        bytes.extend(STANDARD.decode(line).ok()?);
        if bytes.len() > MOST_BYTES {
            return None;
        }
    }
    Some(bytes)
}

async fn import(
    model: Option<String>,
    shape: Shape,
    bytes: Vec<u8>,
    workplace: &Workplace<'_>,
) -> Answer {
    let offered = async {
        let model = model.map(|name| name.parse()).transpose();
        let rows = OfferedRows {
            model: model.map_err(Error::Usage)?,
            shape,
            bytes: bytes.into(),
        };
        let outcome = workplace.offers.offer(rows).await;
        let stopping = || Error::Failed("the daemon is stopping".to_owned());
        let accepted = outcome.ok_or_else(stopping)??;
        accepted.map_err(|refused| Error::Usage(refused.to_string()))
    };
    match offered.await {
        Ok(accepted) => Answer::Imported(accepted),
        Err(error) => failed(&error),
    }
}

async fn predict(workplace: &Workplace<'_>, tell: &mpsc::Sender<Answer>) -> Answer {
    let tell = tell.clone();
    // What a slow reader misses is only progress.
    let heard = move |done, total| drop(tell.try_send(Answer::Predicting { done, total }));
    let Workplace {
        reader, committer, ..
    } = workplace;
    let settings = workplace.predictions;
    match forecasts::make_beside(reader, committer, now(), settings, heard).await {
        Ok(made) => Answer::Predicted(made),
        Err(error) => failed(&error),
    }
}

async fn rebuild(user: UserKey, workplace: &Workplace<'_>, tell: &mpsc::Sender<Answer>) -> Answer {
    let gone = || Error::Failed("the commit thread has stopped".to_owned());
    let done = async {
        let view = workplace.reader.view()?;
        let chain = view.chain_id()?;
        drop(view);
        let set = FeatureSet::of(chain, user);
        let state = workplace.committer.rebuild(set).await?;
        let mut state = state.ok_or_else(gone)?;
        loop {
            let now = *state.borrow_and_update();
            if now.finished {
                return Ok::<_, Error>(now.total);
            }
            let (done, total) = (now.done, now.total);
            // What a slow reader misses is only progress.
            let _ = tell.try_send(Answer::Deriving { done, total });
            state.changed().await.map_err(|_| gone())?;
        }
    };
    match done.await {
        Ok(total) => Answer::Derived { total },
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Answer {
    Answer::Failed {
        message: error.to_string(),
        is_usage: matches!(error, Error::Usage(_)),
    }
}

/// The endpoints; an order may come while the collector still connects.
async fn connected(chain: &OnceLock<Chain>) -> Result<&Chain, Error> {
    let connect = async {
        loop {
            match chain.get() {
                Some(chain) => break chain,
                None => tokio::time::sleep(CONNECT_POLL).await,
            }
        }
    };
    timeout(CONNECT_TIMEOUT, connect)
        .await
        .map_err(|_| Error::Failed("no endpoint has answered the collector yet".to_owned()))
}

async fn verify(
    order: VerifyOrder,
    workplace: &Workplace<'_>,
    stop: &CancellationToken,
    tell: &mpsc::Sender<Answer>,
) -> Answer {
    let done = async {
        let wanted = Verification::of(&workplace.reader.view()?, order)?;
        let Workplace {
            chain,
            committer,
            reader,
            live,
            ..
        } = workplace;
        let chain = connected(chain).await?;
        let mut heard = |news| drop(tell.try_send(Answer::Heard(news)));
        let findings =
            collect::verify(chain, committer, reader, wanted, live, stop, &mut heard).await?;
        Ok::<_, Error>(Answer::Done {
            range: wanted.range,
            findings,
        })
    };
    done.await.unwrap_or_else(|error| failed(&error))
}
