//! The lake: it ends equal to the store, whatever happens on the way.

mod bench;
mod faults;
mod follows;
mod forecasts;
mod readers;
mod repairs;
mod retention;
mod rows;
mod writers;
