//! Whether the tables are as they were made: every column, its type, and whether it may be NULL.

use super::MIGRATIONS;
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::ask::Ask as _;
use crate::postgres::connect::Database;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;

/// A table as it was made.
pub(super) struct Table {
    /// Its name.
    pub(super) name: String,
    /// Its columns, each with its type.
    columns: BTreeMap<String, String>,
}

/// The tables that the migrations make, which say each column on a line of its own.
pub(super) fn expected() -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in MIGRATIONS.iter().flat_map(|(_, _, sql)| sql.lines()) {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            tables.push(Table {
                name: rest.trim_end_matches(" (").to_owned(),
                columns: BTreeMap::new(),
            });
        } else if let Some(column) = line.strip_prefix("    ")
            && let Some((name, kind)) = column.split_once(' ')
            && name
                .trim_matches('"')
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && let Some(table) = tables.last_mut()
        {
            let kind = kind.trim().trim_end_matches(',');
            table
                .columns
                .insert(name.trim_matches('"').to_owned(), kind.to_owned());
        }
    }
    tables
}

/// Refuses a table that lacks a column of ours, or has it otherwise; columns that others added
/// may be there if they need no value.
pub(super) async fn check(
    database: &Database,
    connection: &mut PgConnection,
) -> Result<(), SyncError> {
    let schema = database.schema();
    for table in expected() {
        let rows = database
            .query(
                "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) \
                 || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, \
                 a.attnotnull AND NOT a.atthasdef \
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
            )
            .bind(schema)
            .bind(&table.name)
            .rows(connection)
            .await?;
        let mut found = BTreeMap::new();
        let mut added = None;
        for row in rows {
            let name: String = row.try_get(0)?;
            if row.try_get::<bool, _>(2)? && !table.columns.contains_key(&name) {
                added = Some(format!("column {name} was added, and must not be NULL"));
            }
            found.insert(name, row.try_get::<String, _>(1)?);
        }
        let differs = |(name, kind): (&String, &String)| match found.get(name) {
            None => Some(format!("column {name} is missing")),
            Some(other) if other != kind => {
                Some(format!("column {name} is `{other}`, not `{kind}`"))
            }
            Some(_) => None,
        };
        if let Some(difference) = table.columns.iter().find_map(differs).or(added) {
            return Err(MirrorFault::Shape {
                schema: schema.to_owned(),
                table: table.name,
                difference,
            }
            .into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_read_column_by_column() {
        let tables = expected();
        let of = |name: &str| tables.iter().find(|table| table.name == name).unwrap();
        let swaps = of("daily_transactions");
        assert_eq!(swaps.columns.len(), 20);
        assert_eq!(
            swaps.columns["timestamp"],
            "timestamp with time zone NOT NULL"
        );
        assert_eq!(swaps.columns["amount0_raw"], "numeric(78,0) NOT NULL");
        assert_eq!(swaps.columns["volume_usd"], "numeric");
        assert_eq!(of("predictions").columns.len(), 16);
        assert_eq!(tables.len(), 11);
        assert_eq!(of("mirror_days").columns["settled"], "boolean NOT NULL");
    }
}
