//! Looking at single objects: whether they are there, and hold what the manifest says.

use super::differ::digest_of_file;
use super::manifest::LakeObject;
use super::scratch::Scratch;
use super::store_view::on_a_thread;
use crate::error::SyncError;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegauge_objects::{ObjectError, ObjectKey, Objects};
use tokio::task::JoinSet;

/// Objects looked at at once.
const AT_ONCE: usize = 8;

/// How thoroughly objects are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuditDepth {
    /// By what the bucket says of them: length and stored SHA-256.
    Stored,
    /// Each is read, and its rows are.
    Read,
}

/// What is wrong with an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Harm {
    /// It is not there.
    Missing,
    /// It is not what was written.
    Torn(String),
}

/// Looks at objects, of which those that are listed have these lengths.
pub(super) async fn inspect(
    objects: &Objects,
    scratch: &Arc<Scratch>,
    wanted: Vec<LakeObject>,
    listed: &BTreeMap<ObjectKey, u64>,
    depth: AuditDepth,
) -> Result<Vec<(LakeObject, Harm)>, SyncError> {
    let mut harmed = Vec::new();
    let mut running = JoinSet::new();
    let mut wanted = wanted.into_iter();
    loop {
        while running.len() < AT_ONCE
            && let Some(object) = wanted.next()
        {
            let length = listed.get(&object.key).copied();
            let (objects, scratch) = (objects.clone(), scratch.clone());
            running.spawn(async move {
                let harm = look_at(&objects, &scratch, &object, length, depth).await;
                (object, harm)
            });
        }
        match running.join_next().await {
            None => return Ok(harmed),
            Some(Ok((object, harm))) => {
                if let Some(harm) = harm? {
                    harmed.push((object, harm));
                }
            }
            Some(Err(failed)) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

async fn look_at(
    objects: &Objects,
    scratch: &Arc<Scratch>,
    object: &LakeObject,
    listed: Option<u64>,
    depth: AuditDepth,
) -> Result<Option<Harm>, SyncError> {
    let torn = |how: String| Ok(Some(Harm::Torn(how)));
    match listed {
        None => return Ok(Some(Harm::Missing)),
        Some(bytes) if bytes != object.bytes => {
            return torn(format!("it has {bytes} bytes instead of {}", object.bytes));
        }
        Some(_) => {}
    }
    if depth == AuditDepth::Stored {
        let Some(stat) = objects.stat(&object.key).await? else {
            return Ok(Some(Harm::Missing));
        };
        return match stat.sha256 {
            Some(found) if found != object.sha256 => torn(format!(
                "its SHA-256 is {found} instead of {}",
                object.sha256
            )),
            _ => Ok(None),
        };
    }
    let file = scratch.file();
    match objects
        .download(&object.key, &object.stamp(), file.path())
        .await
    {
        Ok(()) => {}
        Err(ObjectError::Missing { .. }) => return Ok(Some(Harm::Missing)),
        Err(error @ ObjectError::Corrupt { .. }) => return torn(error.to_string()),
        Err(error) => return Err(error.into()),
    }
    let table = object.table;
    let read = on_a_thread(move || digest_of_file(table, file.path())).await;
    match read {
        Ok(found) if found == (object.rows, object.rows_digest) => Ok(None),
        Ok((rows, digest)) => torn(format!(
            "it has {rows} rows with digest {digest} instead of {} with {}",
            object.rows, object.rows_digest
        )),
        Err(SyncError::Decode { message, .. }) => torn(message),
        Err(error) => Err(error),
    }
}
