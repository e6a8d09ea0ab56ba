//! Edits of final rows, gathered and then written in key order.

use crate::database::damaged;
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{ROW_KEY_BYTES, RowKey};
use crate::row_diff::{Edit, Row};

/// Edits of one family.
pub(crate) struct RowEdits {
    family: Family,
    /// Keys, each with its value's place in `values`.
    edits: Vec<(RowKey, Edit, usize, usize)>,
    values: Vec<u8>,
}

impl RowEdits {
    pub(crate) fn new(family: Family) -> Self {
        Self {
            family,
            edits: Vec::new(),
            values: Vec::new(),
        }
    }

    /// About what they add to a batch.
    pub(crate) fn bytes(&self) -> usize {
        self.edits.len() * ROW_KEY_BYTES + self.values.len()
    }

    pub(crate) fn push<R: Row>(&mut self, edit: Edit, row: &R) -> Result<(), StoreError> {
        assert_eq!(R::FAMILY, self.family);
        let (key, start) = (row.key(), self.values.len());
        if edit != Edit::Removed {
            row.encode(&mut self.values)
                .map_err(|e| damaged(self.family, &key, e))?;
        }
        self.edits.push((key, edit, start, self.values.len()));
        Ok(())
    }

    /// Writes them: each then goes right behind the one before.
    pub(crate) fn write(mut self, draft: &mut Draft<'_>) -> Result<(), StoreError> {
        self.edits.sort_unstable_by_key(|edit| edit.0);
        for (key, edit, start, end) in &self.edits {
            let value = &self.values[*start..*end];
            match edit {
                Edit::Added => draft.put_fresh(self.family, key, value),
                Edit::Corrected | Edit::Enriched => draft.correct(self.family, key, value),
                Edit::Removed => draft.delete_row(self.family, key)?,
            }
        }
        Ok(())
    }
}
