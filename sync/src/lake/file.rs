//! A table's day as a file, and as a digest.

use super::days::{DaySpan, Days};
use super::manifest::Unnamed;
use super::rows::each_row;
use super::rows_digest::{RowsDigest, RowsDigester};
use super::scratch::{Scratch, ScratchFile};
use super::table::{LakeTable, Shape};
use crate::error::SyncError;
use crate::parquet::TableWriter;
use std::sync::Arc;
use tidegauge_storage::View;

/// A file, and what is in it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) file: ScratchFile,
    pub(super) object: Unnamed,
}

/// Writes a table's day. The bytes depend on what is in it alone, so that a day that was uploaded
/// by a killed process is recognised.
pub(super) fn make(
    view: &View<'_>,
    scratch: &Arc<Scratch>,
    days: &Days,
    (table, span): (LakeTable, &DaySpan),
) -> Result<Made, SyncError> {
    let shape = Shape::of(table);
    let last = span.last_block(view)?;
    let set = view.feature_set()?;
    let mut facts = vec![
        ("tidegauge.table", table.to_string()),
        ("tidegauge.chain_id", view.chain_id()?.to_string()),
        ("tidegauge.date", span.day.to_string()),
        ("tidegauge.first_block", span.from.to_string()),
        ("tidegauge.last_block", span.to.to_string()),
        ("tidegauge.last_block_hash", format!("{:#x}", last.hash)),
    ];
    if let Some(set) = set.filter(|_| table != LakeTable::Liquidity) {
        let fingerprint = set.fingerprint(span.to).to_string();
        facts.push(("tidegauge.feature_set", fingerprint));
    }
    let file = scratch.file();
    let mut writer = TableWriter::laid_out(file.path(), &shape.columns, &facts, table.layout())?;
    let mut digester = RowsDigester::default();
    each_row(view, (table, &shape), span, &mut |row| {
        digester.add(row);
        writer.push(row)
    })?;
    let (rows, rows_digest) = digester.finish();
    writer.finish_with(&[
        ("tidegauge.rows", rows.to_string()),
        ("tidegauge.rows_digest", rows_digest.to_string()),
    ])?;
    let object = Unnamed {
        table,
        date: span.day,
        rows,
        rows_digest,
        from_block: span.from,
        to_block: span.to,
        to_hash: last.hash,
        whole: span.whole,
        runs: days.runs(table, span.day),
    };
    Ok(Made { file, object })
}

/// How many rows a table's day has in the store, and their digest.
pub(super) fn digest(
    view: &View<'_>,
    table: LakeTable,
    span: &DaySpan,
) -> Result<(u64, RowsDigest), SyncError> {
    let shape = Shape::of(table);
    let mut digester = RowsDigester::default();
    each_row(view, (table, &shape), span, &mut |row| {
        digester.add(row);
        Ok(())
    })?;
    Ok(digester.finish())
}
