//! What the daily job did.

use super::{read, write};
use crate::codec_error::CodecError;
use crate::jobs::{Job, JobStep};
use crate::keys::parse_calendar_key;
use bincode::{Decode, Encode};
use tidegauge_model::UnixSeconds;

const JOB_VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct JobValue {
    due_at: u64,
    begun_at: u64,
    attempts: u32,
    steps: Vec<StepValue>,
    ended_at: Option<u64>,
    complete: Option<bool>,
}

#[derive(Encode, Decode)]
struct StepValue {
    name: String,
    begun_at: u64,
    ended_at: Option<u64>,
    said: String,
    is_wrong: bool,
}

pub(crate) fn encode_job(job: &Job, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = JobValue {
        due_at: job.due_at.0,
        begun_at: job.begun_at.0,
        attempts: job.attempts,
        steps: job.steps.iter().map(Into::into).collect(),
        ended_at: job.ended_at.map(|at| at.0),
        complete: job.complete,
    };
    write(JOB_VERSION, &value, out)
}

pub(crate) fn decode_job(key: &[u8], bytes: &[u8]) -> Result<Job, CodecError> {
    let day = parse_calendar_key(key)?;
    let value: JobValue = read(JOB_VERSION, bytes)?;
    Ok(Job {
        day,
        due_at: UnixSeconds(value.due_at),
        begun_at: UnixSeconds(value.begun_at),
        attempts: value.attempts,
        steps: value.steps.into_iter().map(Into::into).collect(),
        ended_at: value.ended_at.map(UnixSeconds),
        complete: value.complete,
    })
}

impl From<&JobStep> for StepValue {
    fn from(step: &JobStep) -> Self {
        Self {
            name: step.name.clone(),
            begun_at: step.begun_at.0,
            ended_at: step.ended_at.map(|at| at.0),
            said: step.said.clone(),
            is_wrong: step.is_wrong,
        }
    }
}

impl From<StepValue> for JobStep {
    fn from(value: StepValue) -> Self {
        Self {
            name: value.name,
            begun_at: UnixSeconds(value.begun_at),
            ended_at: value.ended_at.map(UnixSeconds),
            said: value.said,
            is_wrong: value.is_wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::keys::calendar_key;
    use alloy_primitives::hex;

    #[test]
    fn golden_bytes_of_a_job() {
        let at = |seconds| UnixSeconds(1_704_500_000 + seconds);
        let step = |name: &str, ended: Option<u64>| JobStep {
            name: name.to_owned(),
            begun_at: at(5),
            ended_at: ended.map(at),
            said: "86,400 swaps".to_owned(),
            is_wrong: ended.is_none(),
        };
        let job = Job {
            day: "2024-01-05".parse().unwrap(),
            due_at: at(0),
            begun_at: at(4),
            attempts: 2,
            steps: vec![step("collected", Some(6)), step("mirrored", None)],
            ended_at: None,
            complete: Some(false),
        };
        let key = calendar_key(job.day);
        let mut value = Vec::new();
        encode_job(&job, &mut value).unwrap();
        assert_eq!(hex::encode(key), "00004d0f");
        assert_eq!(
            hex::encode(&value),
            concat!(
                "01fc209b9865fc249b98650202",
                "09636f6c6c6563746564fc259b986501fc269b98650c38362c34303020737761707300",
                "086d6972726f726564fc259b9865000c38362c34303020737761707301",
                "0001",
                "00"
            )
        );
        assert_eq!(decode_job(&key, &value).unwrap(), job);
        // One that is of another version, or goes on, is not read as something else.
        assert!(decode_job(&key, &[]).is_err());
        value[0] += 1;
        assert!(decode_job(&key, &value).is_err());
        value[0] -= 1;
        value.push(0);
        assert!(decode_job(&key, &value).is_err());
    }
}
