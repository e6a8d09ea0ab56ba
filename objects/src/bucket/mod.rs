//! A bucket behind S3's protocol, at AWS or elsewhere.
//!
//! Every request has a deadline and every piece of content another; what fails by itself is tried
//! again, a bounded number of times with growing pauses, and whatever else fails says why in our
//! words. After a lost answer it is looked at what is there. Tags are compared with tags alone:
//! what content is, only SHA-256 says.

mod connect;
mod multipart;
mod outgoing;
mod pages;
mod patience;
mod probe;
mod put;
mod rate;
mod read;
mod settings;
mod translate;

pub(crate) use pages::Pages;
pub use put::MULTIPART_ABOVE;
pub use settings::{AccessKey, BucketSettings, Deadlines, Encryption, SLOWEST_UPLOAD, Secret};

use crate::{
    answer::ObjectTag,
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
};
use aws_sdk_s3::Client;
use patience::Patience;
use rate::Rate;
use std::{fmt, sync::Arc, time::Duration};

/// A bucket with a prefix; clones share its connections and its limit.
#[derive(Clone)]
pub(crate) struct Bucket(Arc<Shared>);

struct Shared {
    client: Client,
    settings: BucketSettings,
    place: String,
    rate: Option<Rate>,
}

impl Bucket {
    pub(crate) async fn open(settings: &BucketSettings) -> Result<Self, ObjectError> {
        settings.check()?;
        let slash = if settings.prefix.is_empty() { "" } else { "/" };
        Ok(Self(Arc::new(Shared {
            client: connect::connect(settings).await?,
            place: format!("s3://{}{slash}{}", settings.bucket, settings.prefix),
            rate: settings.upload_bytes_per_second.map(Rate::new),
            settings: settings.clone(),
        })))
    }

    pub(crate) fn place(&self) -> &str {
        &self.0.place
    }

    pub(crate) async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        let act = Act::new(self.place(), "remove", key.as_ref());
        let mut patience = self.patience(act, 0);
        loop {
            let attempt = async {
                let request = self
                    .client()
                    .delete_object()
                    .bucket(self.name())
                    .key(self.full(key));
                match self.answer(&act, request.send()).await? {
                    Ok(_) => Ok(()),
                    Err(fault) if translate::is_missing(&fault) => Ok(()),
                    Err(fault) => Err(ObjectError::from(translate::failure(&act, &fault))),
                }
            };
            if let Some(()) = patience.attempt(attempt).await? {
                return Ok(());
            }
        }
    }

    fn client(&self) -> &Client {
        &self.0.client
    }

    fn settings(&self) -> &BucketSettings {
        &self.0.settings
    }

    fn name(&self) -> &str {
        &self.0.settings.bucket
    }

    fn rate(&self) -> Option<&Rate> {
        self.0.rate.as_ref()
    }

    /// What all whole keys begin with.
    fn below(&self) -> String {
        match self.0.settings.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        }
    }

    /// The whole key.
    fn full(&self, key: &ObjectKey) -> String {
        format!("{}{key}", self.below())
    }

    /// Patience with an operation that moves so many bytes.
    fn patience<'a>(&self, act: Act<'a>, bytes: u64) -> Patience<'a> {
        let slowest = Duration::from_secs(bytes / SLOWEST_UPLOAD);
        let limited = self.rate().map_or(Duration::ZERO, |rate| rate.takes(bytes));
        Patience::new(act, &self.settings().deadlines, slowest.max(limited))
    }

    /// The answer to a request without content, within the deadline.
    async fn answer<T>(
        &self,
        act: &Act<'_>,
        request: impl Future<Output = T>,
    ) -> Result<T, ObjectError> {
        let deadline = self.settings().deadlines.attempt;
        tokio::time::timeout(deadline, request).await.map_err(|_| {
            let message = format!("no answer for {deadline:?}");
            act.failed(ObjectCause::Deadline, message).into()
        })
    }

    fn tag(&self, act: &Act<'_>, header: Option<&str>) -> Result<ObjectTag, ObjectError> {
        header.map(|tag| ObjectTag(tag.to_owned())).ok_or_else(|| {
            act.failed(ObjectCause::Other, "the answer has no ETag")
                .into()
        })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.place()).finish()
    }
}
