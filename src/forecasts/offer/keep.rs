//! Taking what is offered, one after the other.

use super::accept::{Accepted, Problem, accept};
use super::read::{Shape, read};
use super::rows::offered;
use super::{MOST_BYTES, Refused};
use crate::collect::Committer;
use crate::error::Error;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::{Keep, ModelName, Reader, View};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Offers that wait at once: each may be as long as a file.
const QUEUE: usize = 1;

/// Forecasts as they came.
#[derive(Debug, Clone)]
pub(crate) struct OfferedRows {
    /// Whose they are; `None`: they say it themselves.
    pub(crate) model: Option<ModelName>,
    pub(crate) shape: Shape,
    pub(crate) bytes: bytes::Bytes,
}

/// What became of them; the outer error is the store's.
pub(crate) type Outcome = Result<Result<Accepted, Refused>, Error>;

/// Hands forecasts to the one who keeps them.
#[derive(Debug, Clone)]
pub(crate) struct Offers(mpsc::Sender<(OfferedRows, oneshot::Sender<Outcome>)>);

/// Forecasts on their way to be kept.
pub(crate) type Offering = mpsc::Receiver<(OfferedRows, oneshot::Sender<Outcome>)>;

impl Offers {
    /// A way, and what comes along it.
    pub(crate) fn open() -> (Self, Offering) {
        let (way, offering) = mpsc::channel(QUEUE);
        (Self(way), offering)
    }

    /// Offers; `None` where the collector is stopping.
    pub(crate) async fn offer(&self, rows: OfferedRows) -> Option<Outcome> {
        let (answer, outcome) = oneshot::channel();
        self.0.send((rows, answer)).await.ok()?;
        outcome.await.ok()
    }
}

/// Keeps what is offered to a collector, one after the other, until told to stop.
pub(crate) async fn keep_offers(
    mut offering: Offering,
    reader: &Reader,
    committer: &Committer,
    now: fn() -> UnixSeconds,
    stop: &CancellationToken,
) {
    loop {
        let offered = tokio::select! {
            offered = offering.recv() => offered,
            () = stop.cancelled() => return,
        };
        let Some((rows, answer)) = offered else {
            return;
        };
        let outcome = keep_one(rows, reader, committer, now()).await;
        // Whoever asked may have left.
        let _ = answer.send(outcome);
    }
}

async fn keep_one(
    rows: OfferedRows,
    reader: &Reader,
    committer: &Committer,
    now: UnixSeconds,
) -> Outcome {
    let reader = reader.clone();
    let checking = tokio::task::spawn_blocking(move || check(&reader.view()?, &rows, now));
    let checked = checking
        .await
        .map_err(|e| Error::Failed(format!("a thread that reads forecasts ended: {e}")))?;
    let (records, accepted) = match checked? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    if !records.is_empty() && !committer.keep(records).await? {
        return Err(Error::Failed("the commit thread has stopped".to_owned()));
    }
    Ok(Ok(accepted))
}

/// The same in a store that nobody else holds.
pub(crate) fn keep_here(
    view: &View<'_>,
    rows: &OfferedRows,
    now: UnixSeconds,
    keep: impl FnOnce(Vec<Keep>) -> Result<(), Error>,
) -> Outcome {
    match check(view, rows, now)? {
        Ok((records, accepted)) => {
            if !records.is_empty() {
                keep(records)?;
            }
            Ok(Ok(accepted))
        }
        Err(refused) => Ok(Err(refused)),
    }
}

type Checked = Result<(Vec<Keep>, Accepted), Refused>;

fn check(view: &View<'_>, rows: &OfferedRows, now: UnixSeconds) -> Result<Checked, Error> {
    if rows.bytes.len() > MOST_BYTES {
        return Ok(Err(Refused::all(format!(
            "it has more than {} MiB",
            MOST_BYTES >> 20
        ))));
    }
    let texts = read(rows.shape, &rows.bytes);
    let offered = match texts.and_then(|texts| offered(&texts, rows.model.as_ref())) {
        Ok(offered) => offered,
        Err(refused) => return Ok(Err(refused)),
    };
    match accept(view, &offered, now) {
        Ok(found) => Ok(Ok(found)),
        Err(Problem::Refused(refused)) => Ok(Err(refused)),
        Err(Problem::Store(error)) => Err(error),
    }
}
