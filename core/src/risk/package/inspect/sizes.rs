//! How large tensors are, as far as the file says it.
//!
//! Three things could make one larger than the check saw it. A step may take the shape of what it makes from an input: of the
//! operators that are allowed these are `Reshape`, `Squeeze`, `Unsqueeze` and those that reduce, and the input must not be
//! computed from data. Steps on constants alone are run when the model is loaded, so that what they make counts as if it
//! stood in the file. And texts may be long: a few bytes of data choose among them.

use std::collections::HashMap;

use super::super::graph::{Model, Node};
use super::operators::short;

/// The longest text that a model holds, in bytes: it names a class or a category.
const TEXT: u64 = 128;
/// Dimensions of a tensor, more than any model has.
const DIMENSIONS: u64 = 64;

/// What a tensor's numbers are computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// Constants alone.
    Constants,
    /// The shapes of other tensors, such that they grow with the number of rows and choose nothing by it.
    Shapes,
    /// Anything else.
    Data,
}

#[derive(Clone, Copy, Debug)]
struct Made {
    origin: Origin,
    /// How many numbers it has at most, where the file says it.
    numbers: Option<u64>,
}

/// The tensors that the graph and its steps have made so far.
#[derive(Debug, Default)]
pub struct Tensors<'a> {
    made: HashMap<&'a str, Made>,
    /// Numbers in what steps made of constants alone.
    pub folded: u64,
}

impl<'a> Tensors<'a> {
    /// Those that are there before the first step.
    pub fn of(model: &Model<'a>, input: &'a str) -> Result<Tensors<'a>, String> {
        let mut tensors = Tensors::default();
        tensors.add(input, Made { origin: Origin::Data, numbers: None })?;
        for tensor in &model.initializers {
            within(tensor.longest_text)?;
            tensors.add(tensor.name, Made { origin: Origin::Constants, numbers: Some(tensor.elements()) })?;
        }
        Ok(tensors)
    }

    /// How many numbers the inputs of a step have that do not come from data.
    pub fn used(&self, node: &Node<'_>) -> u64 {
        let known = node.inputs.iter().filter_map(|input| self.made.get(input)?.numbers);
        known.fold(0, u64::saturating_add)
    }

    /// Takes what a step makes that holds so many numbers itself. Whether it makes it of constants alone.
    pub fn make(&mut self, node: &Node<'a>) -> Result<bool, String> {
        let (mut own, mut origin, mut numbers) = (0_u64, Origin::Constants, Some(Vec::new()));
        for attribute in &node.attributes {
            let (entries, longest) = attribute.entries().map_err(|error| error.to_string())?;
            within(longest)?;
            own = own.saturating_add(entries);
        }
        for input in node.inputs.iter().filter(|input| !input.is_empty()) {
            let made = self.made.get(input);
            let Made { origin: of, numbers: more } = *made.ok_or_else(|| {
                format!("it takes {:?}, which no step before it makes: export it with its steps in order", short(input))
            })?;
            origin = origin.max(of);
            numbers = numbers.zip(more).map(|(mut all, more)| {
                all.push(more);
                all
            });
        }
        origin = match (self.size(node)?, node.op) {
            (_, "Shape" | "Size") => Origin::Shapes,
            (Origin::Shapes | Origin::Data, _) => Origin::Data,
            (Origin::Constants, _) if origin == Origin::Shapes && !self.grows(node) => Origin::Data,
            (Origin::Constants, _) => origin,
        };
        let numbers = match node.op {
            "Shape" => Some(DIMENSIONS),
            "Size" => Some(1),
            _ => numbers.map(|inputs| most(node, &inputs, own)),
        };
        for output in node.outputs.iter().filter(|output| !output.is_empty()) {
            self.add(output, Made { origin, numbers })?;
            if node.op != "Constant" {
                self.folded = self.folded.saturating_add(numbers.unwrap_or(0));
            }
        }
        Ok(numbers.is_some())
    }

    /// What the shape of its output is computed from, beside the shapes of its inputs.
    fn size(&self, node: &Node<'_>) -> Result<Origin, String> {
        let is_sized = ["Reshape", "Squeeze", "Unsqueeze"].contains(&node.op) || node.op.starts_with("Reduce");
        let input = node.inputs.get(1).filter(|input| is_sized && !input.is_empty());
        match input.and_then(|input| self.made.get(input)).map_or(Origin::Constants, |made| made.origin) {
            Origin::Data => Err(format!(
                "its input {:?} says which shape it makes, and is computed from data or chosen by the number of rows: \
                 export it with a fixed shape (-1 stands for the rows)",
                short(node.inputs[1])
            )),
            origin @ (Origin::Constants | Origin::Shapes) => Ok(origin),
        }
    }

    /// Whether what it makes of shapes can only grow with the number of rows.
    fn grows(&self, node: &Node<'_>) -> bool {
        match node.op {
            "Gather" => node.inputs.get(1).is_some_and(|input| self.is_constant(input)),
            "Concat" | "Squeeze" | "Unsqueeze" | "Cast" | "Identity" | "Mul" | "ReduceProd" => true,
            _ => false,
        }
    }

    fn is_constant(&self, input: &str) -> bool {
        self.made.get(input).is_some_and(|made| made.origin == Origin::Constants)
    }

    fn add(&mut self, name: &'a str, made: Made) -> Result<(), String> {
        match self.made.insert(name, made) {
            None => Ok(()),
            Some(_) => Err(format!("two of its tensors are named {:?}: export it again", short(name))),
        }
    }
}

fn within(text: u64) -> Result<(), String> {
    if text <= TEXT { Ok(()) } else { Err(format!("it holds a text of {text} bytes, at most {TEXT} are allowed")) }
}

/// How many numbers it makes at most of inputs with so many, and of its own.
fn most(node: &Node<'_>, inputs: &[u64], own: u64) -> u64 {
    match node.op {
        "Constant" => own,
        "Concat" | "Transpose" | "Cast" | "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" | "Abs"
        | "Ceil" | "Exp" | "Floor" | "Log" | "Neg" | "Not" | "Reciprocal" | "Relu" | "Round" | "Sigmoid" | "Sqrt"
        | "Tanh" => inputs.iter().fold(0, |sum, numbers| sum.saturating_add(*numbers)),
        // Others may set each number of one beside each number of another.
        _ => inputs.iter().chain([&own]).fold(1, |product, numbers| product.saturating_mul((*numbers).max(1))),
    }
}
