//! Which bucket, as whom, how, and how patiently.

use crate::error::ObjectError;
use std::{fmt, net::IpAddr, num::NonZeroU64, path::PathBuf, time::Duration};
use url::{Host, Url};

/// Slowest permitted limit of uploads, in bytes a second: below it connections would look stalled.
pub const SLOWEST_UPLOAD: u64 = 64 << 10;

/// Longest prefix, in bytes: with a key it stays below S3's 1,024.
const MOST_PREFIX_BYTES: usize = 256;

/// A bucket, and how to use it.
#[derive(Clone, Debug, Default)]
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// What all keys begin with, without slashes at its ends; none where empty.
    pub prefix: String,
    /// Its region; without one the environment's, or `us-east-1` at an endpoint of its own.
    pub region: Option<String>,
    /// Where the server is; without one it is AWS.
    pub endpoint: Option<Url>,
    /// Whether plain HTTP may leave this machine.
    pub allow_plain_http: bool,
    /// A file of certificates, in PEM, of authorities that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
    /// The bucket's name in the path instead of the host: what most other servers want.
    pub path_style: bool,
    /// The profile in AWS's configuration files.
    pub profile: Option<String>,
    /// A key; without one the environment's credentials: variables, profiles, roles.
    pub access_key: Option<AccessKey>,
    /// How the server encrypts what is written; without it as the bucket says.
    pub encryption: Option<Encryption>,
    /// The storage class of objects that are written once; without it the bucket's.
    pub storage_class: Option<String>,
    /// Uploads' share of the line, in bytes a second, of all of them together.
    pub upload_bytes_per_second: Option<NonZeroU64>,
    /// How long to wait for what.
    pub deadlines: Deadlines,
}

/// A key that was handed in.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id, which is no secret.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// The session token of temporary credentials.
    pub session: Option<Secret>,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Encryption by the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Encryption {
    /// With S3's own keys (SSE-S3).
    S3,
    /// With a key of the Key Management Service (SSE-KMS), and bucket keys.
    Kms {
        /// Which; without it AWS's own for S3.
        key_id: Option<String>,
    },
}

/// How long to wait for what. Nothing is waited for without an end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadlines {
    /// For a connection.
    pub connect: Duration,
    /// For the answer to a request, counted from its last byte.
    pub attempt: Duration,
    /// For a quarter of a MiB of content, in either direction.
    pub stall: Duration,
    /// After this nothing is tried again; content may take its own time beside it.
    pub operation: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            // S3 answers in tenths of a second; 30 s is a server in distress.
            attempt: Duration::from_secs(30),
            // 13 KB/s: slower lines cannot keep up with the chain's growth.
            stall: Duration::from_secs(20),
            operation: Duration::from_secs(120),
        }
    }
}

impl BucketSettings {
    /// Looks for what cannot work, before anything is tried.
    pub(super) fn check(&self) -> Result<(), ObjectError> {
        let refuse = |message: String| Err(ObjectError::Settings(message));
        let name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
        if !(3..=63).contains(&self.bucket.len()) || !self.bucket.bytes().all(name) {
            return refuse(format!(
                "`{}` is no bucket's name: 3 to 63 letters, digits, dots and hyphens are expected, without s3:// and without a prefix",
                self.bucket.escape_default()
            ));
        }
        if !self.prefix.is_empty() {
            crate::key::ObjectKey::new(&self.prefix).map_err(|e| {
                ObjectError::Settings(format!("the prefix below bucket {}: {e}", self.bucket))
            })?;
            if self.prefix.len() > MOST_PREFIX_BYTES {
                return refuse(format!(
                    "the prefix below bucket {} is longer than {MOST_PREFIX_BYTES} bytes",
                    self.bucket
                ));
            }
        }
        if let Some(endpoint) = &self.endpoint {
            self.check_endpoint(endpoint)?;
        }
        match self.upload_bytes_per_second {
            Some(limit) if limit.get() < SLOWEST_UPLOAD => refuse(format!(
                "uploads are limited to {limit} bytes a second, and {SLOWEST_UPLOAD} is the least that works"
            )),
            _ => Ok(()),
        }
    }

    fn check_endpoint(&self, endpoint: &Url) -> Result<(), ObjectError> {
        let mut shown = endpoint.clone();
        // Where it cannot carry a password it carries none.
        let _ = shown.set_password(None);
        let refuse = |message: &str| {
            Err(ObjectError::Settings(format!(
                "the endpoint {shown} {message}"
            )))
        };
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return refuse("carries a user: give an access key instead");
        }
        if endpoint.query().is_some() || endpoint.fragment().is_some() {
            return refuse("has more than a host, a port and a path");
        }
        match endpoint.scheme() {
            "https" => Ok(()),
            "http" if self.allow_plain_http || is_loopback(endpoint) => Ok(()),
            "http" => refuse(
                "is plain HTTP to another machine, where anybody in between can read and alter: use https://, or allow plain HTTP where the network is trusted",
            ),
            _ => refuse("is neither https:// nor http://"),
        }
    }
}

fn is_loopback(endpoint: &Url) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}
