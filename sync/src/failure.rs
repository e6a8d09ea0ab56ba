//! What Postgres can fail by: causes, told apart by SQLSTATE, their classes, and what to do.

use std::fmt;
use tidegauge_model::ErrorClass;

/// Why Postgres did not do what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PostgresCause {
    /// What was configured cannot be used.
    Settings,
    /// The source of passwords has none for us.
    NoPassword,
    /// The source of passwords cannot be asked, now.
    PasswordUnavailable,
    /// The host's name has no address, now.
    UnknownHost,
    /// Nothing answers at that address.
    Unreachable,
    /// No connection within the time given.
    Deadline,
    /// The connection broke. Whether a COMMIT under way took effect is unknown.
    Lost,
    /// The server does not speak TLS.
    NoTls,
    /// The server's certificate is by nobody whom we trust.
    UntrustedCertificate,
    /// The server's certificate has expired, or is not valid yet.
    ExpiredCertificate,
    /// The server's certificate is for other names.
    WrongName,
    /// TLS failed otherwise.
    Tls,
    /// The password, or the token, is wrong (28P01).
    WrongPassword,
    /// The server admits no such user from here, or not in this manner (28000).
    NotAdmitted,
    /// No such database (3D000).
    NoDatabase,
    /// The database's encoding is not UTF-8.
    Encoding,
    /// A pooler in between does not support what was sent.
    Pooler,
    /// A privilege is missing (42501); the message names the object.
    Privilege,
    /// A table, column, schema or type is not there, or is another (42P01, 42703, …).
    Schema,
    /// The server is a standby, or reads only (25006).
    ReadOnly,
    /// All connections are taken (53300).
    TooManyConnections,
    /// The server's disk is full (53100).
    DiskFull,
    /// The server lacks memory or another resource (53…, 54…).
    Resources,
    /// Another transaction holds a lock for too long (55P03).
    LockTimeout,
    /// A statement took longer than it may (57014).
    StatementTimeout,
    /// The server stops, starts, or has ended our session (57P01, 57P02, 57P03, 57P05, 25P03).
    Shutdown,
    /// Two transactions got in each other's way (40001, 40P01).
    Conflict,
    /// A row is there already, or breaks a constraint (23…).
    Constraint,
    /// The server does not take a value (22…).
    Value,
    /// The server finds its own files damaged (XX001, XX002).
    Damaged,
    /// Anything else.
    Other,
}

impl PostgresCause {
    /// The cause behind an SQLSTATE.
    pub fn of(sqlstate: &str) -> Self {
        match sqlstate {
            "28P01" => Self::WrongPassword,
            "3D000" => Self::NoDatabase,
            // Statements by name that another session of the pooler has, or has not; a parameter
            // of the start-up that it does not know.
            "26000" | "42P05" | "08P01" => Self::Pooler,
            "42501" => Self::Privilege,
            "42P01" | "42703" | "3F000" | "42704" | "42804" | "42883" | "22P03" | "22P04" => {
                Self::Schema
            }
            "25006" => Self::ReadOnly,
            "53300" => Self::TooManyConnections,
            "53100" => Self::DiskFull,
            "55P03" => Self::LockTimeout,
            "57014" => Self::StatementTimeout,
            "25P03" | "57P01" | "57P02" | "57P03" | "57P04" | "57P05" => Self::Shutdown,
            "XX001" | "XX002" => Self::Damaged,
            _ => match sqlstate.get(..2).unwrap_or_default() {
                "08" => Self::Lost,
                "22" => Self::Value,
                "23" => Self::Constraint,
                "28" => Self::NotAdmitted,
                "40" => Self::Conflict,
                "53" | "54" => Self::Resources,
                _ => Self::Other,
            },
        }
    }

    /// What passes by itself is transient.
    pub fn class(self) -> ErrorClass {
        match self {
            Self::PasswordUnavailable
            | Self::UnknownHost
            | Self::Unreachable
            | Self::Deadline
            | Self::Lost
            | Self::ReadOnly
            | Self::TooManyConnections
            | Self::DiskFull
            | Self::Resources
            | Self::LockTimeout
            | Self::StatementTimeout
            | Self::Shutdown
            | Self::Conflict => ErrorClass::Transient,
            Self::Settings
            | Self::NoPassword
            | Self::NoTls
            | Self::UntrustedCertificate
            | Self::ExpiredCertificate
            | Self::WrongName
            | Self::Tls
            | Self::WrongPassword
            | Self::NotAdmitted
            | Self::NoDatabase
            | Self::Encoding
            | Self::Pooler
            | Self::Privilege
            | Self::Schema
            | Self::Other => ErrorClass::Refused,
            Self::Constraint | Self::Value | Self::Damaged => ErrorClass::Corrupt,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Settings => "its configuration cannot be used",
            Self::NoPassword => "there is no password for it",
            Self::PasswordUnavailable => "its password cannot be had now",
            Self::UnknownHost => "the host is not known",
            Self::Unreachable => "it cannot be reached",
            Self::Deadline => "it does not answer",
            Self::Lost => "the connection was lost",
            Self::NoTls => "it does not offer TLS",
            Self::UntrustedCertificate => "its certificate is by nobody trusted",
            Self::ExpiredCertificate => "its certificate is out of date",
            Self::WrongName => "its certificate is for another host",
            Self::Tls => "TLS failed",
            Self::WrongPassword => "it refuses the password",
            Self::NotAdmitted => "it does not admit us",
            Self::NoDatabase => "it has no such database",
            Self::Encoding => "the database's encoding is not UTF8",
            Self::Pooler => "a pooler in between does not support this",
            Self::Privilege => "a privilege is missing",
            Self::Schema => "tables are not as expected",
            Self::ReadOnly => "it only reads",
            Self::TooManyConnections => "all its connections are taken",
            Self::DiskFull => "its disk is full",
            Self::Resources => "it lacks resources",
            Self::LockTimeout => "somebody holds a lock for too long",
            Self::StatementTimeout => "a statement took too long",
            Self::Shutdown => "it ended the session",
            Self::Conflict => "transactions got in each other's way",
            Self::Constraint => "rows contradict what is there",
            Self::Value => "it does not take a value",
            Self::Damaged => "it finds its own files damaged",
            Self::Other => "it refused",
        }
    }

    /// What a person can do, where it is not plain from the message.
    fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownHost => "check the host in sync.postgres.url",
            Self::Unreachable => "check host and port, that the server runs, and firewalls",
            Self::Deadline => "check host, port and firewalls (on RDS: security groups)",
            Self::NoTls => {
                "turn TLS on at the server, or set sync.postgres.tls = \"disable\" where the network is trusted"
            }
            Self::UntrustedCertificate => {
                "name its authority's certificate in sync.postgres.ca_file (for RDS: global-bundle.pem of the AWS trust store)"
            }
            Self::ExpiredCertificate => "renew the server's certificate, and check both clocks",
            Self::WrongName => "use the name that the certificate is for in sync.postgres.url",
            Self::WrongPassword => {
                "check the user and password in sync.postgres.url, DB_PASSWORD, or sync.postgres.auth"
            }
            Self::NotAdmitted => {
                "check that the user exists and that pg_hba.conf admits it from here, with or without TLS as sync.postgres.tls says"
            }
            Self::NoDatabase => "create it, or check the name in sync.postgres.url",
            Self::Encoding => "create the database with ENCODING 'UTF8'",
            Self::Pooler => {
                "set sync.postgres.prepared_statements = false, and sync.postgres.direct_url to the server itself"
            }
            Self::Privilege => "GRANT it to the user, or let the owner migrate",
            Self::Schema => {
                "was it altered by hand? put it back, or choose another sync.postgres.schema"
            }
            Self::ReadOnly => "name the primary, or its writer endpoint, in sync.postgres.url",
            Self::TooManyConnections => "raise max_connections, or end idle sessions",
            Self::DiskFull => "make room on the server's disk",
            Self::LockTimeout => "pg_stat_activity and pg_locks say who holds it",
            Self::Damaged => "restore it from a backup, or mirror into a fresh database",
            _ => return None,
        })
    }
}

/// A failure of Postgres: its cause, where, and in the server's own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostgresFailure {
    /// What it comes down to.
    pub cause: PostgresCause,
    /// Which server, without secrets; empty where it is plain.
    pub server: String,
    /// The server's code for it, where the server said it.
    pub sqlstate: Option<String>,
    /// The details, in the words of whoever noticed.
    pub message: String,
}

impl fmt::Display for PostgresFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres")?;
        if !self.server.is_empty() {
            write!(f, " at {}", self.server)?;
        }
        write!(f, ": {}: {}", self.cause.what(), self.message)?;
        if let Some(code) = &self.sqlstate {
            write!(f, " (SQLSTATE {code})")?;
        }
        match self.cause.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PostgresFailure {}
