//! Partitions of `daily_transactions` by month, made before the rows that need them.

use crate::error::SyncError;
use crate::postgres::ask::tell;
use crate::postgres::connect::Database;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use tidegauge_model::Day;

/// How long a lock on the table is waited for; others go on reading and writing meanwhile.
const LOCK_TIMEOUT_SECONDS: u32 = 5;

/// Days after a month's begin by which the next has begun.
const LONGEST_MONTH: u32 = 31;

/// Which months have their partition, as far as this connection knows.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Partitions {
    /// First days.
    months: BTreeSet<Day>,
}

impl Partitions {
    /// Makes the partitions that rows of these days need, and those of the months after, in
    /// transactions of their own.
    ///
    /// A partition is made apart and then attached, which lets readers and writers of the others
    /// go on; a lock by name keeps two from making the same.
    pub(in crate::postgres) async fn ensure(
        &mut self,
        database: &Database,
        connection: &mut PgConnection,
        days: impl IntoIterator<Item = Day>,
    ) -> Result<(), SyncError> {
        let mut wanted = BTreeSet::new();
        for day in days {
            let month = first_of_month(day);
            wanted.extend([month, next_month(month)]);
        }
        for month in wanted {
            if self.months.contains(&month) {
                continue;
            }
            let (year, number, _) = month.civil();
            let name = format!("daily_transactions_{year:04}_{number:02}");
            let schema = database.schema();
            let until = next_month(month);
            let sql = format!(
                "BEGIN; SET LOCAL lock_timeout TO '{LOCK_TIMEOUT_SECONDS}s'; \
                 SET LOCAL client_min_messages TO warning; \
                 SELECT pg_advisory_xact_lock(hashtextextended('tidegauge {schema}', 0)); \
                 DO $make$ BEGIN \
                   IF to_regclass('\"{schema}\".{name}') IS NULL THEN \
                     CREATE TABLE \"{schema}\".{name} (LIKE \"{schema}\".daily_transactions INCLUDING ALL); \
                     ALTER TABLE \"{schema}\".daily_transactions ATTACH PARTITION \"{schema}\".{name} \
                       FOR VALUES FROM ('{month}') TO ('{until}'); \
                   END IF; \
                 END $make$; \
                 COMMIT"
            );
            tell(connection, sql).await?;
            self.months.insert(month);
        }
        Ok(())
    }
}

fn first_of_month(day: Day) -> Day {
    let (_, _, of_month) = day.civil();
    day.minus_days(of_month - 1)
}

fn next_month(first: Day) -> Day {
    first_of_month(first.plus_days(LONGEST_MONTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other() {
        for (day, first, next) in [
            ("2024-01-31", "2024-01-01", "2024-02-01"),
            ("2024-02-29", "2024-02-01", "2024-03-01"),
            ("2023-12-01", "2023-12-01", "2024-01-01"),
            ("2024-04-30", "2024-04-01", "2024-05-01"),
        ] {
            let month = first_of_month(day.parse().unwrap());
            assert_eq!(month.to_string(), first);
            assert_eq!(next_month(month).to_string(), next);
        }
    }
}
