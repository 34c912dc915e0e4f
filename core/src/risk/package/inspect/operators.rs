//! The operators that a model may use: those into which scikit-learn, LightGBM, XGBoost and PyTorch export classifiers.
//!
//! None of them makes a tensor whose size depends on numbers in the data, but by an input that `sizes` looks at, so that what
//! a run allocates depends on its number of rows alone: a run that was seen to be modest stays so.

use super::{Model, Node, domain_name};

/// Complaints of one kind are not repeated beyond this.
pub const COMPLAINTS: usize = 5;

/// Of the domain `ai.onnx`.
const GENERAL: [&str; 88] = [
    "Abs",
    "Add",
    "And",
    "ArgMax",
    "ArgMin",
    "BatchNormalization",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "Clip",
    "Concat",
    "Constant",
    "Div",
    "Dropout",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "Gelu",
    "Gemm",
    "Greater",
    "GreaterOrEqual",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "IsInf",
    "IsNaN",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "Mean",
    "Min",
    "Mish",
    "Mod",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "PRelu",
    "Pow",
    "RMSNormalization",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Reshape",
    "Round",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Cos",
    "Size",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Transpose",
    "Unsqueeze",
    "Where",
    "Xor",
    "Atan",
];

/// Of the domain `ai.onnx.ml`.
const LEARNED: [&str; 17] = [
    "ArrayFeatureExtractor",
    "Binarizer",
    "FeatureVectorizer",
    "Imputer",
    "LabelEncoder",
    "LinearClassifier",
    "LinearRegressor",
    "Normalizer",
    "OneHotEncoder",
    "SVMClassifier",
    "SVMRegressor",
    "Scaler",
    "TreeEnsemble",
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
    "ZipMap",
    "CategoryMapper",
];

/// Says of each operator that may not be used why, up to a few.
pub fn complaints(model: &Model<'_>) -> Vec<String> {
    let mut complaints: Vec<String> = Vec::new();
    let mut said: Vec<(&str, &str)> = Vec::new();
    for node in &model.nodes {
        let Some(reason) = refusal(node) else { continue };
        if said.contains(&(node.domain, node.op)) {
            continue;
        }
        if said.len() == COMPLAINTS {
            complaints.push("there are more such operators".to_owned());
            break;
        }
        said.push((node.domain, node.op));
        complaints.push(format!("{} may not be used: {reason}", named(node)));
    }
    complaints
}

/// An operator with its domain and the name of its node, for people.
pub fn named(node: &Node<'_>) -> String {
    let (op, domain) = (short(node.op), short(domain_name(node.domain)));
    if node.name.is_empty() {
        format!("the operator {op} of {domain}")
    } else {
        format!("the operator {op} of {domain} (node {:?})", short(node.name))
    }
}

/// The beginning of a name in the file, as it may be shown.
pub fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn refusal(node: &Node<'_>) -> Option<&'static str> {
    match domain_name(node.domain) {
        "ai.onnx" if node.op == "Dropout" && node.inputs.get(2).is_some_and(|input| !input.is_empty()) => {
            Some("it drops at random; export the model for inference (model.eval())")
        }
        "ai.onnx" if GENERAL.contains(&node.op) => None,
        "ai.onnx.ml" if LEARNED.contains(&node.op) => None,
        "ai.onnx" => Some(why_not(node.op)),
        "ai.onnx.ml" => Some("no classifier that is exported as it comes needs it"),
        _ => Some("custom operators are code that the gateway does not have and would not run"),
    }
}

fn why_not(op: &str) -> &'static str {
    match op {
        "Loop" | "Scan" | "If" | "SequenceMap" => "a graph that loops or branches may run for ever",
        "RandomNormal" | "RandomNormalLike" | "RandomUniform" | "RandomUniformLike" | "Bernoulli" | "Multinomial" => {
            "it is random; a score must be the same each time"
        }
        "Range" | "Expand" | "Tile" | "ConstantOfShape" | "Pad" | "Resize" | "Upsample" | "OneHot" | "NonZero"
        | "TopK" => "the size of what it makes depends on the data",
        _ => "no classifier that is exported as it comes needs it",
    }
}
