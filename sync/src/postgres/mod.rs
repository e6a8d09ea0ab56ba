//! Postgres, behind a wall: nothing outside of here knows sqlx.

mod ask;
mod connect;
mod copy;
mod mirror;
mod schema;

pub use connect::{
    Auth, Database, Password, PasswordSource, PostgresSettings, PostgresUrl, Server, TlsMode,
};
pub use copy::{CopyBuffer, CopyRow};
pub use mirror::{
    AuditReport, Difference, LOOK_BACK_EVERY, Mirror, MirrorOptions, MirrorPhase, MirrorStatus,
    POSTGRES_MIRROR, Repair,
};
pub use schema::{Inspected, inspect, migrate};
