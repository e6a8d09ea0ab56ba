//! The audit: every object that counts is there and whole, its rows are the store's, and nothing
//! else lies beside them; put right on request.

use super::damage::damaged_documents;
use super::days::Days;
use super::differ::differences;
use super::file::digest;
use super::hot::same_day;
use super::inspect::{AuditDepth, Harm, inspect};
use super::manifest::{LAKE, LakeObject};
use super::published::{Trust, versions};
use super::recheck::{Comparable, comparable};
use super::runner::Lake;
use super::store_view::look_at;
use super::sweep::{Place, Reach};
use crate::error::SyncError;
use crate::postgres::{Difference, Repair};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_objects::{ObjectError, ObjectKey, Objects};

/// Findings, and differences of rows, that a report shows at most.
const MAX_SHOWN: usize = 20;

/// Kinds of what an audit finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flaw {
    /// The manifest names an object that is not there.
    Missing,
    /// An object is not what was written.
    Torn,
    /// The rows of a day are not the store's.
    Differs,
    /// An object lies in the lake that no manifest names.
    Foreign,
}

/// What an audit found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub flaw: Flaw,
    /// Which object.
    pub key: ObjectKey,
    /// What is wrong with it.
    pub detail: String,
}

/// What an audit found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LakeReport {
    /// Version of the manifest that was looked at.
    pub version: u64,
    /// Objects that it names.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
    /// Tables' days whose rows were compared with the store's.
    pub compared: u64,
    /// Those of which the store knows less than was published.
    pub beyond_store: u64,
    /// Objects that are not there.
    pub missing: u64,
    /// Objects that are not what was written.
    pub torn: u64,
    /// Tables' days whose rows are not the store's.
    pub differ: u64,
    /// Objects that no manifest names: of uploads that were cut off, or of somebody else.
    pub foreign: u64,
    /// Whether what was wrong was written anew.
    pub repaired: bool,
    /// The first things found.
    pub findings: Vec<Finding>,
    /// The first rows that differ.
    pub differences: Vec<Difference>,
}

impl LakeReport {
    /// Whether the lake was whole and equal to the store. What nobody names does not count.
    pub fn is_equal(&self) -> bool {
        self.missing == 0 && self.torn == 0 && self.differ == 0
    }

    fn add(&mut self, flaw: Flaw, key: &ObjectKey, detail: impl Into<String>) {
        match flaw {
            Flaw::Missing => self.missing += 1,
            Flaw::Torn => self.torn += 1,
            Flaw::Differs => self.differ += 1,
            Flaw::Foreign => self.foreign += 1,
        }
        if self.findings.len() < MAX_SHOWN {
            self.findings.push(Finding {
                flaw,
                key: key.clone(),
                detail: detail.into(),
            });
        }
    }
}

impl Lake {
    /// Brings the lake to the store's tip, then looks at every object and every row.
    pub async fn audit(
        &mut self,
        depth: AuditDepth,
        repair: Repair,
    ) -> Result<LakeReport, SyncError> {
        let trust = match repair {
            Repair::No => Trust::Strict,
            Repair::Yes => Trust::Mend,
        };
        // What is published is read, not remembered.
        self.session = None;
        if repair == Repair::Yes {
            let damaged = Box::pin(damaged_documents(&self.means.objects)).await?;
            self.remove(damaged).await?;
        }
        self.reach_tip(trust).await?;
        let mut report = LakeReport {
            repaired: repair == Repair::Yes,
            ..LakeReport::default()
        };
        let flawed = Box::pin(self.look_over(depth, &mut report)).await?;
        if repair == Repair::Yes {
            Box::pin(self.mend(flawed)).await?;
        }
        Ok(report)
    }

    /// Everything once; gives the objects that are to be written anew.
    async fn look_over(
        &mut self,
        depth: AuditDepth,
        report: &mut LakeReport,
    ) -> Result<Vec<(LakeObject, Flaw)>, SyncError> {
        let session = self.take_session(Trust::Strict).await?;
        let published: Vec<LakeObject> = session.published.objects().cloned().collect();
        report.version = session.published.root.as_ref().map_or(0, |r| r.version);
        self.session = Some(session);
        report.objects = published.len() as u64;
        report.bytes = published.iter().map(|object| object.bytes).sum();
        report.rows = published.iter().map(|object| object.rows).sum();
        let (objects, scratch) = (self.means.objects.clone(), self.means.scratch.clone());
        let listed = lengths(&objects, &published).await?;
        let mut flawed = Vec::new();
        let wanted = published.clone();
        for (object, harm) in inspect(&objects, &scratch, wanted, &listed, depth).await? {
            let (flaw, detail) = match harm {
                Harm::Missing => (Flaw::Missing, "it is not there".to_owned()),
                Harm::Torn(how) => (Flaw::Torn, how),
            };
            report.add(flaw, &object.key, detail);
            flawed.push((object, flaw));
        }
        for object in self.compare_all(&published, report).await? {
            if flawed.iter().all(|(known, _)| known.key != object.key) {
                flawed.push((object, Flaw::Differs));
            }
        }
        self.find_foreign(report).await?;
        Ok(flawed)
    }

    /// The days whose rows are not the store's; of those that are not final, where both have the
    /// same blocks.
    async fn compare_all(
        &self,
        published: &[LakeObject],
        report: &mut LakeReport,
    ) -> Result<Vec<LakeObject>, SyncError> {
        let mut differ = Vec::new();
        for object in published {
            let wanted = object.clone();
            let compared = look_at(&self.means.reader, move |view| {
                let days = Days::read(view)?;
                let span = match comparable(&days, &wanted) {
                    Comparable::Now(span) => Some(*span),
                    _ => same_day(view, &days, &wanted)?,
                };
                let Some(span) = span else { return Ok(None) };
                Ok(Some((span, digest(view, wanted.table, &span)?)))
            });
            let Some((span, ours)) = compared.await? else {
                report.beyond_store += u64::from(!Place::is_hot(&object.key));
                continue;
            };
            report.compared += 1;
            if ours == (object.rows, object.rows_digest) {
                continue;
            }
            let detail = format!(
                "the store has {} rows with digest {}, the lake {} with {}",
                ours.0, ours.1, object.rows, object.rows_digest
            );
            report.add(Flaw::Differs, &object.key, detail);
            differ.push(object.clone());
            let most = MAX_SHOWN.saturating_sub(report.differences.len());
            if most > 0 {
                let file = self.means.scratch.file();
                let (key, stamp) = (&object.key, object.stamp());
                match self.means.objects.download(key, &stamp, file.path()).await {
                    Ok(()) => {
                        let table = object.table;
                        let shown = look_at(&self.means.reader, move |view| {
                            differences(view, (table, &span), file.path(), most)
                        });
                        report.differences.extend(shown.await?);
                    }
                    // That is a finding of its own.
                    Err(ObjectError::Missing { .. } | ObjectError::Corrupt { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(differ)
    }

    async fn find_foreign(&self, report: &mut LakeReport) -> Result<(), SyncError> {
        let objects = &self.means.objects;
        let mut reach = Reach::default();
        for (version, _) in versions(objects).await? {
            // Old ones may be damaged; what counts is what the newest names.
            match reach.add(objects, version).await {
                Err(SyncError::Lake(_)) if version < report.version => {}
                other => other?,
            }
        }
        let mut pages = objects.list(LAKE);
        while let Some(page) = pages.next().await? {
            for listed in page {
                let place = Place::of(&listed.key);
                let is_rows = matches!(place, Place::Hot | Place::Table | Place::Part);
                if is_rows && !reach.keys.contains(&listed.key) {
                    report.add(Flaw::Foreign, &listed.key, "no manifest names it");
                }
            }
        }
        Ok(())
    }

    /// Writes flawed objects anew, publishes them, and removes what may go.
    async fn mend(&mut self, flawed: Vec<(LakeObject, Flaw)>) -> Result<(), SyncError> {
        if !flawed.is_empty() {
            let mut session = self.take_session(Trust::Strict).await?;
            let torn: BTreeSet<ObjectKey> = flawed
                .iter()
                .filter(|(_, flaw)| *flaw == Flaw::Torn)
                .map(|(object, _)| object.key.clone())
                .collect();
            let objects = flawed.into_iter().map(|(object, _)| object).collect();
            let objects = session.mendable(&self.means, objects).await?;
            // Named by us, and not what it was: its name is free for what is.
            let keys = objects.iter().map(|object| object.key.clone());
            self.remove(keys.filter(|key| torn.contains(key)).collect())
                .await?;
            session
                .redo(&self.means, &objects, &mut self.status)
                .await?;
            self.session = Some(session);
            self.reach_tip(Trust::Strict).await?;
        }
        self.sweep().await.map(drop)
    }

    /// Removes what is not what it was, so that it can be written anew.
    async fn remove(&self, keys: Vec<ObjectKey>) -> Result<(), SyncError> {
        for key in keys {
            let now = (self.means.options.clock)();
            self.means.writer.renew(now).await?;
            self.means.objects.delete(&key).await?;
        }
        Ok(())
    }
}

/// The lengths of those that are there. Whatever else lies in the lake is passed over.
async fn lengths(
    objects: &Objects,
    wanted: &[LakeObject],
) -> Result<BTreeMap<ObjectKey, u64>, SyncError> {
    let wanted: BTreeSet<_> = wanted.iter().map(|object| &object.key).collect();
    let mut found = BTreeMap::new();
    let mut pages = objects.list(LAKE);
    while let Some(page) = pages.next().await? {
        let listed = page.into_iter().filter(|o| wanted.contains(&o.key));
        found.extend(listed.map(|o| (o.key, o.bytes)));
    }
    Ok(found)
}
