//! The command's side.

use super::{Answer, Audited, MAX_LINE_BYTES, Order, PIECE_BYTES, socket_path};
use crate::certificate::Findings;
use crate::collect::{Heard, VerifyOrder};
use crate::daily::JobReport;
use crate::error::Error;
use crate::forecasts::{Accepted, Made, OfferedRows};
use crate::snapshots::SnapshotOrder;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use std::io::ErrorKind;
use std::path::Path;
use tidegauge_model::{BlockRange, Day, UserKey};
use tidegauge_sync::{AuditDepth, Repair, SnapshotProgress, SnapshotReport};
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LinesCodec};

/// Has the daemon verify; `None` if no daemon holds the store.
///
/// # Errors
/// What the daemon says of the order, or that it went away.
pub(crate) async fn verify(
    store: &Path,
    order: VerifyOrder,
    heard: &mut (dyn FnMut(Heard) + Send),
) -> Result<Option<(BlockRange, Findings)>, Error> {
    ask(store, Order::Verify(order), &mut |answer| match answer {
        Answer::Heard(news) => {
            heard(news);
            None
        }
        Answer::Done { range, findings } => Some((range, findings)),
        _ => None,
    })
    .await
}

/// Has the daemon compute everything derived anew; answers the number of blocks, or `None` if
/// no daemon holds the store.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn rebuild(
    store: &Path,
    user: UserKey,
    heard: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Option<u64>, Error> {
    ask(store, Order::Rebuild { user }, &mut |answer| match answer {
        Answer::Deriving { done, total } => {
            heard(done, total);
            None
        }
        Answer::Derived { total } => Some(total),
        _ => None,
    })
    .await
}

/// Has the daemon compare its mirrors with the store; `None` if no daemon holds the store.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn audit(
    store: &Path,
    repair: Repair,
    depth: AuditDepth,
) -> Result<Option<Audited>, Error> {
    let order = Order::Audit {
        repair: repair == Repair::Yes,
        deep: depth == AuditDepth::Read,
    };
    ask(store, order, &mut |answer| match answer {
        Answer::Audited(report) => Some(report),
        _ => None,
    })
    .await
}

/// Has the daemon take a snapshot; `None` if no daemon holds the store.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn snapshot(
    store: &Path,
    order: SnapshotOrder,
    heard: &mut (dyn FnMut(SnapshotProgress) + Send),
) -> Result<Option<SnapshotReport>, Error> {
    ask(store, Order::Snapshot(order), &mut |answer| match answer {
        Answer::Snapshotting(progress) => {
            heard(progress);
            None
        }
        Answer::Snapshotted(report) => Some(report),
        _ => None,
    })
    .await
}

/// Has the daemon forecast; `None` if no daemon holds the store.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn predict(
    store: &Path,
    heard: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Option<Made>, Error> {
    ask(store, Order::Predict, &mut |answer| match answer {
        Answer::Predicting { done, total } => {
            heard(done, total);
            None
        }
        Answer::Predicted(made) => Some(made),
        _ => None,
    })
    .await
}

/// Has the daemon work on a day's job; `None` if no daemon holds the store.
///
/// # Errors
/// As [`verify`].
pub(crate) async fn daily(store: &Path, day: Day) -> Result<Option<JobReport>, Error> {
    ask(store, Order::Daily { day }, &mut |answer| match answer {
        Answer::Worked(job) => Some(job),
        _ => None,
    })
    .await
}

/// Has the daemon keep forecasts; `None` if no daemon holds the store.
///
/// # Errors
/// As [`verify`]; what is wrong with them is [`Error::Usage`].
pub(crate) async fn import(store: &Path, rows: &OfferedRows) -> Result<Option<Accepted>, Error> {
    let pieces = rows.bytes.chunks(PIECE_BYTES);
    let order = Order::Import {
        model: rows.model.as_ref().map(ToString::to_string),
        shape: rows.shape,
        pieces: pieces.len(),
    };
    let lines = pieces.map(|piece| STANDARD.encode(piece));
    ask_with(store, order, lines, &mut |answer| match answer {
        Answer::Imported(accepted) => Some(accepted),
        _ => None,
    })
    .await
}

async fn ask<T>(
    store: &Path,
    order: Order,
    take: &mut (dyn FnMut(Answer) -> Option<T> + Send),
) -> Result<Option<T>, Error> {
    ask_with(store, order, std::iter::empty(), take).await
}

/// Gives an order, with more lines behind it, and listens until `take` has what it came to.
async fn ask_with<T>(
    store: &Path,
    order: Order,
    attached: impl Iterator<Item = String>,
    take: &mut (dyn FnMut(Answer) -> Option<T> + Send),
) -> Result<Option<T>, Error> {
    let path = socket_path(store);
    let stream = match UnixStream::connect(&path).await {
        Ok(stream) => stream,
        // A socket that nobody listens at is left from a daemon that was killed.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => {
            return Err(Error::io(format!("reach the daemon at {}", path.display()))(error));
        }
    };
    tracing::info!("the daemon that holds the store does it");
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_LINE_BYTES));
    let went_away = |problem: String| {
        Error::Failed(format!(
            "the daemon ended or broke off ({problem}); what it did is kept, and the same command goes on from there"
        ))
    };
    let text = serde_json::to_string(&order)
        .map_err(|error| Error::Failed(format!("cannot write the order: {error}")))?;
    for text in std::iter::once(text).chain(attached) {
        let sent = lines.send(text).await;
        sent.map_err(|error| went_away(error.to_string()))?;
    }
    while let Some(line) = lines.next().await {
        let line = line.map_err(|error| went_away(error.to_string()))?;
        match serde_json::from_str(&line).map_err(|error| went_away(error.to_string()))? {
            Answer::Failed {
                message,
                is_usage: true,
            } => return Err(Error::Usage(message)),
            Answer::Failed { message, .. } => return Err(Error::Failed(message)),
            news => {
                if let Some(last) = take(news) {
                    return Ok(Some(last));
                }
            }
        }
    }
    Err(went_away("no last word".to_owned()))
}
