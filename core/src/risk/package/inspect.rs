//! What a graph may be, judged by its structure alone: nothing of it is run.
//!
//! An operator that has begun cannot be interrupted, and it runs on the engine's thread. So what it can cost at most must
//! follow from the file: there are no loops, no tensor is as large as the data says, and trees have bounded depth.

mod operators;
mod sizes;
mod trees;

use std::collections::HashSet;

use super::Kind;
use super::graph::{self, Declaration, FLOAT, Model, Node};
use sizes::Tensors;

/// Versions of the file format that ONNX Runtime 1.31 reads.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=13;
/// Sets of operators that ONNX Runtime 1.31 promises to run, by domain.
const OPSETS: [(&str, std::ops::RangeInclusive<i64>); 2] = [("ai.onnx", 7..=26), ("ai.onnx.ml", 1..=5)];
/// Nodes of trees that are visited for one row at most. At a few nanoseconds each it is a fraction of a millisecond.
pub const VISITS: u64 = 20_000;
/// Numbers that the weights of all steps have together, one used twice counted twice: about as many multiplications a row.
/// As many may steps make of constants alone.
pub const WEIGHTS: u64 = 4_000_000;

/// What the manifest says of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its input.
    pub input: &'a str,
    /// How many features it takes.
    pub features: usize,
    /// Its output.
    pub output: &'a str,
    /// What the output is.
    pub kind: &'a Kind,
    /// Which column of it.
    pub column: usize,
}

/// What a graph is that may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Sets of operators.
    pub opsets: Vec<(String, i64)>,
    /// Steps.
    pub nodes: usize,
    /// Trees.
    pub trees: u64,
    /// Nodes of trees that are visited for one row at most.
    pub visits: u64,
    /// Numbers in the weights.
    pub weights: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let opsets: Vec<String> = self.opsets.iter().map(|(domain, version)| format!("{domain} {version}")).collect();
        write!(f, "{} steps of {}", self.nodes, opsets.join(" and "))?;
        if self.trees > 0 {
            write!(f, ", {} trees in which a row visits at most {} nodes", self.trees, self.visits)?;
        }
        if self.weights > 0 {
            write!(f, ", {} weights", self.weights)?;
        }
        Ok(())
    }
}

/// Judges the model in `bytes`; what is wrong with it stands in the order of importance.
pub fn inspect(bytes: &[u8], expected: &Expected<'_>) -> Result<Summary, Vec<String>> {
    let model = graph::read(bytes).map_err(|error| vec![error.to_string()])?;
    let mut complaints = versions(&model);
    complaints.extend(operators::complaints(&model));
    complaints.extend(storage(&model));
    complaints.extend(input(&model, expected).err());
    complaints.extend(output(&model, expected).err());
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let work = work(&model, expected).map_err(|complaint| vec![complaint])?;
    let opsets = model.opsets.iter().map(|&(domain, version)| (domain_name(domain).to_owned(), version)).collect();
    let summary =
        Summary { opsets, nodes: model.nodes.len(), trees: work.trees, visits: work.visits, weights: work.weights };
    let mut complaints = Vec::new();
    if work.visits > VISITS {
        let visits = work.visits;
        complaints.push(format!(
            "its trees visit up to {visits} nodes for one row, at most {VISITS} are allowed: train fewer or shallower trees"
        ));
    }
    if work.weights > WEIGHTS {
        let weights = work.weights;
        complaints
            .push(format!("its weights have {weights} numbers, at most {WEIGHTS} are allowed: train a smaller model"));
    }
    if work.folded > WEIGHTS {
        let folded = work.folded;
        complaints.push(format!(
            "what its steps make of constants alone has up to {folded} numbers, at most {WEIGHTS} are allowed: export it with \
             constants folded"
        ));
    }
    if complaints.is_empty() { Ok(summary) } else { Err(complaints) }
}

/// The domain as people write it.
fn domain_name(domain: &str) -> &str {
    if domain.is_empty() { "ai.onnx" } else { domain }
}

fn versions(model: &Model<'_>) -> Vec<String> {
    let mut complaints = Vec::new();
    if !IR_VERSIONS.contains(&model.ir_version) {
        let (first, last) = (IR_VERSIONS.start(), IR_VERSIONS.end());
        let found = model.ir_version;
        complaints.push(format!("its IR version is {found}; {first} to {last} can be run: set ir_version at export"));
    }
    for &(domain, version) in &model.opsets {
        let name = domain_name(domain);
        let known = OPSETS.iter().find(|(known, _)| *known == name);
        match known {
            None => {
                complaints.push(format!("it imports operators of {name:?}; a model uses ai.onnx and ai.onnx.ml alone"))
            }
            Some((_, versions)) if !versions.contains(&version) => {
                let (first, last) = (versions.start(), versions.end());
                complaints.push(format!(
                    "its opset {version} of {name} cannot be run; export with target_opset {first} to {last}"
                ));
            }
            Some(_) => {}
        }
    }
    if model.opsets.is_empty() {
        complaints.push("it does not say which opset it was made for: export it again".to_owned());
    }
    complaints
}

fn storage(model: &Model<'_>) -> Vec<String> {
    let mut complaints = Vec::new();
    let external = "its weights lie in another file; save the model as one file (save_as_external_data=False)";
    if model.initializers.iter().any(|tensor| tensor.is_external) {
        complaints.push(external.to_owned());
    }
    if model.has_functions {
        complaints.push("it defines operators of its own (functions): export it with them inlined".to_owned());
    }
    if model.has_sparse {
        complaints.push("it holds sparse tensors: export them as dense ones".to_owned());
    }
    complaints
        .extend(model.nodes.iter().filter_map(|node| node_storage(node, external).err()).take(operators::COMPLAINTS));
    complaints
}

fn node_storage(node: &Node<'_>, external: &str) -> Result<(), String> {
    let mut names = HashSet::new();
    for attribute in &node.attributes {
        let of = || format!("attribute {:?} of {}", attribute.name, operators::named(node));
        if !names.insert(attribute.name) {
            return Err(format!("{} is given twice", of()));
        }
        if attribute.has_graph().map_err(|error| error.to_string())? {
            return Err(format!("{} holds a graph: loops and branches are not allowed", of()));
        }
        if attribute.has_sparse().map_err(|error| error.to_string())? {
            return Err(format!("{} is a sparse tensor: export it as a dense one", of()));
        }
        let tensors = attribute.tensors().map_err(|error| error.to_string())?;
        if tensors.iter().any(|tensor| tensor.is_external) {
            return Err(external.to_owned());
        }
    }
    Ok(())
}

fn input(model: &Model<'_>, expected: &Expected<'_>) -> Result<(), String> {
    let held: HashSet<&str> = model.initializers.iter().map(|tensor| tensor.name).collect();
    let inputs: Vec<_> = model.inputs.iter().filter(|input| !held.contains(input.name)).collect();
    let features = expected.features;
    let wanted = format!("float32 [n, {features}]");
    let [input] = inputs.as_slice() else {
        let names: Vec<&str> = inputs.iter().map(|input| input.name).take(8).collect();
        return Err(format!("it has {} inputs ({}); it must have one, {wanted}", inputs.len(), names.join(", ")));
    };
    if input.name != expected.input {
        return Err(format!("its input is named {:?}; the manifest says {:?}", input.name, expected.input));
    }
    match &input.kind {
        Declaration::Tensor(FLOAT, None) => Ok(()),
        Declaration::Tensor(FLOAT, Some(shape)) => match shape.as_slice() {
            [None, width] if width.is_none_or(|width| width == features as i64) => Ok(()),
            [None, Some(width)] => {
                Err(format!("its input takes {width} features; the manifest names {features}: export it again"))
            }
            [Some(rows), _] => Err(format!(
                "its input takes {rows} rows at a time; the first dimension must be open (export with a dynamic batch axis)"
            )),
            _ => Err(format!("its input has {} dimensions; it must be {wanted}", shape.len())),
        },
        Declaration::Unknown | Declaration::Tensor(..) | Declaration::Maps | Declaration::Other => {
            Err(format!("its input is no tensor of float32; it must be {wanted}"))
        }
    }
}

fn output(model: &Model<'_>, expected: &Expected<'_>) -> Result<(), String> {
    let name = expected.output;
    let Some(output) = model.outputs.iter().find(|output| output.name == name) else {
        let names: Vec<&str> = model.outputs.iter().map(|output| output.name).take(8).collect();
        return Err(format!("it has no output {name:?} as the manifest says; its outputs are {}", names.join(", ")));
    };
    match (expected.kind, &output.kind) {
        (_, Declaration::Unknown) | (Kind::Map(_), Declaration::Maps) => Ok(()),
        (Kind::Map(_), Declaration::Tensor(..) | Declaration::Other) => {
            Err(format!("its output {name:?} is no list of maps; say kind = \"probability\" and a column"))
        }
        (Kind::Probability | Kind::Logit, Declaration::Tensor(FLOAT, shape)) => {
            column(name, shape.as_deref(), expected)
        }
        (Kind::Probability | Kind::Logit, Declaration::Maps) => {
            Err(format!("its output {name:?} is a list of maps; say kind = \"map\", or export with zipmap=False"))
        }
        (Kind::Probability | Kind::Logit, Declaration::Tensor(..) | Declaration::Other) => {
            Err(format!("its output {name:?} is no tensor of float32: is it the label? cast doubles to float32"))
        }
    }
}

fn column(name: &str, shape: Option<&[Option<i64>]>, expected: &Expected<'_>) -> Result<(), String> {
    let column = expected.column;
    let width = match shape {
        None => return Ok(()),
        Some([_]) => Some(1),
        Some([_, width]) => *width,
        Some(shape) => {
            return Err(format!("its output {name:?} has {} dimensions; it must be [n, k] or [n]", shape.len()));
        }
    };
    match width {
        Some(width) if column as i64 >= width => {
            Err(format!("its output {name:?} has {width} columns, counted from 0; the manifest says column {column}"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What one row costs at most.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    trees: u64,
    visits: u64,
    weights: u64,
    folded: u64,
}

fn work(model: &Model<'_>, expected: &Expected<'_>) -> Result<Work, String> {
    let mut tensors = Tensors::of(model, expected.input)?;
    let mut work = Work::default();
    for node in &model.nodes {
        let faulty = |error: &dyn std::fmt::Display| format!("{}: {error}", operators::named(node));
        let own = own_numbers(node).map_err(|error| faulty(&error))?;
        let numbers = tensors.used(node).saturating_add(own);
        let is_folded = tensors.make(node).map_err(|error| faulty(&error))?;
        let features = (node.inputs.first() == Some(&expected.input)).then_some(expected.features);
        if let Some(ensemble) = trees::read(node, features).map_err(|error| faulty(&error))? {
            // What trees hold is not multiplied: depth is their measure.
            work.trees += ensemble.trees;
            work.visits = work.visits.saturating_add(ensemble.visits);
        } else if !is_folded {
            work.weights = work.weights.saturating_add(numbers);
        }
    }
    work.folded = tensors.folded;
    Ok(work)
}

/// How many numbers a step holds itself.
fn own_numbers(node: &Node<'_>) -> Result<u64, graph::GraphError> {
    let mut sum = 0_u64;
    for attribute in &node.attributes {
        sum = sum.saturating_add(attribute.floats()?);
        for tensor in attribute.tensors()? {
            sum = sum.saturating_add(tensor.elements());
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests;
