//! What is refused, and in which words.

use proptest::prelude::*;

use super::super::Column;
use super::super::onnx_file::{Attribute, File, bytes, declared, int, tensor};
use super::*;

const EXPECTED: Expected<'static> =
    Expected { input: "features", features: 14, output: "probabilities", kind: &Kind::Probability, column: 1 };
/// The same of the shipped model.
const SHIPPED: Expected<'static> = Expected { features: 27, ..EXPECTED };

fn file() -> File {
    File::new("features", 14, "probabilities")
}

fn says(file: File, words: &str) {
    let said = inspect(&file.write(), &EXPECTED).expect_err(words).join("; ");
    assert!(said.contains(words), "{said}");
}

fn tree(next: i64, feature: i64) -> [Attribute<'static>; 6] {
    [
        Attribute::Ints("nodes_treeids", vec![0, 0, 0]),
        Attribute::Ints("nodes_nodeids", vec![0, 1, 2]),
        Attribute::Ints("nodes_featureids", vec![feature, 0, 0]),
        Attribute::Ints("nodes_truenodeids", vec![next, 0, 0]),
        Attribute::Ints("nodes_falsenodeids", vec![2, 0, 0]),
        Attribute::Texts("nodes_modes", vec!["BRANCH_LEQ", "LEAF", "LEAF"]),
    ]
}

#[test]
fn the_shipped_model_is_understood() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/baseline/2/model.onnx");
    let summary = inspect(&std::fs::read(path).unwrap(), &SHIPPED).unwrap();
    assert_eq!(summary.trees, 80);
    assert!(summary.visits <= 80 * 5 && summary.visits >= 80 * 3, "{summary}");
    let kind = Kind::Map(Column::Number(1));
    let as_map = inspect(&std::fs::read(path).unwrap(), &Expected { kind: &kind, ..SHIPPED });
    assert!(as_map.unwrap_err()[0].contains("no list of maps"));
}

#[test]
fn operators_that_are_not_listed_are_refused_with_the_reason() {
    let with = |domain: &str, op: &str| file().node((domain, op), &["features"], &["probabilities"], &[]);
    assert!(inspect(&with("", "Softmax").write(), &EXPECTED).is_ok());
    assert!(inspect(&with("ai.onnx", "Softmax").write(), &EXPECTED).is_ok());
    says(
        with("", "Loop"),
        "the operator Loop of ai.onnx may not be used: a graph that loops or branches may run for ever",
    );
    says(with("", "RandomNormalLike"), "it is random");
    says(with("", "Expand"), "the size of what it makes depends on the data");
    says(with("", "Conv"), "no classifier that is exported as it comes needs it");
    says(with("ai.onnx.ml", "Loop"), "may not be used");
    says(with("my.company", "Score").opset("my.company", 1), "custom operators");
    says(with("com.microsoft", "Gelu").opset("com.microsoft", 1), "custom operators");
    let training = file().node(("", "Dropout"), &["features", "", "yes"], &["probabilities"], &[]);
    says(training, "model.eval()");
    let many = (0..20).fold(file(), |file, number| file.node(("", &format!("Op{number}")), &[], &[], &[]));
    says(many, "there are more such operators");
}

#[test]
fn graphs_within_and_storage_elsewhere_are_refused() {
    let body = Attribute::Graph("body");
    says(file().node(("", "Relu"), &["features"], &["probabilities"], &[body]), "holds a graph");
    let twice = [Attribute::Int("axis", 1), Attribute::Int("axis", 1)];
    says(file().node(("", "Softmax"), &["features"], &["probabilities"], &twice), "given twice");
    let outside = [tensor("w", &[2]), int(14, 1)].concat();
    says(file().part(5, &outside), "its weights lie in another file");
    says(file().part(15, &[]), "sparse");
    says(file().field(25, &[]), "operators of its own");
}

#[test]
fn versions_that_cannot_be_run_are_refused() {
    says(file().opset("ai.onnx", 27), "its opset 27 of ai.onnx cannot be run; export with target_opset 7 to 26");
    says(file().opset("ai.onnx.ml", 6), "target_opset 1 to 5");
    says(file().opset("org.acme", 1), "it imports operators of \"org.acme\"");
    says(file().ir_version(14), "its IR version is 14");
    says(File::bare(), "which opset");
}

#[test]
fn inputs_and_outputs_must_be_those_of_the_manifest() {
    let graph = |input: &[u8], output: &[u8]| File::bare().opset("", 15).part(11, input).part(12, output);
    let (input, output) = (declared("features", 1, &[0, 14]), declared("probabilities", 1, &[0, 2]));
    assert!(inspect(&graph(&input, &output).write(), &EXPECTED).is_ok());
    says(graph(&declared("x", 1, &[0, 14]), &output), "its input is named \"x\"; the manifest says \"features\"");
    says(graph(&declared("features", 1, &[0, 13]), &output), "takes 13 features; the manifest names 14");
    says(graph(&declared("features", 1, &[1, 14]), &output), "takes 1 rows at a time");
    says(graph(&declared("features", 1, &[0, 14, 1]), &output), "has 3 dimensions");
    says(graph(&declared("features", 11, &[0, 14]), &output), "no tensor of float32");
    says(graph(&input, &output).part(11, &declared("more", 1, &[0, 1])), "it has 2 inputs (features, more)");
    says(graph(&input, &declared("label", 7, &[0])), "it has no output \"probabilities\"");
    says(graph(&input, &declared("probabilities", 7, &[0])), "is it the label?");
    says(graph(&input, &declared("probabilities", 1, &[0, 1])), "has 1 columns");
    let maps = bytes(4, &bytes(1, &bytes(5, &int(1, 7))));
    says(graph(&input, &[bytes(1, b"probabilities"), bytes(2, &maps)].concat()), "zipmap=False");
}

#[test]
fn trees_that_go_round_or_look_beyond_are_refused() {
    let with = |next, feature| {
        file().node(
            ("ai.onnx.ml", "TreeEnsembleClassifier"),
            &["features"],
            &["l", "probabilities"],
            &tree(next, feature),
        )
    };
    let summary = inspect(&with(1, 13).write(), &EXPECTED).unwrap();
    assert_eq!((summary.trees, summary.visits), (1, 2));
    says(with(0, 0), "goes round in a circle");
    says(with(7, 0), "leads to node 7, which is missing");
    says(with(1, 14), "look at feature number 14, counted from 0, of 14");
    says(with(1, -1), "look at feature number -1");
}

#[test]
fn work_is_bounded() {
    let depth = VISITS as i64;
    let deep = [
        Attribute::Ints("nodes_treeids", vec![0; depth as usize + 1]),
        Attribute::Ints("nodes_nodeids", (0..=depth).collect()),
        Attribute::Ints("nodes_featureids", vec![0; depth as usize + 1]),
        Attribute::Ints("nodes_truenodeids", (1..=depth + 1).collect()),
        Attribute::Ints("nodes_falsenodeids", vec![depth; depth as usize + 1]),
        Attribute::Texts("nodes_modes", (0..=depth).map(|at| if at == depth { "LEAF" } else { "BRANCH_LT" }).collect()),
    ];
    says(file().node(("ai.onnx.ml", "TreeEnsembleRegressor"), &["features"], &["y"], &deep), "visit up to 20001 nodes");
    // What a tensor claims counts, whether or not its numbers are there.
    let gemm = |dims: &[i64]| {
        let file = file().part(5, &tensor("w", dims));
        file.node(("", "Transpose"), &["w"], &["t"], &[]).node(
            ("", "Gemm"),
            &["features", "t"],
            &["probabilities"],
            &[],
        )
    };
    assert_eq!(inspect(&gemm(&[14, 100]).write(), &EXPECTED).unwrap().weights, 1_400);
    says(gemm(&[14, 1_000_000]), "its weights have 14000000 numbers, at most 4000000");
    says(gemm(&[i64::MAX, i64::MAX]), "at most 4000000");
    says(gemm(&[-1]), "at most 4000000");
    let reused = (0..5).fold(file().part(5, &tensor("w", &[1_000, 1_000])), |file, step| {
        file.node(("", "MatMul"), &["features", "w"], &[&step.to_string()], &[])
    });
    says(reused, "5000000 numbers");
    let floats = Attribute::Floats("coefficients", vec![0.0; 4_000_001]);
    says(file().node(("ai.onnx.ml", "SVMClassifier"), &["features"], &["y"], &[floats]), "4000001 numbers");
    let many = (0..=10_000).fold(file(), |file, _| file.node(("", "Relu"), &["features"], &["probabilities"], &[]));
    says(many, "more than 10000 nodes");
}

#[test]
fn shapes_do_not_come_from_data() {
    let constants = || file().part(5, &tensor("c", &[200])).part(5, &tensor("one", &[1]));
    let reshaped = |file: File, shape: &str| file.node(("", "Reshape"), &["c", shape], &["r"], &[]);
    let shape = || constants().node(("", "Shape"), &["features"], &["s"], &[]);
    let axis = [Attribute::Int("axis", 0)];
    let of = |file: File, op: &str, inputs: &[&str], output: &str| file.node(("", op), inputs, &[output], &[]);
    for fine in [
        reshaped(constants(), "one"),
        reshaped(shape(), "s"),
        // As view(x.size(0), -1) is exported.
        reshaped(of(of(shape(), "Gather", &["s", "one"], "n"), "Concat", &["n", "one"], "t"), "t"),
        reshaped(of(shape(), "Mul", &["s", "one"], "t"), "t"),
        of(constants(), "ReduceSum", &["features", "one"], "r"),
        of(constants(), "ReduceSum", &["features", ""], "r"),
    ] {
        assert_eq!(inspect(&fine.write(), &EXPECTED).err(), None);
    }
    let data = || constants().node(("", "ReduceMax"), &["features"], &["m"], &axis);
    for op in ["Reshape", "Squeeze", "Unsqueeze", "ReduceSum", "ReduceLogSumExp"] {
        says(of(data(), op, &["c", "m"], "r"), "its input \"m\" says which shape it makes, and is computed from data");
        says(of(of(data(), "Cast", &["m"], "i"), op, &["features", "i"], "r"), "its input \"i\" says");
    }
    // What differs for seven rows alone is not seen by who looks at one and at many.
    let chosen = "chosen by the number of rows";
    says(reshaped(of(shape(), "Equal", &["s", "one"], "t"), "t"), chosen);
    says(reshaped(of(shape(), "Gather", &["c", "s"], "t"), "t"), chosen);
    says(reshaped(of(of(shape(), "Reshape", &["c", "s"], "u"), "Gather", &["u", "one"], "t"), "t"), chosen);
    says(of(file(), "Relu", &["later"], "r"), "takes \"later\", which no step before it makes");
    says(of(file(), "Relu", &["features"], "features"), "two of its tensors are named \"features\"");
}

#[test]
fn what_is_computed_when_a_model_is_loaded_is_bounded() {
    let start = || file().part(5, &tensor("0", &[4_096]));
    let doubled = |op: &str, steps: usize| {
        (0..steps).fold(start(), |file, step| {
            let (from, to) = (step.to_string(), (step + 1).to_string());
            file.node(("", op), &[&from, &from], &[&to], &[])
        })
    };
    assert!(inspect(&doubled("Concat", 8).write(), &EXPECTED).is_ok());
    let folded = "what its steps make of constants alone has up to";
    says(doubled("Concat", 10), folded);
    for op in ["Add", "Gather", "MatMul", "Where"] {
        says(doubled(op, 1), folded);
    }
    // They count where they are used like weights that stand in the file.
    let used = doubled("Concat", 8).node(("", "MatMul"), &["features", "8"], &["r"], &[]);
    assert_eq!(inspect(&used.write(), &EXPECTED).unwrap().weights, 4_096 << 8);
    let grown = [Attribute::Ints("value_ints", vec![1; 3_000_000])];
    let grown = file().node(("", "Constant"), &[], &["0"], &grown);
    says(grown.node(("", "Concat"), &["0", "0"], &["1"], &[]), folded);
    let long = "x".repeat(129);
    let texts = Attribute::Texts("keys_strings", vec!["a", &long]);
    says(file().node(("ai.onnx.ml", "LabelEncoder"), &["features"], &["r"], &[texts]), "holds a text of 129 bytes");
    says(file().part(5, &[tensor("t", &[1]), bytes(6, long.as_bytes())].concat()), "holds a text of 129 bytes");
}

#[test]
fn what_is_no_model_is_refused() {
    for bytes in [&b""[..], b"not a model", &[0; 64]] {
        assert!(inspect(bytes, &EXPECTED).unwrap_err()[0].contains("not an ONNX model"), "{bytes:?}");
    }
}

proptest! {
    /// A byte that is changed makes another model or none, and no panic.
    #[test]
    fn fuzz_changed_bytes_are_judged(place: prop::sample::Index, value: u8) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/baseline/2/model.onnx");
        let mut bytes = std::fs::read(path).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let _ = inspect(&bytes, &SHIPPED);
        bytes.truncate(place);
        prop_assert!(inspect(&bytes, &SHIPPED).is_err());
    }
}
