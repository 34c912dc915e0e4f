//! Writes small ONNX files for tests, in the same few fields that are read.

/// An attribute of a node.
pub enum Attribute<'a> {
    Int(&'a str, i64),
    Ints(&'a str, Vec<i64>),
    Texts(&'a str, Vec<&'a str>),
    Floats(&'a str, Vec<f32>),
    Graph(&'a str),
}

/// A model in the making.
pub struct File {
    ir_version: i64,
    opsets: Vec<u8>,
    graph: Vec<u8>,
    rest: Vec<u8>,
}

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub fn int(field: u64, value: i64) -> Vec<u8> {
    [varint(field << 3), varint(value.cast_unsigned())].concat()
}

pub fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn packed(field: u64, values: &[i64]) -> Vec<u8> {
    let list: Vec<u8> = values.iter().flat_map(|value| varint(value.cast_unsigned())).collect();
    bytes(field, &list)
}

impl Attribute<'_> {
    fn write(&self) -> Vec<u8> {
        let (name, kind, value) = match self {
            Attribute::Int(name, value) => (name, 2, int(3, *value)),
            Attribute::Ints(name, values) => (name, 7, packed(8, values)),
            Attribute::Texts(name, texts) => {
                (name, 8, texts.iter().flat_map(|text| bytes(9, text.as_bytes())).collect())
            }
            Attribute::Floats(name, floats) => {
                let list: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
                (name, 6, bytes(7, &list))
            }
            Attribute::Graph(name) => (name, 5, bytes(6, &[])),
        };
        [bytes(1, name.as_bytes()), value, int(20, kind)].concat()
    }
}

/// A tensor of float32 zeros.
pub fn zeros(name: &str, dims: &[i64]) -> Vec<u8> {
    let count: i64 = dims.iter().product();
    [tensor(name, dims), bytes(9, &vec![0; count as usize * 4])].concat()
}

/// A tensor of float32 without its numbers.
pub fn tensor(name: &str, dims: &[i64]) -> Vec<u8> {
    [packed(1, dims), int(2, 1), bytes(8, name.as_bytes())].concat()
}

/// A declared tensor; 0 is an open dimension.
pub fn declared(name: &str, element: i64, dims: &[i64]) -> Vec<u8> {
    let dim = |dim: &i64| bytes(1, &if *dim == 0 { bytes(2, b"n") } else { int(1, *dim) });
    let shape: Vec<u8> = dims.iter().flat_map(dim).collect();
    let kind = bytes(1, &[int(1, element), bytes(2, &shape)].concat());
    [bytes(1, name.as_bytes()), bytes(2, &kind)].concat()
}

impl File {
    /// A graph from `input` float32 [n, features] to `output` float32 [n, 2].
    pub fn new(input: &str, features: usize, output: &str) -> File {
        let graph = [bytes(11, &declared(input, 1, &[0, features as i64])), bytes(12, &declared(output, 1, &[0, 2]))];
        let file = File { ir_version: 8, opsets: Vec::new(), graph: graph.concat(), rest: Vec::new() };
        file.opset("", 15).opset("ai.onnx.ml", 3)
    }

    /// One without inputs, outputs and opsets.
    pub fn bare() -> File {
        File { ir_version: 8, opsets: Vec::new(), graph: Vec::new(), rest: Vec::new() }
    }

    pub fn ir_version(self, ir_version: i64) -> File {
        File { ir_version, ..self }
    }

    pub fn opset(mut self, domain: &str, version: i64) -> File {
        self.opsets.extend(bytes(8, &[bytes(1, domain.as_bytes()), int(2, version)].concat()));
        self
    }

    /// Adds a field of the graph.
    pub fn part(mut self, field: u64, value: &[u8]) -> File {
        self.graph.extend(bytes(field, value));
        self
    }

    /// Adds a field of the model.
    pub fn field(mut self, field: u64, value: &[u8]) -> File {
        self.rest.extend(bytes(field, value));
        self
    }

    pub fn node(self, operator: (&str, &str), inputs: &[&str], outputs: &[&str], attributes: &[Attribute<'_>]) -> File {
        let (domain, op) = operator;
        let mut node: Vec<u8> = inputs.iter().flat_map(|name| bytes(1, name.as_bytes())).collect();
        node.extend(outputs.iter().flat_map(|name| bytes(2, name.as_bytes())));
        node.extend(bytes(4, op.as_bytes()));
        node.extend(attributes.iter().flat_map(|attribute| bytes(5, &attribute.write())));
        node.extend(bytes(7, domain.as_bytes()));
        self.part(1, &node)
    }

    pub fn write(self) -> Vec<u8> {
        [int(1, self.ir_version), bytes(7, &[bytes(2, b"graph"), self.graph].concat()), self.opsets, self.rest].concat()
    }
}

/// A graph that squares a large matrix again and again: milliseconds a step.
pub fn slow(input: &str, features: usize, output: &str, steps: usize) -> Vec<u8> {
    let mut file = File::bare().opset("", 15).part(11, &declared(input, 1, &[0, features as i64]));
    file = file.part(12, &declared(output, 1, &[0, 0])).part(5, &zeros("wide", &[features as i64, 512]));
    file = file.part(5, &zeros("square", &[512, 512]));
    file = file.node(("", "MatMul"), &[input, "wide"], &["row"], &[]);
    file = file.node(("", "Add"), &["row", "square"], &["0"], &[]);
    for step in 0..steps {
        let (from, to) = (step.to_string(), (step + 1).to_string());
        let to = if step + 1 == steps { output } else { &to };
        file = file.node(("", "MatMul"), &[&from, &from], &[to], &[]);
    }
    file.write()
}

/// A graph that gives every row these two numbers, as a tensor or as a map of classes 0 and 1.
pub fn constant(input: &str, features: usize, output: &str, numbers: [f32; 2], is_map: bool) -> Vec<u8> {
    let list: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut file = File::bare().opset("", 15).opset("ai.onnx.ml", 3);
    file = file.part(11, &declared(input, 1, &[0, features as i64]));
    file = file.part(5, &zeros("nothing", &[features as i64, 2]));
    file = file.part(5, &[tensor("numbers", &[2]), bytes(9, &list)].concat());
    file = file.node(("", "MatMul"), &[input, "nothing"], &["zeros"], &[]);
    let classes = [Attribute::Ints("classlabels_int64s", vec![0, 1])];
    if is_map {
        let maps = bytes(4, &bytes(1, &bytes(5, &[int(1, 7), bytes(2, &bytes(1, &int(1, 1)))].concat())));
        file = file.part(12, &[bytes(1, output.as_bytes()), bytes(2, &maps)].concat());
        file = file.node(("", "Add"), &["zeros", "numbers"], &["sums"], &[]);
        file = file.node(("ai.onnx.ml", "ZipMap"), &["sums"], &[output], &classes);
    } else {
        file = file.part(12, &declared(output, 1, &[0, 2]));
        file = file.node(("", "Add"), &["zeros", "numbers"], &[output], &[]);
    }
    file.write()
}
