//! Ensembles of trees that give quantities: `TreeEnsembleRegressor` of ai.onnx.ml.
//!
//! <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html>

mod op;
mod read;

pub(crate) use op::register;

/// How a node asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
}

impl Comparison {
    fn holds(self, value: f32, limit: f32) -> bool {
        match self {
            Self::LessOrEqual => value <= limit,
            Self::Less => value < limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Greater => value > limit,
            Self::Equal => value == limit,
            Self::NotEqual => value != limit,
        }
    }
}

/// A node of a tree; places of others are within the ensemble's nodes, and lead away from the root.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Node {
    Branch {
        feature: usize,
        comparison: Comparison,
        limit: f32,
        yes: usize,
        no: usize,
        /// Where what is unknown goes.
        unknown: usize,
    },
    Leaf(f64),
}

/// What the trees' leaves come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Aggregate {
    Sum,
    Average,
    Least,
    Most,
}

/// All trees.
#[derive(Clone, PartialEq, Debug)]
struct Ensemble {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    base: f64,
    aggregate: Aggregate,
    /// Numbers that a row has to have.
    least_inputs: usize,
}

impl Ensemble {
    /// What it says of a row that has as many numbers as it needs.
    fn of_row(&self, row: &[f32]) -> f32 {
        let mut leaves = self.roots.iter().map(|root| self.leaf(*root, row));
        let value = match self.aggregate {
            Aggregate::Sum => leaves.sum::<f64>(),
            Aggregate::Average => leaves.sum::<f64>() / self.roots.len() as f64,
            Aggregate::Least => leaves.by_ref().fold(f64::INFINITY, f64::min),
            Aggregate::Most => leaves.by_ref().fold(f64::NEG_INFINITY, f64::max),
        };
        (self.base + value) as f32
    }

    fn leaf(&self, root: usize, row: &[f32]) -> f64 {
        let mut at = root;
        loop {
            match self.nodes[at] {
                Node::Leaf(weight) => return weight,
                Node::Branch {
                    feature,
                    comparison,
                    limit,
                    yes,
                    no,
                    unknown,
                } => {
                    let value = row[feature];
                    at = if value.is_nan() {
                        unknown
                    } else if comparison.holds(value, limit) {
                        yes
                    } else {
                        no
                    };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_goes_where_its_numbers_say() {
        let branch = |feature, comparison, yes, no, unknown| Node::Branch {
            feature,
            comparison,
            limit: 1.0,
            yes,
            no,
            unknown,
        };
        let mut ensemble = Ensemble {
            nodes: vec![
                branch(0, Comparison::LessOrEqual, 1, 2, 2),
                Node::Leaf(1.0),
                branch(1, Comparison::Greater, 3, 4, 3),
                Node::Leaf(10.0),
                Node::Leaf(100.0),
                Node::Leaf(1_000.0),
            ],
            roots: vec![0, 5],
            base: 0.5,
            aggregate: Aggregate::Sum,
            least_inputs: 2,
        };
        let nan = f32::NAN;
        for (row, value) in [
            ([1.0, 0.0], 1_001.5),
            ([1.5, 2.0], 1_010.5),
            ([1.5, 1.0], 1_100.5),
            ([nan, 1.0], 1_100.5),
            ([nan, nan], 1_010.5),
        ] {
            assert_eq!(ensemble.of_row(&row), value, "{row:?}");
        }
        for (aggregate, value) in [
            (Aggregate::Average, 501.0),
            (Aggregate::Least, 1.5),
            (Aggregate::Most, 1_000.5),
        ] {
            ensemble.aggregate = aggregate;
            assert_eq!(ensemble.of_row(&[0.0, 0.0]), value, "{aggregate:?}");
        }
    }
}
