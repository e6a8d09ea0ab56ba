//! What a bucket, the line to it or a disk can fail by: causes, their classes, and what to do.

use std::{fmt, io, path::Path};
use tidegauge_model::ErrorClass;

/// Why something was not done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ObjectCause {
    /// There are no credentials.
    NoCredentials,
    /// Whoever hands out credentials does not, now.
    CredentialsUnavailable,
    /// The access key's id is known to nobody.
    UnknownKey,
    /// The secret does not belong to the access key.
    WrongSecret,
    /// Temporary credentials are over.
    ExpiredCredentials,
    /// This machine's clock and the server's are too far apart.
    ClockSkew,
    /// The credentials do not permit it.
    Denied,
    /// There is no such bucket.
    NoBucket,
    /// The bucket is in another region.
    WrongRegion,
    /// The key for encryption cannot be used.
    EncryptionKey,
    /// The object was moved to an archive.
    Archived,
    /// The server does not know what was asked for.
    Unsupported,
    /// The server wants fewer requests.
    SlowDown,
    /// The server failed.
    Server,
    /// The server's disk is full, or a quota.
    ServerFull,
    /// What arrived is not what was sent.
    Garbled,
    /// Somebody else was writing at the same moment.
    Conflict,
    /// The host's name has no address, now.
    UnknownHost,
    /// Nothing answers at that address.
    Unreachable,
    /// No answer within the time given.
    Deadline,
    /// The connection broke. Whether a write under way took effect is unknown.
    Lost,
    /// The server's certificate is not trusted, or TLS failed otherwise.
    Tls,
    /// The local disk is full.
    DiskFull,
    /// A local file cannot be read or written.
    File,
    /// Another process holds the folder's lock.
    Locked,
    /// The folder that was opened is not there any more.
    Gone,
    /// Anything else.
    Other,
}

impl ObjectCause {
    /// What passes by itself is transient.
    pub fn class(self) -> ErrorClass {
        match self {
            // Roles' credentials are renewed, clocks are set, disks are emptied and mounted.
            Self::CredentialsUnavailable
            | Self::ExpiredCredentials
            | Self::ClockSkew
            | Self::SlowDown
            | Self::Server
            | Self::ServerFull
            | Self::Garbled
            | Self::Conflict
            | Self::UnknownHost
            | Self::Unreachable
            | Self::Deadline
            | Self::Lost
            | Self::DiskFull
            | Self::Locked
            | Self::Gone => ErrorClass::Transient,
            Self::NoCredentials
            | Self::UnknownKey
            | Self::WrongSecret
            | Self::Denied
            | Self::NoBucket
            | Self::WrongRegion
            | Self::EncryptionKey
            | Self::Archived
            | Self::Unsupported
            | Self::Tls
            | Self::File
            | Self::Other => ErrorClass::Refused,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::NoCredentials => "there are no credentials",
            Self::CredentialsUnavailable => "credentials cannot be had now",
            Self::UnknownKey => "the access key is not known there",
            Self::WrongSecret => "the secret does not belong to the access key",
            Self::ExpiredCredentials => "the credentials have expired",
            Self::ClockSkew => "this machine's clock is too far from the server's",
            Self::Denied => "it is not permitted",
            Self::NoBucket => "there is no such bucket",
            Self::WrongRegion => "the bucket is in another region",
            Self::EncryptionKey => "the key for encryption cannot be used",
            Self::Archived => "the object is in an archive",
            Self::Unsupported => "the server does not know this",
            Self::SlowDown => "the server wants fewer requests",
            Self::Server => "the server failed",
            Self::ServerFull => "the server has no room left",
            Self::Garbled => "what arrived is not what was sent",
            Self::Conflict => "somebody else was writing at the same moment",
            Self::UnknownHost => "the host is not known",
            Self::Unreachable => "it cannot be reached",
            Self::Deadline => "it does not answer in time",
            Self::Lost => "the connection was lost",
            Self::Tls => "TLS failed",
            Self::DiskFull => "the disk is full",
            Self::File => "a file cannot be used",
            Self::Locked => "another process holds the folder's lock",
            Self::Gone => "the folder that was opened is not there any more",
            Self::Other => "it was refused",
        }
    }

    /// What a person can do, where it is not plain from the message.
    fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::NoCredentials => {
                "give the machine a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            }
            Self::UnknownKey => "check the access key, and that the endpoint is the one it is for",
            Self::WrongSecret => "check the secret of the access key",
            Self::ExpiredCredentials => {
                "renew them; a machine's role renews its own, copied ones last hours"
            }
            Self::ClockSkew => "set the clock (timedatectl set-ntp true)",
            Self::Denied => {
                "permit s3:ListBucket, GetObject, PutObject, AbortMultipartUpload and ListBucketMultipartUploads below the prefix, to a writer with retention DeleteObject too"
            }
            Self::NoBucket => "create it, or check its name, region and endpoint",
            Self::WrongRegion => "set the region to the bucket's own",
            Self::EncryptionKey => {
                "permit kms:GenerateDataKey and kms:Decrypt, and check the key's id and state"
            }
            Self::Archived => "restore it from the archive first, and end the rule that moved it",
            Self::ServerFull => "make room there",
            Self::UnknownHost => "check the endpoint, the region and this machine's DNS",
            Self::Unreachable => {
                "check the endpoint's host and port, that the server runs, and firewalls"
            }
            Self::Deadline => "check the network and firewalls",
            Self::Tls => {
                "use the name that the certificate is for, name its authority's certificate, and check both clocks"
            }
            Self::DiskFull => "make room",
            Self::Gone => {
                "mount its disk; if another folder took its place on purpose, start again"
            }
            _ => return None,
        })
    }
}

/// A failure: its cause, what was attempted, where, and in whose words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectFailure {
    /// What it comes down to.
    pub cause: ObjectCause,
    /// Which place; empty for a local file.
    pub place: String,
    /// What was attempted, as a verb and an object's key.
    pub attempted: String,
    /// The code of whoever noticed, if there is one.
    pub code: Option<String>,
    /// The details, in their words; without secrets.
    pub message: String,
}

impl fmt::Display for ObjectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "cannot {}: {}", self.attempted, self.cause.what())?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        match self.cause.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ObjectFailure {}

/// What is being attempted, and where: what every failure of it says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act<'a> {
    pub(crate) place: &'a str,
    pub(crate) verb: &'static str,
    pub(crate) key: &'a str,
}

impl<'a> Act<'a> {
    pub(crate) fn new(place: &'a str, verb: &'static str, key: &'a str) -> Self {
        Self { place, verb, key }
    }

    /// With a local file, whose path the failure says.
    pub(crate) fn local(verb: &'static str) -> Self {
        Self::new("", verb, "a file")
    }

    /// A failure of it.
    pub(crate) fn failed(
        &self,
        cause: ObjectCause,
        message: impl Into<String>,
    ) -> Box<ObjectFailure> {
        Box::new(ObjectFailure {
            cause,
            place: self.place.to_owned(),
            attempted: format!("{} {}", self.verb, self.key).trim_end().to_owned(),
            code: None,
            message: message.into(),
        })
    }

    /// A failure of it by a local file.
    pub(crate) fn io(&self, path: &Path, error: &io::Error) -> Box<ObjectFailure> {
        let cause = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectCause::DiskFull,
            _ => ObjectCause::File,
        };
        self.failed(cause, format!("{}: {error}", path.display()))
    }
}
