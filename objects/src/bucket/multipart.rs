//! Writing a large object in parts, several at once; it appears with the last request, or not.

use super::{
    Bucket,
    outgoing::{Reader, Sending, Source, changed},
    put::{METADATA, digest_header},
    translate,
};
use crate::{
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
    stamp::{Stamp, Tally},
};
use aws_sdk_s3::{
    error::ProvideErrorMetadata as _,
    types::{
        ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ServerSideEncryption,
        StorageClass,
    },
};
use bytes::Bytes;
use tokio::task::{JoinError, JoinSet};

/// Smallest part, in bytes. With [`AT_ONCE`] an upload holds four of them in memory.
const PART_BYTES: u64 = 16 << 20;

/// Parts on their way at the same time: one stream seldom fills a line.
const AT_ONCE: usize = 4;

/// Largest number of parts that S3 takes; larger objects have larger parts.
const MOST_PARTS: u64 = 10_000;

/// Largest part, in bytes: an object of 640 GB. Far above anything that a store's file grows to.
const MOST_PART_BYTES: u64 = 64 << 20;

/// An upload under way. Dropped unfinished it is ended, if the program still runs; if not,
/// `end_stale_uploads` does it.
struct Upload {
    bucket: Bucket,
    key: ObjectKey,
    id: String,
    over: bool,
}

impl Bucket {
    /// Says whether the key was free.
    pub(super) async fn put_parts(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        source: &Source,
        stamp: &Stamp,
    ) -> Result<bool, ObjectError> {
        let mut upload = self.begin_upload(act, key, stamp).await?;
        let done = match upload.fill(act, source, stamp).await {
            Ok(parts) => upload.complete(act, parts, stamp).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(true) => upload.over = true,
            Ok(false) | Err(_) => upload.abort().await,
        }
        done
    }

    async fn begin_upload(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        stamp: &Stamp,
    ) -> Result<Upload, ObjectError> {
        let [encryption, key_id] = self.encryption();
        let class = self.settings().storage_class.as_deref();
        let request = self
            .client()
            .create_multipart_upload()
            .bucket(self.name())
            .key(self.full(key))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .metadata(METADATA, stamp.sha256.to_string())
            .set_bucket_key_enabled(self.uses_bucket_key())
            .set_server_side_encryption(encryption.as_deref().map(ServerSideEncryption::from))
            .set_ssekms_key_id(key_id)
            .set_storage_class(class.map(StorageClass::from));
        let begun = self
            .answer(act, request.send())
            .await?
            .map_err(|fault| translate::failure(act, &fault))?;
        let id = begun
            .upload_id()
            .ok_or_else(|| act.failed(ObjectCause::Other, "the upload was given no id"))?;
        Ok(Upload {
            bucket: self.clone(),
            key: key.clone(),
            id: id.to_owned(),
            over: false,
        })
    }
}

impl Upload {
    /// Sends all parts; they are what the stamp says.
    async fn fill(
        &self,
        act: &Act<'_>,
        source: &Source,
        stamp: &Stamp,
    ) -> Result<Vec<CompletedPart>, ObjectError> {
        let part_bytes = part_bytes(act, stamp)?;
        let mut reader = Reader::open(act, source).await?;
        let mut tally = Tally::default();
        let mut parts = Vec::new();
        // Dropped with its tasks, where one fails.
        let mut on_the_way = JoinSet::new();
        for number in 1.. {
            while on_the_way.len() >= AT_ONCE {
                parts.extend(joined(on_the_way.join_next().await)?);
            }
            let (part, part_stamp) = reader.part(act, part_bytes, &mut tally).await?;
            if part.is_empty() || tally.bytes() > stamp.bytes {
                break;
            }
            on_the_way.spawn(send_part(
                self.bucket.clone(),
                self.key.clone(),
                self.id.clone(),
                (number, part, part_stamp),
            ));
        }
        let found = tally.stamp();
        if found != *stamp {
            return Err(changed(act, stamp, &found));
        }
        while let Some(part) = on_the_way.join_next().await {
            parts.extend(joined(Some(part))?);
        }
        parts.sort_unstable_by_key(|part| part.part_number);
        Ok(parts)
    }

    /// Lets the object appear; says whether the key was free.
    async fn complete(
        &self,
        act: &Act<'_>,
        parts: Vec<CompletedPart>,
        stamp: &Stamp,
    ) -> Result<bool, ObjectError> {
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts))
            .build();
        let mut patience = self.bucket.patience(*act, 0);
        loop {
            let attempt = async {
                let request = self
                    .bucket
                    .client()
                    .complete_multipart_upload()
                    .bucket(self.bucket.name())
                    .key(self.bucket.full(&self.key))
                    .upload_id(&self.id)
                    .multipart_upload(parts.clone())
                    .if_none_match("*");
                match self.bucket.answer(act, request.send()).await? {
                    Ok(_) => Ok(Ok(true)),
                    Err(fault) if translate::is_unmet(&fault) => Ok(Ok(false)),
                    // An earlier attempt completed it: what is there is compared.
                    Err(fault) if fault.code() == Some("NoSuchUpload") => Ok(Ok(false)),
                    Err(fault) => {
                        let failure = translate::failure(act, &fault);
                        // Some servers say yes in words that the SDK does not know; what is there
                        // decides.
                        if translate::is_success(&fault)
                            && let Some(found) = self.bucket.head(act, &self.key).await?
                        {
                            let put = self.bucket.compare(act, &self.key, stamp, found);
                            return put.await.map(|_| Ok(true));
                        }
                        match failure.cause {
                            // S3 wants all parts anew after this.
                            ObjectCause::Conflict => Ok(Err(failure)),
                            _ => Err(ObjectError::from(failure)),
                        }
                    }
                }
            };
            if let Some(done) = patience.attempt(attempt).await? {
                return Ok(done?);
            }
        }
    }

    /// Ends it; what cannot be ended now is ended as a stale one later.
    async fn abort(&mut self) {
        self.over = true;
        let deadline = self.bucket.settings().deadlines.attempt;
        let abort = self.bucket.abort_upload(&self.key, &self.id);
        // The error that led here has waited long enough.
        if tokio::time::timeout(deadline, abort).await.is_err() {
            tracing::debug!(key = %self.key, "an upload stays until stale ones are ended");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.over, tokio::runtime::Handle::try_current()) {
            let (bucket, key, id) = (self.bucket.clone(), self.key.clone(), self.id.clone());
            runtime.spawn(async move { bucket.abort_upload(&key, &id).await });
        }
    }
}

impl Bucket {
    async fn abort_upload(&self, key: &ObjectKey, id: &str) {
        let act = Act::new(self.place(), "end the upload of", key.as_ref());
        if let Err(error) = self.end_upload(&act, &self.full(key), id).await {
            tracing::debug!(%error, "an upload stays until stale ones are ended");
        }
    }
}

/// The length of parts: every object fits in as many as S3 takes.
fn part_bytes(act: &Act<'_>, stamp: &Stamp) -> Result<usize, ObjectError> {
    let part = stamp.bytes.div_ceil(MOST_PARTS).max(PART_BYTES);
    match usize::try_from(part) {
        Ok(bytes) if part <= MOST_PART_BYTES => Ok(bytes),
        _ => {
            let message = format!("{} bytes are too many", stamp.bytes);
            Err(act.failed(ObjectCause::Other, message).into())
        }
    }
}

/// Sends one part, with patience of its own.
async fn send_part(
    bucket: Bucket,
    key: ObjectKey,
    id: String,
    (number, part, stamp): (i32, Bytes, Stamp),
) -> Result<CompletedPart, ObjectError> {
    let act = Act::new(bucket.place(), "write", key.as_ref());
    let source = Source::Bytes(part);
    let checksum = digest_header(&stamp.sha256);
    let sending: Sending<'_> = bucket.sending(act);
    let mut patience = bucket.patience(act, stamp.bytes);
    loop {
        let attempt = async {
            let request = bucket
                .client()
                .upload_part()
                .bucket(bucket.name())
                .key(bucket.full(&key))
                .upload_id(&id)
                .part_number(number)
                .checksum_sha256(&checksum)
                .content_length(stamp.bytes.try_into().unwrap_or(i64::MAX));
            sending
                .send(&source, &stamp, |body| request.body(body).send())
                .await?
                .map_err(|fault| translate::failure(&act, &fault).into())
        };
        if let Some(answer) = patience.attempt(attempt).await? {
            return Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(answer.e_tag)
                .checksum_sha256(checksum)
                .build());
        }
    }
}

/// A part that was sent; a panic goes on in whoever waited for it.
fn joined(
    part: Option<Result<Result<CompletedPart, ObjectError>, JoinError>>,
) -> Result<Option<CompletedPart>, ObjectError> {
    match part {
        None => Ok(None),
        Some(Ok(part)) => part.map(Some),
        Some(Err(e)) => match e.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(e) => {
                let act = Act::new("", "write", "a part");
                Err(act.failed(ObjectCause::Lost, e.to_string()).into())
            }
        },
    }
}
