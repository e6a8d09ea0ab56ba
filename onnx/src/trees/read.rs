//! An ensemble out of a node's attributes, which come from outside: whatever leads somewhere is
//! checked.

use super::{Aggregate, Comparison, Ensemble, Node};
use std::collections::BTreeMap;
use tract_onnx::pb::{AttributeProto, NodeProto};

/// The attributes of a node.
struct Attributes<'a>(BTreeMap<&'a str, &'a AttributeProto>);

impl<'a> Attributes<'a> {
    fn of(node: &'a NodeProto) -> Self {
        let named = node.attribute.iter();
        Self(
            named
                .map(|attribute| (attribute.name.as_str(), attribute))
                .collect(),
        )
    }

    fn places(&self, name: &str) -> Result<Vec<usize>, String> {
        let ints = self.0.get(name).map_or(&[][..], |a| a.ints.as_slice());
        let places = ints.iter().map(|int| usize::try_from(*int));
        places
            .collect::<Result<_, _>>()
            .map_err(|_| format!("{name} has a number below 0"))
    }

    fn floats(&self, name: &str) -> Result<Vec<f32>, String> {
        if self.0.contains_key(format!("{name}_as_tensor").as_str()) {
            return Err(format!(
                "{name}_as_tensor: only numbers of 32 bits are read"
            ));
        }
        let floats = self.0.get(name).map_or(&[][..], |a| a.floats.as_slice());
        match floats.iter().all(|float| float.is_finite()) {
            true => Ok(floats.to_vec()),
            false => Err(format!("{name} has a number that is not finite")),
        }
    }

    fn words(&self, name: &str) -> Result<Vec<&'a str>, String> {
        let strings = self.0.get(name).map_or(&[][..], |a| a.strings.as_slice());
        let words = strings.iter().map(|bytes| std::str::from_utf8(bytes));
        words
            .collect::<Result<_, _>>()
            .map_err(|_| format!("{name} has a word that is not UTF-8"))
    }

    fn word(&self, name: &str, default: &'static str) -> Result<&'a str, String> {
        match self.0.get(name) {
            None => Ok(default),
            Some(attribute) => {
                std::str::from_utf8(&attribute.s).map_err(|_| format!("{name} is not UTF-8"))
            }
        }
    }
}

/// Which node of which tree.
type Id = (usize, usize);

/// Reads an ensemble with one target.
pub(super) fn ensemble(node: &NodeProto) -> Result<Ensemble, String> {
    let attributes = Attributes::of(node);
    let targets = attributes.0.get("n_targets").map_or(1, |a| a.i);
    if targets != 1 {
        return Err(format!("it has {targets} targets, and one is expected"));
    }
    if attributes.word("post_transform", "NONE")? != "NONE" {
        return Err("its post_transform is none that a quantity has".to_owned());
    }
    let base = attributes.floats("base_values")?;
    let base = match base.as_slice() {
        [] => 0.0,
        [base] => f64::from(*base),
        more => return Err(format!("it has {} base values for one target", more.len())),
    };
    let aggregate = match attributes.word("aggregate_function", "SUM")? {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Least,
        "MAX" => Aggregate::Most,
        other => return Err(format!("aggregate_function {other} is not known")),
    };
    let leaves = leaves(&attributes)?;
    let (nodes, roots) = nodes(&attributes, &leaves)?;
    let features = nodes.iter().map(|node| match node {
        Node::Branch { feature, .. } => feature.saturating_add(1),
        Node::Leaf(_) => 0,
    });
    let least_inputs = features.max().unwrap_or(0);
    check_trees(&nodes, &roots)?;
    Ok(Ensemble {
        nodes,
        roots,
        base,
        aggregate,
        least_inputs,
    })
}

/// What each leaf gives; several weights of one leaf add up.
fn leaves(attributes: &Attributes<'_>) -> Result<BTreeMap<Id, f64>, String> {
    let trees = attributes.places("target_treeids")?;
    let nodes = attributes.places("target_nodeids")?;
    let weights = attributes.floats("target_weights")?;
    let targets = attributes.places("target_ids")?;
    let lengths = [nodes.len(), weights.len(), targets.len()];
    if lengths.iter().any(|length| *length != trees.len()) {
        return Err("its leaves' attributes differ in length".to_owned());
    }
    if targets.iter().any(|target| *target != 0) {
        return Err("a leaf is of another target".to_owned());
    }
    let mut leaves = BTreeMap::new();
    for ((tree, node), weight) in trees.into_iter().zip(nodes).zip(weights) {
        *leaves.entry((tree, node)).or_default() += f64::from(weight);
    }
    Ok(leaves)
}

fn nodes(
    attributes: &Attributes<'_>,
    leaves: &BTreeMap<Id, f64>,
) -> Result<(Vec<Node>, Vec<usize>), String> {
    let trees = attributes.places("nodes_treeids")?;
    let ids = attributes.places("nodes_nodeids")?;
    let features = attributes.places("nodes_featureids")?;
    let modes = attributes.words("nodes_modes")?;
    let limits = attributes.floats("nodes_values")?;
    let yes = attributes.places("nodes_truenodeids")?;
    let no = attributes.places("nodes_falsenodeids")?;
    let mut unknown = attributes.places("nodes_missing_value_tracks_true")?;
    let count = trees.len();
    if unknown.is_empty() {
        unknown.resize(count, 0);
    }
    let lengths = [
        ids.len(),
        features.len(),
        modes.len(),
        limits.len(),
        yes.len(),
        no.len(),
        unknown.len(),
    ];
    if count == 0 || lengths.iter().any(|length| *length != count) {
        return Err("its nodes' attributes are missing, or differ in length".to_owned());
    }
    let mut places = BTreeMap::new();
    for (place, id) in trees.iter().copied().zip(ids.iter().copied()).enumerate() {
        if places.insert(id, place).is_some() {
            return Err(format!("node {} of tree {} is there twice", id.1, id.0));
        }
    }
    let mut nodes = Vec::with_capacity(count);
    let mut is_child = vec![false; count];
    for at in 0..count {
        let tree = trees[at];
        let mut child = |id: usize| {
            let place = places.get(&(tree, id)).copied();
            let place = place.ok_or_else(|| format!("tree {tree} has no node {id}"))?;
            is_child[place] = true;
            Ok::<usize, String>(place)
        };
        let comparison = match modes[at] {
            "LEAF" => None,
            "BRANCH_LEQ" => Some(Comparison::LessOrEqual),
            "BRANCH_LT" => Some(Comparison::Less),
            "BRANCH_GTE" => Some(Comparison::GreaterOrEqual),
            "BRANCH_GT" => Some(Comparison::Greater),
            "BRANCH_EQ" => Some(Comparison::Equal),
            "BRANCH_NEQ" => Some(Comparison::NotEqual),
            other => return Err(format!("the mode {} is not known", other.escape_debug())),
        };
        nodes.push(match comparison {
            None => Node::Leaf(leaves.get(&(tree, ids[at])).copied().unwrap_or(0.0)),
            Some(comparison) => {
                let (yes, no) = (child(yes[at])?, child(no[at])?);
                Node::Branch {
                    feature: features[at],
                    comparison,
                    limit: limits[at],
                    yes,
                    no,
                    unknown: if unknown[at] == 1 { yes } else { no },
                }
            }
        });
    }
    let roots: Vec<usize> = (0..count).filter(|place| !is_child[*place]).collect();
    Ok((nodes, roots))
}

/// Each node is reached once: nothing goes in a circle.
fn check_trees(nodes: &[Node], roots: &[usize]) -> Result<(), String> {
    let mut seen = vec![false; nodes.len()];
    let mut open = roots.to_vec();
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            return Err("two nodes lead to one".to_owned());
        }
        if let Node::Branch { yes, no, .. } = nodes[at] {
            open.extend([yes, no]);
        }
    }
    match seen.iter().all(|seen| *seen) {
        true => Ok(()),
        false => Err("its nodes lead in a circle".to_owned()),
    }
}
