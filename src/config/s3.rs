//! `[sync.s3]`: the bucket of lake and snapshots, as it is written and as `objects` takes it.

use super::{
    text,
    timing::{Off, Period},
};
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::{num::NonZeroU64, path::PathBuf};
use tidegauge_objects::{BucketSettings, Encryption};

/// Where lake and snapshots are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct S3 {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) region: String,
    pub(crate) endpoint: String,
    pub(crate) path_style: bool,
    pub(crate) profile: String,
    pub(crate) ca_file: PathBuf,
    pub(crate) allow_plain_http: bool,
    pub(crate) encryption: ServerSide,
    pub(crate) kms_key_id: String,
    pub(crate) storage_class: String,
    pub(crate) upload_kib_per_second: u64,
    pub(crate) lake: bool,
    #[serde(with = "text")]
    pub(crate) hot_every: Period,
    #[serde(with = "text")]
    pub(crate) grace: Period,
    #[serde(with = "text")]
    pub(crate) manifest_retention: Period,
    #[serde(with = "text")]
    pub(crate) snapshot_every: Off<Period>,
    pub(crate) second: Second,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            prefix: String::new(),
            region: String::new(),
            endpoint: String::new(),
            path_style: false,
            profile: String::new(),
            ca_file: PathBuf::new(),
            allow_plain_http: false,
            encryption: ServerSide::Bucket,
            kms_key_id: String::new(),
            storage_class: String::new(),
            upload_kib_per_second: 0,
            lake: true,
            hot_every: Period::minutes(1),
            grace: Period::hours(24),
            manifest_retention: Period::hours(7 * 24),
            snapshot_every: Off(Some(Period::hours(1))),
            second: Second::default(),
        }
    }
}

/// A second bucket, which snapshots go to as well.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Second {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) region: String,
    pub(crate) endpoint: String,
    pub(crate) profile: String,
}

/// `sync.s3.encryption`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ServerSide {
    Bucket,
    S3,
    Kms,
}

impl S3 {
    /// The first bucket; none where nothing is mirrored to S3.
    ///
    /// # Errors
    /// For keys that contradict each other, or hold no URL.
    pub(crate) fn bucket(&self) -> Result<Option<BucketSettings>, Error> {
        let Some(bucket) = named(&self.bucket) else {
            return Ok(None);
        };
        self.other_bucket(bucket, &self.prefix).map(Some)
    }

    /// Another bucket, reached as the first one is.
    ///
    /// # Errors
    /// As [`S3::bucket`].
    pub(crate) fn other_bucket(
        &self,
        bucket: String,
        prefix: &str,
    ) -> Result<BucketSettings, Error> {
        let mut settings = BucketSettings {
            bucket,
            ..BucketSettings::default()
        };
        settings.prefix = prefix.trim_matches('/').to_owned();
        settings.region = named(&self.region);
        settings.endpoint = endpoint("sync.s3.endpoint", &self.endpoint)?;
        settings.profile = named(&self.profile);
        self.share(&mut settings)?;
        Ok(settings)
    }

    /// The second bucket, for snapshots; what it does not say is as the first has it.
    ///
    /// # Errors
    /// As [`S3::bucket`].
    pub(crate) fn second_bucket(&self) -> Result<Option<BucketSettings>, Error> {
        let Some(bucket) = named(&self.second.bucket) else {
            return Ok(None);
        };
        let second = &self.second;
        let mut settings = BucketSettings {
            bucket,
            ..BucketSettings::default()
        };
        settings.prefix = second.prefix.trim_matches('/').to_owned();
        settings.region = named(&second.region).or_else(|| named(&self.region));
        settings.endpoint = match endpoint("sync.s3.second.endpoint", &second.endpoint)? {
            Some(own) => Some(own),
            None => endpoint("sync.s3.endpoint", &self.endpoint)?,
        };
        settings.profile = named(&second.profile).or_else(|| named(&self.profile));
        self.share(&mut settings)?;
        Ok(Some(settings))
    }

    /// What holds for both.
    fn share(&self, settings: &mut BucketSettings) -> Result<(), Error> {
        settings.path_style = self.path_style;
        settings.ca_file = Some(self.ca_file.clone()).filter(|path| !path.as_os_str().is_empty());
        settings.allow_plain_http = self.allow_plain_http;
        settings.storage_class = named(&self.storage_class);
        settings.upload_bytes_per_second =
            NonZeroU64::new(self.upload_kib_per_second.saturating_mul(1_024));
        let key_id = named(&self.kms_key_id);
        settings.encryption = match (self.encryption, key_id) {
            (ServerSide::Kms, key_id) => Some(Encryption::Kms { key_id }),
            (_, Some(_)) => {
                return Err(Error::Usage(
                    "sync.s3.kms_key_id is for sync.s3.encryption = \"kms\"".to_owned(),
                ));
            }
            (ServerSide::S3, None) => Some(Encryption::S3),
            (ServerSide::Bucket, None) => None,
        };
        Ok(())
    }
}

fn named(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn endpoint(key: &str, text: &str) -> Result<Option<url::Url>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|e| {
        Error::Usage(format!(
            "{key} = `{}` is no URL ({e}): write it as https://s3.example:9000",
            text.escape_debug()
        ))
    })
}
