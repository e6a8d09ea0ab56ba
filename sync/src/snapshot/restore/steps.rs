//! The steps of a restore, in their order.

use super::candidates::{Candidate, candidates};
use super::download::{Gap, download, gap};
use super::options::{RestoreOptions, RestoreReport, Which};
use super::workplace::Workplace;
use crate::error::SyncError;
use crate::s3::{Writer, WriterClaim};
use crate::snapshot::blocking::blocking;
use crate::snapshot::facts::Facts;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::options::Heard;
use crate::snapshot::place::there;
use crate::snapshot_fault::SnapshotFault;
use std::path::Path;
use std::time::Instant;
use tidegauge_model::{ChainId, ErrorClass};
use tidegauge_objects::Objects;
use tidegauge_storage::{Checkpoint, FORMAT, Identity, revive};

/// Restores a store into a folder that is empty or not there; then the collector goes on from it.
///
/// # Errors
/// [`SyncError::Snapshot`] names what is damaged, missing or in the way; after what passes by itself
/// the same call goes on where it was.
pub async fn restore(
    objects: &Objects,
    into: &Path,
    options: &RestoreOptions,
    heard: Heard,
) -> Result<RestoreReport, SyncError> {
    let began = Instant::now();
    let mut workplace = Workplace::open(into)?;
    let mut passed_over: Vec<String> = Vec::new();
    for candidate in candidates(objects, &options.which).await? {
        let tried = bring(objects, &candidate, &mut workplace, options, &heard).await;
        let (manifest, downloaded_bytes, rows_checked) = match tried? {
            Tried::Whole {
                manifest,
                downloaded_bytes,
                rows_checked,
            } => (manifest, downloaded_bytes, rows_checked),
            Tried::Missing(problem) if options.which == Which::Newest => {
                tracing::warn!("{} is passed over: {problem}", candidate.key);
                passed_over.push(format!("{}: {problem}", candidate.key));
                continue;
            }
            Tried::Damaged(problem) if options.allow_older => {
                tracing::warn!("{} is passed over: {problem}", candidate.key);
                passed_over.push(format!("{}: {problem}", candidate.key));
                continue;
            }
            Tried::Missing(problem) | Tried::Damaged(problem) => {
                return Err(SnapshotFault::Damaged {
                    manifest: candidate.key.to_string(),
                    problem,
                }
                .into());
            }
        };
        let (epoch, not_fenced) = if options.drill {
            blocking(move || Ok(workplace.discard()?)).await?;
            (None, None)
        } else {
            let (identity, not_fenced) = take_epoch(objects, &manifest.facts, options).await?;
            let epoch = identity.epoch;
            blocking(move || {
                revive(workplace.folder(), epoch)?;
                Ok(workplace.finish()?)
            })
            .await?;
            (Some(epoch), not_fenced)
        };
        return Ok(RestoreReport {
            manifest: candidate.key.to_string(),
            made_at: manifest.made_at,
            tip: manifest.facts.tip,
            swaps: manifest.facts.swaps,
            store_id: manifest.facts.store_id,
            epoch,
            files: manifest.files.len() as u64,
            bytes: manifest.files.iter().map(|file| file.bytes).sum(),
            downloaded_bytes,
            rows_checked,
            passed_over,
            not_fenced,
            seconds: began.elapsed().as_secs_f64(),
        });
    }
    Err(SnapshotFault::NoneUsable {
        place: objects.place(),
        tried: passed_over.join("\n"),
    }
    .into())
}

/// What came of one snapshot.
enum Tried {
    Whole {
        manifest: Box<Manifest>,
        downloaded_bytes: u64,
        rows_checked: bool,
    },
    Missing(String),
    Damaged(String),
}

/// Brings one snapshot into the workplace and makes sure of it.
async fn bring(
    objects: &Objects,
    candidate: &Candidate,
    workplace: &mut Workplace,
    options: &RestoreOptions,
    heard: &Heard,
) -> Result<Tried, SyncError> {
    let manifest = match Manifest::fetch(objects, &candidate.key, candidate.sha256).await {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(Tried::Missing("the manifest is not there".to_owned())),
        Err(error @ SyncError::Snapshot(_)) => return Ok(Tried::Damaged(error.to_string())),
        Err(error) => return Err(error),
    };
    admit(&manifest, candidate, options)?;
    let there = there(objects, &manifest.files).await?;
    match gap(&manifest, &there) {
        None => {}
        Some(Gap::Missing(problem)) => return Ok(Tried::Missing(problem)),
        Some(Gap::Damaged(problem)) => return Ok(Tried::Damaged(problem)),
    }
    let least = options.least_free_bytes;
    let downloaded_bytes = match download(objects, &manifest, workplace, least, heard).await {
        Ok(bytes) => bytes,
        Err(SyncError::Objects(error)) if error.class() == ErrorClass::Corrupt => {
            return Ok(Tried::Damaged(error.to_string()));
        }
        Err(error) => return Err(error),
    };
    let rows_checked = manifest.facts.store_format == FORMAT;
    if rows_checked {
        let folder = workplace.folder().to_owned();
        let found = blocking(move || Facts::of(&Checkpoint::open(&folder)?.reader)).await;
        let problem = match found {
            Ok(found) => found.difference(&manifest.facts),
            Err(error) if error.class() == ErrorClass::Corrupt => Some(error.to_string()),
            Err(error) => return Err(error),
        };
        if let Some(problem) = problem {
            return Ok(Tried::Damaged(problem));
        }
    }
    Ok(Tried::Whole {
        manifest: Box::new(manifest),
        downloaded_bytes,
        rows_checked,
    })
}

/// What no other snapshot of the place would mend.
fn admit(
    manifest: &Manifest,
    candidate: &Candidate,
    options: &RestoreOptions,
) -> Result<(), SnapshotFault> {
    let found = ChainId(manifest.facts.chain_id);
    if let Some(wanted) = options.chain.filter(|wanted| *wanted != found) {
        return Err(SnapshotFault::OtherChain {
            manifest: candidate.key.to_string(),
            found,
            wanted,
        });
    }
    if manifest.facts.store_format > FORMAT {
        return Err(SnapshotFault::NewerFormat {
            manifest: candidate.key.to_string(),
            program: manifest.program.clone(),
            found: manifest.facts.store_format,
            known: FORMAT,
        });
    }
    Ok(())
}

/// Takes an epoch above all that wrote here. A place that may only be read cannot refuse the lost
/// machine yet; the store's epoch rises all the same, and is taken there with its first snapshot.
async fn take_epoch(
    objects: &Objects,
    facts: &Facts,
    options: &RestoreOptions,
) -> Result<(Identity, Option<String>), SyncError> {
    let claim = WriterClaim {
        store: Identity {
            uuid: facts.store_id,
            epoch: facts.store_epoch,
            chain_id: ChainId(facts.chain_id),
            format: facts.store_format,
        },
        machine: options.machine.clone(),
        holder: options.holder.clone(),
        take_over: true,
    };
    match Writer::begin_life(objects, &claim, (options.clock)()).await {
        Ok((_, identity)) => Ok((identity, None)),
        Err(SyncError::Objects(error)) if error.class() == ErrorClass::Refused => {
            let epoch = Writer::epoch_after(objects, &claim).await?;
            let identity = Identity {
                epoch,
                ..claim.store
            };
            Ok((identity, Some(error.to_string())))
        }
        Err(error) => Err(error),
    }
}
