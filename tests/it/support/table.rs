//! CSV without quoted fields, read by column name.

use std::collections::HashMap;

/// A table with a header.
pub(crate) struct Table {
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a text; each row has a field for each column.
    pub(crate) fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let header = lines.next().expect("a header");
        let columns: HashMap<String, usize> = header
            .split(',')
            .enumerate()
            .map(|(i, name)| (name.to_owned(), i))
            .collect();
        let rows: Vec<Vec<String>> = lines
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect();
        for row in &rows {
            assert_eq!(row.len(), columns.len(), "{row:?}");
        }
        Self { columns, rows }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The names of the columns, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.columns.iter().map(|(name, at)| (*at, name)).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// The rows, field by field.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The chosen columns of each row, in order.
    pub(crate) fn select<const N: usize>(
        &self,
        names: [&str; N],
    ) -> impl Iterator<Item = [&str; N]> {
        let at = names.map(|name| {
            *self
                .columns
                .get(name)
                .unwrap_or_else(|| panic!("no column {name} in {:?}", self.columns))
        });
        self.rows.iter().map(move |row| at.map(|i| row[i].as_str()))
    }
}
