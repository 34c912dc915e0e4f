//! The few parts of an ONNX file that decide whether it may be run, borrowed from its bytes.
//!
//! Field numbers are those of `onnx.proto3`, <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>.

use super::wire::{Fields, Malformed, Value};

/// Nodes of one graph.
pub const NODES: usize = 10_000;
/// Tensors that a graph holds.
const INITIALIZERS: usize = 20_000;
/// Inputs, outputs and attributes of one node, and names of inputs and outputs of the graph.
const PARTS: usize = 1_024;
/// Dimensions of one tensor.
const DIMENSIONS: usize = 16;
/// Inputs and outputs of all nodes together.
const NAMES: usize = 100_000;

/// Why a file cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Its bytes are no protobuf.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It has more of something than is looked at.
    #[error("the graph has more than {1} {0}")]
    TooMany(&'static str, usize),
    /// There is no graph.
    #[error("it is not an ONNX model: it has no graph")]
    NoGraph,
}

/// What is known of a model.
#[derive(Clone, Debug, Default)]
pub struct Model<'a> {
    /// The version of the file format.
    pub ir_version: i64,
    /// Sets of operators by domain and version.
    pub opsets: Vec<(&'a str, i64)>,
    /// Whether it defines operators of its own.
    pub has_functions: bool,
    /// Whether it holds sparse tensors.
    pub has_sparse: bool,
    /// In the order in which they run.
    pub nodes: Vec<Node<'a>>,
    /// Tensors that the graph holds.
    pub initializers: Vec<Tensor<'a>>,
    /// What it takes.
    pub inputs: Vec<Declared<'a>>,
    /// What it gives.
    pub outputs: Vec<Declared<'a>>,
}

/// One step of the graph.
#[derive(Clone, Debug, Default)]
pub struct Node<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// What it does.
    pub op: &'a str,
    /// The domain of its operator.
    pub domain: &'a str,
    /// Names of tensors; an empty one is left out.
    pub inputs: Vec<&'a str>,
    /// Names of tensors.
    pub outputs: Vec<&'a str>,
    /// Its attributes, read when they are needed.
    pub attributes: Vec<Attribute<'a>>,
}

/// An attribute of a node.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attribute<'a> {
    /// Its name.
    pub name: &'a str,
    body: &'a [u8],
}

/// A tensor in the file.
#[derive(Clone, Debug, Default)]
pub struct Tensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape.
    pub dims: Vec<i64>,
    /// Whether its numbers lie in another file.
    pub is_external: bool,
    text: u64,
    /// The bytes of its longest text.
    pub longest_text: u64,
}

/// An input or output of the graph.
#[derive(Clone, Debug, Default)]
pub struct Declared<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it says that it is.
    pub kind: Declaration,
}

/// The type of an input or output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Declaration {
    /// Nothing is said.
    #[default]
    Unknown,
    /// A tensor: the number of its element type, and its shape, of which a part may be open.
    Tensor(i64, Option<Vec<Option<i64>>>),
    /// A list of maps.
    Maps,
    /// Anything else.
    Other,
}

/// The number of float32 among element types.
pub const FLOAT: i64 = 1;

/// Reads a model's structure.
pub fn read(bytes: &[u8]) -> Result<Model<'_>, GraphError> {
    let mut model = Model::default();
    let mut has_graph = false;
    for field in Fields::of(bytes) {
        match field? {
            (1, version) => model.ir_version = version.integer()?,
            (7, graph) => {
                has_graph = true;
                read_graph(graph.bytes()?, &mut model)?;
            }
            (8, opset) => push(&mut model.opsets, read_opset(opset.bytes()?)?, PARTS, "sets of operators")?,
            (25, _) => model.has_functions = true,
            _ => {}
        }
    }
    if has_graph { Ok(model) } else { Err(GraphError::NoGraph) }
}

fn read_opset(bytes: &[u8]) -> Result<(&str, i64), Malformed> {
    let mut opset = ("", 0);
    for field in Fields::of(bytes) {
        match field? {
            (1, domain) => opset.0 = domain.text()?,
            (2, version) => opset.1 = version.integer()?,
            _ => {}
        }
    }
    Ok(opset)
}

fn read_graph<'a>(bytes: &'a [u8], model: &mut Model<'a>) -> Result<(), GraphError> {
    let mut names = 0;
    for field in Fields::of(bytes) {
        match field? {
            (1, node) => {
                let node = read_node(node.bytes()?)?;
                names += node.inputs.len() + node.outputs.len();
                if names > NAMES {
                    return Err(GraphError::TooMany("names of tensors", NAMES));
                }
                push(&mut model.nodes, node, NODES, "nodes")?;
            }
            (5, tensor) => push(&mut model.initializers, read_tensor(tensor.bytes()?)?, INITIALIZERS, "tensors")?,
            (11, input) => push(&mut model.inputs, read_declared(input.bytes()?)?, INITIALIZERS, "inputs")?,
            (12, output) => push(&mut model.outputs, read_declared(output.bytes()?)?, PARTS, "outputs")?,
            (15, _) => model.has_sparse = true,
            _ => {}
        }
    }
    Ok(())
}

fn read_node(bytes: &[u8]) -> Result<Node<'_>, GraphError> {
    let mut node = Node::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, input) => push(&mut node.inputs, input.text()?, PARTS, "inputs of one node")?,
            (2, output) => push(&mut node.outputs, output.text()?, PARTS, "outputs of one node")?,
            (3, name) => node.name = name.text()?,
            (4, op) => node.op = op.text()?,
            (5, attribute) => {
                let attribute = read_attribute(attribute.bytes()?)?;
                push(&mut node.attributes, attribute, PARTS, "attributes of one node")?;
            }
            (7, domain) => node.domain = domain.text()?,
            _ => {}
        }
    }
    Ok(node)
}

fn read_attribute(body: &[u8]) -> Result<Attribute<'_>, Malformed> {
    let mut name = "";
    for field in Fields::of(body) {
        if let (1, text) = field? {
            name = text.text()?;
        }
    }
    Ok(Attribute { name, body })
}

fn read_tensor(bytes: &[u8]) -> Result<Tensor<'_>, GraphError> {
    let mut tensor = Tensor::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, dims) => {
                dims.integers(&mut tensor.dims, DIMENSIONS)?;
                if tensor.dims.len() > DIMENSIONS {
                    return Err(GraphError::TooMany("dimensions", DIMENSIONS));
                }
            }
            (6, text) => {
                let length = text.bytes()?.len() as u64;
                tensor.text += length;
                tensor.longest_text = tensor.longest_text.max(length);
            }
            (8, name) => tensor.name = name.text()?,
            (13, _) => tensor.is_external = true,
            (14, location) => tensor.is_external |= location.integer()? != 0,
            _ => {}
        }
    }
    Ok(tensor)
}

fn read_declared(bytes: &[u8]) -> Result<Declared<'_>, GraphError> {
    let mut declared = Declared::default();
    for field in Fields::of(bytes) {
        match field? {
            (1, name) => declared.name = name.text()?,
            (2, kind) => declared.kind = read_type(kind.bytes()?)?,
            _ => {}
        }
    }
    Ok(declared)
}

fn read_type(bytes: &[u8]) -> Result<Declaration, GraphError> {
    let mut found = Declaration::Unknown;
    for field in Fields::of(bytes) {
        found = match field? {
            (1, tensor) => read_tensor_type(tensor.bytes()?)?,
            (4, sequence) if is_sequence_of_maps(sequence.bytes()?)? => Declaration::Maps,
            (4 | 5 | 8 | 9, _) => Declaration::Other,
            _ => found,
        };
    }
    Ok(found)
}

fn is_sequence_of_maps(bytes: &[u8]) -> Result<bool, Malformed> {
    let mut is_map = false;
    for field in Fields::of(bytes) {
        if let (1, element) = field? {
            for field in Fields::of(element.bytes()?) {
                is_map |= matches!(field?, (5, _));
            }
        }
    }
    Ok(is_map)
}

fn read_tensor_type(bytes: &[u8]) -> Result<Declaration, GraphError> {
    let (mut element, mut shape) = (0, None);
    for field in Fields::of(bytes) {
        match field? {
            (1, number) => element = number.integer()?,
            (2, dims) => {
                let shape = shape.get_or_insert_default();
                for dim in Fields::of(dims.bytes()?) {
                    if let (1, dim) = dim? {
                        push(shape, read_dim(dim.bytes()?)?, DIMENSIONS, "dimensions")?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Declaration::Tensor(element, shape))
}

fn read_dim(bytes: &[u8]) -> Result<Option<i64>, Malformed> {
    let mut dim = None;
    for field in Fields::of(bytes) {
        if let (1, value) = field? {
            // Some exporters write what is open as -1 or 0.
            dim = Some(value.integer()?).filter(|value| *value > 0);
        }
    }
    Ok(dim)
}

fn push<T>(list: &mut Vec<T>, item: T, limit: usize, what: &'static str) -> Result<(), GraphError> {
    if list.len() >= limit {
        return Err(GraphError::TooMany(what, limit));
    }
    list.push(item);
    Ok(())
}

impl Tensor<'_> {
    /// How many numbers, or bytes of text, it has; the largest number when nobody could hold them.
    pub fn elements(&self) -> u64 {
        let dims = self.dims.iter().map(|&dim| u64::try_from(dim).unwrap_or(u64::MAX));
        dims.fold(1, u64::saturating_mul).max(self.text)
    }
}

impl<'a> Node<'a> {
    /// The attribute of a name; an empty one when there is none.
    pub fn attribute(&self, name: &str) -> Attribute<'a> {
        self.attributes.iter().find(|attribute| attribute.name == name).copied().unwrap_or_default()
    }
}

impl<'a> Attribute<'a> {
    /// A list of integers, of `limit` at most.
    pub fn integers(&self, limit: usize) -> Result<Vec<i64>, GraphError> {
        let mut list = Vec::new();
        for field in Fields::of(self.body) {
            if let (8, value) = field? {
                value.integers(&mut list, limit)?;
            }
            if list.len() > limit {
                return Err(GraphError::TooMany("entries in one list", limit));
            }
        }
        Ok(list)
    }

    /// A list of texts, of `limit` at most.
    pub fn texts(&self, limit: usize) -> Result<Vec<&'a [u8]>, GraphError> {
        let mut list = Vec::new();
        for field in Fields::of(self.body) {
            if let (9, value) = field? {
                push(&mut list, value.bytes()?, limit, "entries in one list")?;
            }
        }
        Ok(list)
    }

    /// How many floats its list has.
    pub fn floats(&self) -> Result<u64, Malformed> {
        let mut count = 0;
        for field in Fields::of(self.body) {
            if let (7, value) = field? {
                count += value.floats()?;
            }
        }
        Ok(count)
    }

    /// How many numbers and bytes of text it holds in all, and the bytes of its longest text.
    pub fn entries(&self) -> Result<(u64, u64), GraphError> {
        let (mut entries, mut longest) = (self.floats()?, 0);
        for field in Fields::of(self.body) {
            match field? {
                (4 | 9, text) => {
                    let length = text.bytes()?.len() as u64;
                    (entries, longest) = (entries + length.max(1), length.max(longest));
                }
                // An integer has a byte at least.
                (8, Value::Bytes(packed)) => entries += packed.len() as u64,
                (2 | 3 | 8, _) => entries += 1,
                _ => {}
            }
        }
        for tensor in self.tensors()? {
            (entries, longest) = (entries.saturating_add(tensor.elements()), longest.max(tensor.longest_text));
        }
        Ok((entries, longest))
    }

    /// Its tensors.
    pub fn tensors(&self) -> Result<Vec<Tensor<'a>>, GraphError> {
        let mut list = Vec::new();
        for field in Fields::of(self.body) {
            if let (5 | 10, value) = field? {
                push(&mut list, read_tensor(value.bytes()?)?, PARTS, "tensors of one node")?;
            }
        }
        Ok(list)
    }

    /// Whether it holds a graph, and with it a loop, a branch or the like.
    pub fn has_graph(&self) -> Result<bool, Malformed> {
        let mut has_graph = false;
        for field in Fields::of(self.body) {
            has_graph |= matches!(field?, (6 | 11, _));
        }
        Ok(has_graph)
    }

    /// Whether it holds a sparse tensor.
    pub fn has_sparse(&self) -> Result<bool, Malformed> {
        let mut has_sparse = false;
        for field in Fields::of(self.body) {
            has_sparse |= matches!(field?, (22 | 23, _));
        }
        Ok(has_sparse)
    }
}
