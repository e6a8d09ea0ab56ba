//! The ensemble as an operation of tract.

use super::Ensemble;
use super::read::ensemble;
use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// Has tract know ensembles that give quantities, and no others: its own of classes trusts what the
/// file says.
pub(crate) fn register(operations: &mut OnnxOpRegister) {
    operations.insert("TreeEnsembleRegressor", regressor);
    operations.insert("TreeEnsembleClassifier", classifier);
}

type Parsed = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

fn regressor(_: &ParsingContext<'_>, node: &NodeProto) -> Parsed {
    let ensemble = ensemble(node).map_err(|why| format_err!("TreeEnsembleRegressor: {why}"))?;
    Ok((expand(Regressor(Arc::new(ensemble))), Vec::new()))
}

fn classifier(_: &ParsingContext<'_>, _: &NodeProto) -> Parsed {
    bail!("TreeEnsembleClassifier: it gives classes, and a quantity is expected")
}

/// Before shapes are known, and then.
#[derive(Clone, Debug, PartialEq)]
struct Regressor(Arc<Ensemble>);

impl Eq for Regressor {}

impl Expansion for Regressor {
    fn name(&self) -> StaticName {
        "TreeEnsembleRegressor".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, DatumType::F32)?;
        solver.equals(&inputs[0].rank, 2)?;
        solver.equals(&outputs[0].rank, 2)?;
        solver.equals(&outputs[0].shape[0], &inputs[0].shape[0])?;
        solver.equals(&outputs[0].shape[1], 1.to_dim())
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Regressor {
    fn name(&self) -> StaticName {
        "TreeEnsembleRegressor".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Regressor {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let input = input.cast_to::<f32>()?;
        let rows = input.to_plain_array_view::<f32>()?;
        let &[count, width] = rows.shape() else {
            bail!(
                "rows of numbers are expected, not the shape {:?}",
                rows.shape()
            );
        };
        if width < self.0.least_inputs {
            bail!(
                "its trees look at {} numbers of a row that has {width}",
                self.0.least_inputs
            );
        }
        let numbers: Vec<f32> = rows.iter().copied().collect();
        let said: Vec<f32> = match width {
            0 => vec![self.0.of_row(&[]); count],
            _ => numbers
                .chunks(width)
                .map(|row| self.0.of_row(row))
                .collect(),
        };
        Ok(tvec!(Tensor::from_shape(&[count, 1], &said)?.into_tvalue()))
    }
}

impl TypedOp for Regressor {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let rows = inputs[0].shape[0].clone();
        Ok(tvec!(f32::fact([rows, 1.into()])))
    }

    as_op!();
}
