//! Reading: documents, objects into files, and what is known of an object.

use super::{
    Bucket,
    put::{METADATA, MULTIPART_ABOVE, digest_of_header},
    translate,
};
use crate::{
    answer::{ObjectStat, ObjectTag},
    arrival::Arrival,
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
    stamp::{PIECE_BYTES, Sha256, Stamp, Tally},
};
use aws_sdk_s3::{
    operation::get_object::GetObjectOutput, primitives::ByteStream, types::ChecksumMode,
};
use bytes::Bytes;
use std::{collections::HashMap, path::Path, time::Duration};
use tokio::time::{Instant, timeout_at};

impl Bucket {
    pub(crate) async fn get(
        &self,
        key: &ObjectKey,
        most_bytes: usize,
    ) -> Result<Option<(Vec<u8>, ObjectTag)>, ObjectError> {
        let act = Act::new(self.place(), "read", key.as_ref());
        let mut patience = self.patience(act, 0);
        loop {
            if let Some(read) = patience
                .attempt(self.get_once(&act, key, most_bytes))
                .await?
            {
                return Ok(read);
            }
        }
    }

    async fn get_once(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        most_bytes: usize,
    ) -> Result<Option<(Vec<u8>, ObjectTag)>, ObjectError> {
        let Some(answer) = self.begin(act, key).await? else {
            return Ok(None);
        };
        let too_large = |bytes: u64| ObjectError::TooLarge {
            place: act.place.to_owned(),
            key: act.key.to_owned(),
            bytes,
            most_bytes,
        };
        let length = length(act, answer.content_length())?;
        if length > most_bytes as u64 {
            return Err(too_large(length));
        }
        let tag = self.tag(act, answer.e_tag())?;
        let stored = stored(act, answer.metadata())?;
        let mut incoming = self.incoming(act, answer.body);
        let mut bytes = Vec::new();
        while let Some(piece) = incoming.next().await? {
            if bytes.len() + piece.len() > most_bytes {
                return Err(too_large((bytes.len() + piece.len()) as u64));
            }
            bytes.extend_from_slice(&piece);
        }
        let found = Stamp::of(&bytes);
        match stored {
            Some(sha256) if found.sha256 != sha256 => Err(ObjectError::Corrupt {
                place: act.place.to_owned(),
                key: act.key.to_owned(),
                expected: format!("SHA-256 {sha256}"),
                found: found.to_string(),
            }),
            _ => Ok(Some((bytes, tag))),
        }
    }

    pub(crate) async fn download(
        &self,
        key: &ObjectKey,
        stamp: &Stamp,
        to: &Path,
    ) -> Result<(), ObjectError> {
        let act = Act::new(self.place(), "read", key.as_ref());
        let mut patience = self.patience(act, stamp.bytes);
        loop {
            let download = self.download_once(&act, key, stamp, to);
            if let Some(()) = patience.attempt(download).await? {
                return Ok(());
            }
        }
    }

    async fn download_once(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        stamp: &Stamp,
        to: &Path,
    ) -> Result<(), ObjectError> {
        let Some(answer) = self.begin(act, key).await? else {
            return Err(ObjectError::Missing {
                place: act.place.to_owned(),
                key: act.key.to_owned(),
                expected: stamp.to_string(),
            });
        };
        let length = length(act, answer.content_length())?;
        if length != stamp.bytes {
            return Err(ObjectError::Corrupt {
                place: act.place.to_owned(),
                key: act.key.to_owned(),
                expected: stamp.to_string(),
                found: format!("{length} bytes"),
            });
        }
        let mut arrival = Arrival::begin(*act, stamp, to).await?;
        let mut incoming = self.incoming(act, answer.body);
        while let Some(piece) = incoming.next().await? {
            arrival.add(&piece).await?;
        }
        arrival.finish().await
    }

    /// What an object holds, read whole.
    pub(super) async fn digest(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
    ) -> Result<Stamp, ObjectError> {
        let Some(answer) = self.begin(act, key).await? else {
            let message = "it was there, and is not any more";
            return Err(act.failed(ObjectCause::Conflict, message).into());
        };
        let mut incoming = self.incoming(act, answer.body);
        let mut tally = Tally::default();
        while let Some(piece) = incoming.next().await? {
            tally.add(&piece);
        }
        Ok(tally.stamp())
    }

    pub(crate) async fn stat(&self, key: &ObjectKey) -> Result<Option<ObjectStat>, ObjectError> {
        let act = Act::new(self.place(), "look at", key.as_ref());
        let mut patience = self.patience(act, 0);
        loop {
            let looked = async {
                let found = self.head(&act, key).await?;
                if found.is_none() {
                    // The answer is the same where the whole bucket is missing.
                    self.bucket_is_there(&act).await?;
                }
                Ok(found)
            };
            if let Some(found) = patience.attempt(looked).await? {
                return Ok(found);
            }
        }
    }

    /// One look at an object; where the bucket is missing there is nothing, either.
    pub(super) async fn head(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
    ) -> Result<Option<ObjectStat>, ObjectError> {
        let request = self
            .client()
            .head_object()
            .bucket(self.name())
            .key(self.full(key))
            .checksum_mode(ChecksumMode::Enabled);
        let answer = match self.answer(act, request.send()).await? {
            Ok(answer) => answer,
            Err(fault) if translate::status(&fault) == Some(404) => return Ok(None),
            Err(fault) => return Err(translate::failure(act, &fault).into()),
        };
        let bytes = length(act, answer.content_length())?;
        let stored = stored(act, answer.metadata())?;
        // Larger ones have parts, and what is said of them is a digest of digests; AWS marks it as
        // such, others do not.
        let verified = answer
            .checksum_sha256()
            .filter(|_| bytes <= MULTIPART_ABOVE)
            .and_then(digest_of_header);
        match (stored, verified) {
            (Some(stored), Some(verified)) if stored != verified => Err(ObjectError::Corrupt {
                place: act.place.to_owned(),
                key: act.key.to_owned(),
                expected: format!("SHA-256 {stored}"),
                found: format!("SHA-256 {verified} by the server"),
            }),
            _ => Ok(Some(ObjectStat {
                bytes,
                sha256: stored.or(verified),
                tag: self.tag(act, answer.e_tag())?,
            })),
        }
    }

    async fn bucket_is_there(&self, act: &Act<'_>) -> Result<(), ObjectError> {
        let request = self.client().head_bucket().bucket(self.name());
        match self.answer(act, request.send()).await? {
            Ok(_) => Ok(()),
            Err(fault) if translate::status(&fault) == Some(404) => {
                Err(act.failed(ObjectCause::NoBucket, "").into())
            }
            Err(fault) => Err(translate::failure(act, &fault).into()),
        }
    }

    async fn begin(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
    ) -> Result<Option<GetObjectOutput>, ObjectError> {
        let request = self
            .client()
            .get_object()
            .bucket(self.name())
            .key(self.full(key));
        match self.answer(act, request.send()).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(fault) if translate::is_missing(&fault) => Ok(None),
            Err(fault) => Err(translate::failure(act, &fault).into()),
        }
    }

    fn incoming<'a>(&self, act: &'a Act<'a>, body: ByteStream) -> Incoming<'a> {
        let stall = self.settings().deadlines.stall;
        Incoming {
            act,
            body,
            stall,
            until: Instant::now() + stall,
            since: 0,
        }
    }
}

/// Content on its way in: each quarter of a MiB has its own deadline.
struct Incoming<'a> {
    act: &'a Act<'a>,
    body: ByteStream,
    stall: Duration,
    until: Instant,
    /// Bytes that came since the deadline was set.
    since: usize,
}

impl Incoming<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        let piece = match timeout_at(self.until, self.body.try_next()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(e)) => {
                return Err(self
                    .act
                    .failed(ObjectCause::Lost, translate::chain(&e))
                    .into());
            }
            Err(_) => {
                let message = format!("too little came for {:?}", self.stall);
                return Err(self.act.failed(ObjectCause::Deadline, message).into());
            }
        };
        self.since += piece.as_ref().map_or(0, Bytes::len);
        if self.since >= PIECE_BYTES {
            self.since = 0;
            self.until = Instant::now() + self.stall;
        }
        Ok(piece)
    }
}

/// The digest that the writer left beside an object.
fn stored(
    act: &Act<'_>,
    metadata: Option<&HashMap<String, String>>,
) -> Result<Option<Sha256>, ObjectError> {
    metadata
        .and_then(|metadata| metadata.get(METADATA))
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| {
            let message = format!("its metadata `{METADATA}` is no SHA-256");
            act.failed(ObjectCause::Other, message).into()
        })
}

fn length(act: &Act<'_>, header: Option<i64>) -> Result<u64, ObjectError> {
    header
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| {
            act.failed(ObjectCause::Other, "the answer says no length")
                .into()
        })
}
