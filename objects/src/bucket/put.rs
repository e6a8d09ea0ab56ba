//! Writing an object once, and replacing a document that is still the one that was read.

use super::{
    Bucket,
    outgoing::{Sending, Source, changed},
    settings::Encryption,
    translate,
};
use crate::{
    answer::{ObjectStat, ObjectTag, Put},
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
    stamp::{Content, Sha256, Stamp},
};
use aws_sdk_s3::{
    error::ProvideErrorMetadata as _,
    operation::put_object::builders::PutObjectFluentBuilder,
    types::{ServerSideEncryption, StorageClass},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Larger objects are written in parts, in bytes: what a kill or a broken line costs is at most
/// this, and one stream is enough below it.
pub const MULTIPART_ABOVE: u64 = 64 << 20;

/// Largest document that is read again to see whether it is ours, in bytes.
const MOST_DOCUMENT_BYTES: usize = 64 << 20;

/// Where the SHA-256 of an object is kept beside it, in hexadecimal digits.
pub(super) const METADATA: &str = "sha256";

impl Bucket {
    pub(crate) async fn put_new(
        &self,
        key: &ObjectKey,
        content: &Content,
        stamp: &Stamp,
    ) -> Result<Put, ObjectError> {
        let act = Act::new(self.place(), "write", key.as_ref());
        let source = Source::from(content);
        check(&act, &source, stamp).await?;
        let mut patience = self.patience(act, stamp.bytes);
        loop {
            let put = self.put_once(&act, key, &source, stamp);
            if let Some(put) = patience.attempt(put).await? {
                return Ok(put);
            }
        }
    }

    async fn put_once(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        source: &Source,
        stamp: &Stamp,
    ) -> Result<Put, ObjectError> {
        // Asking costs less than sending what is there, and less than being refused after sending.
        if let Some(found) = self.head(act, key).await? {
            return self.compare(act, key, stamp, found).await;
        }
        let written = if stamp.bytes > MULTIPART_ABOVE {
            self.put_parts(act, key, source, stamp).await?
        } else {
            self.put_whole(act, key, source, stamp).await?
        };
        if written {
            return Ok(Put::Written);
        }
        match self.head(act, key).await? {
            Some(found) => self.compare(act, key, stamp, found).await,
            None => {
                let message = "it was there, and is not any more";
                Err(act.failed(ObjectCause::Conflict, message).into())
            }
        }
    }

    /// With one request; says whether the key was free.
    async fn put_whole(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        source: &Source,
        stamp: &Stamp,
    ) -> Result<bool, ObjectError> {
        let class = self.settings().storage_class.as_deref();
        let request = self
            .put_request(key, stamp)
            .if_none_match("*")
            .set_storage_class(class.map(StorageClass::from));
        let sent = self
            .sending(*act)
            .send(source, stamp, |body| request.body(body).send())
            .await?;
        match sent {
            Ok(_) => Ok(true),
            Err(fault) if translate::is_unmet(&fault) => Ok(false),
            Err(fault) => Err(translate::failure(act, &fault).into()),
        }
    }

    /// What is there under the key: the same, or something else.
    pub(super) async fn compare(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        stamp: &Stamp,
        found: ObjectStat,
    ) -> Result<Put, ObjectError> {
        let different = |found: String| ObjectError::Different {
            place: act.place.to_owned(),
            key: act.key.to_owned(),
            expected: stamp.to_string(),
            found,
        };
        if found.bytes != stamp.bytes {
            return Err(different(format!("{} bytes", found.bytes)));
        }
        let sha256 = match found.sha256 {
            Some(sha256) => sha256,
            // By another program, or a server that drops metadata: read it.
            None => self.digest(act, key).await?.sha256,
        };
        let found = Stamp { sha256, ..*stamp };
        if found == *stamp {
            Ok(Put::Same)
        } else {
            Err(different(found.to_string()))
        }
    }

    pub(crate) async fn replace(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        expected: Option<&ObjectTag>,
    ) -> Result<Option<ObjectTag>, ObjectError> {
        let act = Act::new(self.place(), "replace", key.as_ref());
        let source = Source::Bytes(bytes.into());
        let mut patience = self.patience(act, 0);
        loop {
            let replaced = self.replace_once(&act, key, &source, expected);
            match patience.attempt(replaced).await? {
                None => {}
                Some(None) if patience.is_ambiguous() => return self.ours(key, &source).await,
                Some(answer) => return Ok(answer),
            }
        }
    }

    async fn replace_once(
        &self,
        act: &Act<'_>,
        key: &ObjectKey,
        source: &Source,
        expected: Option<&ObjectTag>,
    ) -> Result<Option<ObjectTag>, ObjectError> {
        let Source::Bytes(bytes) = source else {
            return Err(act.failed(ObjectCause::Other, "no document").into());
        };
        let stamp = Stamp::of(bytes);
        let request = self.put_request(key, &stamp);
        let request = match expected {
            Some(tag) => request.if_match(&tag.0),
            None => request.if_none_match("*"),
        };
        let sent = self
            .sending(*act)
            .send(source, &stamp, |body| request.body(body).send())
            .await?;
        match sent {
            Ok(answer) => Ok(Some(self.tag(act, answer.e_tag())?)),
            Err(fault) if translate::is_unmet(&fault) => Ok(None),
            // It was to be replaced, and is gone.
            Err(fault) if expected.is_some() && fault.code() == Some("NoSuchKey") => Ok(None),
            Err(fault) => Err(translate::failure(act, &fault).into()),
        }
    }

    /// An earlier attempt may have been taken, and its answer lost: then its bytes are there.
    async fn ours(
        &self,
        key: &ObjectKey,
        source: &Source,
    ) -> Result<Option<ObjectTag>, ObjectError> {
        let present = self.get(key, MOST_DOCUMENT_BYTES).await?;
        Ok(present
            .filter(|(bytes, _)| matches!(source, Source::Bytes(ours) if ours == bytes))
            .map(|(_, tag)| tag))
    }

    /// A write of content that goes along with its digest, which the server verifies and keeps.
    fn put_request(&self, key: &ObjectKey, stamp: &Stamp) -> PutObjectFluentBuilder {
        let [encryption, key_id] = self.encryption();
        let request = self
            .client()
            .put_object()
            .bucket(self.name())
            .key(self.full(key))
            .checksum_sha256(digest_header(&stamp.sha256))
            .metadata(METADATA, stamp.sha256.to_string())
            .set_bucket_key_enabled(self.uses_bucket_key())
            .set_server_side_encryption(encryption.as_deref().map(ServerSideEncryption::from))
            .set_ssekms_key_id(key_id);
        // No object is as long as 2^63 bytes.
        request.content_length(stamp.bytes.try_into().unwrap_or(i64::MAX))
    }

    pub(super) fn sending<'a>(&'a self, act: Act<'a>) -> Sending<'a> {
        let deadlines = &self.settings().deadlines;
        Sending {
            act,
            rate: self.rate(),
            answer: deadlines.attempt,
            stall: deadlines.stall,
        }
    }

    /// The headers of the server's encryption: its kind, and the key.
    pub(super) fn encryption(&self) -> [Option<String>; 2] {
        match &self.settings().encryption {
            None => [None, None],
            Some(Encryption::S3) => [Some("AES256".to_owned()), None],
            Some(Encryption::Kms { key_id }) => [Some("aws:kms".to_owned()), key_id.clone()],
        }
    }

    /// One data key for many objects: fewer requests to the key service.
    pub(super) fn uses_bucket_key(&self) -> Option<bool> {
        matches!(self.settings().encryption, Some(Encryption::Kms { .. })).then_some(true)
    }
}

/// Refuses what is plainly not what its stamp says. Files of the right length are read once, while
/// they are sent; an empty one has no last byte that could be held back.
async fn check(act: &Act<'_>, source: &Source, stamp: &Stamp) -> Result<(), ObjectError> {
    let found = match source {
        Source::Bytes(bytes) => Stamp::of(bytes),
        Source::File(path) => {
            let about = tokio::fs::metadata(path).await;
            let length = about.map_err(|e| act.io(path, &e))?.len();
            if length == stamp.bytes && length > 0 {
                return Ok(());
            }
            Stamp::of_file(path).await?
        }
    };
    if found == *stamp {
        Ok(())
    } else {
        Err(changed(act, stamp, &found))
    }
}

/// A digest as S3 takes it.
pub(super) fn digest_header(digest: &Sha256) -> String {
    STANDARD.encode(digest.as_bytes())
}

/// A digest as S3 gives it; nothing for that of an object in parts.
pub(super) fn digest_of_header(text: &str) -> Option<Sha256> {
    let bytes = STANDARD.decode(text).ok()?;
    Some(Sha256::from(<[u8; 32]>::try_from(bytes).ok()?))
}
