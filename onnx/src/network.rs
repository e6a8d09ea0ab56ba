//! A model that is ready to run.

use crate::error::OnnxError;
use crate::trees;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::format_err;

/// Rows that are run at once: a graph is made for each number of rows, and memory grows with it.
const ROWS_AT_ONCE: usize = 4_096;

/// A model that takes rows of numbers and gives one number for each.
pub struct Network {
    model: InferenceModel,
    inputs: usize,
}

impl Network {
    /// Reads a file whose only input has the shape (rows, `inputs`).
    ///
    /// # Errors
    /// [`OnnxError::Unreadable`] or [`OnnxError::Shape`].
    pub fn read(file: &[u8], inputs: usize) -> Result<Self, OnnxError> {
        let read = || {
            let mut onnx = tract_onnx::onnx();
            trees::register(&mut onnx.op_register);
            let mut file = file;
            onnx.model_for_read(&mut file)
        };
        // A library that reads files from outside may find something that it did not expect.
        let model = guarded(read).map_err(OnnxError::Unreadable)?;
        let outlets = model.input_outlets().map_err(|e| unreadable(&e))?;
        if outlets.len() != 1 {
            return Err(OnnxError::Shape(format!(
                "it has {} inputs, and one of the shape (rows, {inputs}) is expected",
                outlets.len()
            )));
        }
        let network = Self { model, inputs };
        // That it can be run at all is known now, and not when it is needed.
        network.plan(1)?;
        Ok(network)
    }

    /// What the model says of rows that lie one after the other.
    ///
    /// # Errors
    /// [`OnnxError::Shape`] or [`OnnxError::Failed`].
    pub fn run(&self, rows: &[f32]) -> Result<Vec<f32>, OnnxError> {
        if self.inputs == 0 || !rows.len().is_multiple_of(self.inputs) {
            return Err(OnnxError::Shape(format!(
                "{} numbers are no rows of {}",
                rows.len(),
                self.inputs
            )));
        }
        let mut said = Vec::with_capacity(rows.len() / self.inputs);
        for part in rows.chunks(ROWS_AT_ONCE * self.inputs) {
            let count = part.len() / self.inputs;
            let plan = self.plan(count)?;
            let run = || {
                let rows = Tensor::from_shape(&[count, self.inputs], part)?;
                let answers = plan.run(tvec!(rows.into_tvalue()))?;
                let answer = answers.first().ok_or_else(|| format_err!("no answer"))?;
                let numbers = answer.cast_to::<f32>()?;
                let numbers = numbers.to_plain_array_view::<f32>()?;
                Ok(numbers.iter().copied().collect::<Vec<f32>>())
            };
            let numbers = guarded(run).map_err(OnnxError::Failed)?;
            if numbers.len() != count {
                return Err(OnnxError::Shape(format!(
                    "it gives {} numbers for {count} rows, and one for each is expected",
                    numbers.len()
                )));
            }
            said.extend(numbers);
        }
        Ok(said)
    }

    fn plan(&self, rows: usize) -> Result<Arc<TypedRunnableModel>, OnnxError> {
        let make = || {
            let fact = InferenceFact::dt_shape(f32::datum_type(), tvec!(rows, self.inputs));
            let model = self.model.clone().with_input_fact(0, fact)?;
            model.into_optimized()?.into_runnable()
        };
        guarded(make).map_err(|why| {
            OnnxError::Shape(format!(
                "it does not take rows of {} numbers: {why}",
                self.inputs
            ))
        })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network of {} inputs", self.inputs)
    }
}

fn unreadable(error: &TractError) -> OnnxError {
    OnnxError::Unreadable(causes(error))
}

/// What went wrong in words, a panic included.
fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(causes(&error)),
        Err(_) => Err("the library that reads it panicked".to_owned()),
    }
}

/// The innermost cause says most.
fn causes(error: &TractError) -> String {
    const MOST: usize = 300;
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let text: String = causes.join(": ");
    text.chars()
        .filter(|c| !c.is_control())
        .take(MOST)
        .collect()
}
