//! The mirror on a real PostgreSQL: it ends equal to the store, whatever happens on the way.

mod bench;
mod faults;
mod follows;
mod forecasts;
mod lines;
mod repairs;
mod tables;
mod writers;
