//! How deep trees are: the number of nodes that one row visits at most, in all trees together.

use std::collections::HashMap;

use super::super::graph::{GraphError, Node};

/// Nodes and leaves of one ensemble.
const TREE_NODES: usize = 1_000_000;

/// What is known of an ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ensemble {
    /// Trees.
    pub trees: u64,
    /// Nodes that one row visits at most.
    pub visits: u64,
}

/// Where a branch leads.
#[derive(Clone, Copy, Debug)]
enum Step {
    Leaf,
    Branch([usize; 2]),
}

/// The ensemble of a node; none when it is no ensemble. `features` is how many it is given, where that is known.
pub fn read(node: &Node<'_>, features: Option<usize>) -> Result<Option<Ensemble>, String> {
    if node.domain != "ai.onnx.ml" {
        return Ok(None);
    }
    match node.op {
        "TreeEnsembleClassifier" | "TreeEnsembleRegressor" => listed(node, features).map(Some),
        "TreeEnsemble" => rooted(node, features).map(Some),
        _ => Ok(None),
    }
}

/// Trees whose nodes are named by tree and number.
fn listed(node: &Node<'_>, features: Option<usize>) -> Result<Ensemble, String> {
    let [trees, numbers, branches] = lists(node, ["nodes_treeids", "nodes_nodeids", "nodes_featureids"])?;
    let [true_numbers, false_numbers] = lists(node, ["nodes_truenodeids", "nodes_falsenodeids"])?;
    let modes = node.attribute("nodes_modes").texts(TREE_NODES).map_err(text)?;
    same_length(&[numbers.len(), branches.len(), true_numbers.len(), false_numbers.len(), modes.len()], trees.len())?;
    let mut places = HashMap::with_capacity(numbers.len());
    for (place, key) in trees.iter().zip(&numbers).enumerate() {
        if places.insert(key, place).is_some() {
            return Err(format!("tree {} has two nodes {}", key.0, key.1));
        }
    }
    let mut steps = Vec::with_capacity(modes.len());
    for (place, mode) in modes.iter().enumerate() {
        let find = |number: &i64| {
            let found = places.get(&(&trees[place], number)).copied();
            found.ok_or_else(|| format!("a node of tree {} leads to node {number}, which is missing", trees[place]))
        };
        steps.push(if *mode == b"LEAF" {
            Step::Leaf
        } else {
            known_feature(branches[place], features)?;
            Step::Branch([find(&true_numbers[place])?, find(&false_numbers[place])?])
        });
    }
    let depths = depths(&steps)?;
    let mut deepest: HashMap<i64, u64> = HashMap::new();
    for (tree, depth) in trees.iter().zip(depths) {
        let known = deepest.entry(*tree).or_default();
        *known = depth.max(*known);
    }
    let visits = trees.iter().filter_map(|tree| deepest.remove_entry(tree));
    Ok(visits.fold(Ensemble { trees: 0, visits: 0 }, |sum, (_, depth)| Ensemble {
        trees: sum.trees + 1,
        visits: sum.visits.saturating_add(depth),
    }))
}

/// Trees whose nodes are named by their places, and whose roots are listed (opset 5).
fn rooted(node: &Node<'_>, features: Option<usize>) -> Result<Ensemble, String> {
    let [roots, branches, leaves] = lists(node, ["tree_roots", "nodes_featureids", "leaf_targetids"])?;
    let [true_places, false_places] = lists(node, ["nodes_truenodeids", "nodes_falsenodeids"])?;
    let [true_leaves, false_leaves] = lists(node, ["nodes_trueleafs", "nodes_falseleafs"])?;
    let lengths = [true_places.len(), false_places.len(), true_leaves.len(), false_leaves.len()];
    same_length(&lengths, branches.len())?;
    // Leaves are all alike: one step behind the branches stands for each.
    let leaf = branches.len();
    let mut steps = Vec::with_capacity(leaf + 1);
    for place in 0..leaf {
        known_feature(branches[place], features)?;
        let find = |to: i64, is_leaf: i64| {
            let count = if is_leaf == 0 { leaf } else { leaves.len() };
            let place = usize::try_from(to).ok().filter(|place| *place < count);
            let place = place.ok_or_else(|| format!("a node leads to {to}, which is missing"))?;
            Ok::<_, String>(if is_leaf == 0 { place } else { leaf })
        };
        let ways = [find(true_places[place], true_leaves[place])?, find(false_places[place], false_leaves[place])?];
        steps.push(Step::Branch(ways));
    }
    steps.push(Step::Leaf);
    let depths = depths(&steps)?;
    let mut visits = 0_u64;
    for root in &roots {
        let place = usize::try_from(*root).ok().filter(|place| *place < leaf);
        visits = visits.saturating_add(depths[place.ok_or_else(|| format!("the root {root} is missing"))?]);
    }
    Ok(Ensemble { trees: roots.len() as u64, visits })
}

fn lists<const N: usize>(node: &Node<'_>, names: [&str; N]) -> Result<[Vec<i64>; N], String> {
    let mut lists = [const { Vec::new() }; N];
    for (list, name) in lists.iter_mut().zip(names) {
        *list = node.attribute(name).integers(TREE_NODES).map_err(text)?;
    }
    Ok(lists)
}

fn same_length(lengths: &[usize], expected: usize) -> Result<(), String> {
    if expected > 0 && lengths.iter().all(|length| *length == expected) {
        Ok(())
    } else {
        Err("its lists of nodes are empty or differ in length: export the model again".to_owned())
    }
}

fn known_feature(feature: i64, features: Option<usize>) -> Result<(), String> {
    let count = features.unwrap_or(i32::MAX as usize);
    if usize::try_from(feature).is_ok_and(|feature| feature < count) {
        Ok(())
    } else {
        Err(format!("its trees look at feature number {feature}, counted from 0, of {count}"))
    }
}

fn text(error: GraphError) -> String {
    error.to_string()
}

/// For each step the longest way to a leaf, in nodes. A way that comes back to itself is refused.
fn depths(steps: &[Step]) -> Result<Vec<u64>, String> {
    // 0: not known yet.
    let mut depths = vec![0_u64; steps.len()];
    let mut is_open = vec![false; steps.len()];
    let mut path = Vec::new();
    for start in 0..steps.len() {
        path.push(start);
        while let Some(&place) = path.last() {
            let ways = match steps[place] {
                Step::Leaf => {
                    depths[place] = 1;
                    path.pop();
                    continue;
                }
                Step::Branch(ways) => ways,
            };
            is_open[place] = true;
            let ahead = ways.into_iter().find(|way| depths[*way] == 0);
            match ahead {
                Some(way) if is_open[way] => {
                    return Err("a tree goes round in a circle: export the model again".to_owned());
                }
                Some(way) => path.push(way),
                None => {
                    depths[place] = 1 + ways.map(|way| depths[way]).into_iter().max().unwrap_or(0);
                    is_open[place] = false;
                    path.pop();
                }
            }
        }
    }
    Ok(depths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_count_nodes_and_circles_are_seen() {
        let branch = |left, right| Step::Branch([left, right]);
        assert_eq!(depths(&[Step::Leaf]), Ok(vec![1]));
        assert_eq!(depths(&[branch(1, 2), branch(2, 3), Step::Leaf, Step::Leaf]), Ok(vec![3, 2, 1, 1]));
        // Ways that meet again are no circle.
        assert_eq!(depths(&[branch(1, 1), branch(2, 2), Step::Leaf]), Ok(vec![3, 2, 1]));
        assert!(depths(&[branch(0, 1), Step::Leaf]).is_err());
        assert!(depths(&[branch(1, 2), branch(2, 0), Step::Leaf]).is_err());
        let long = 500_000;
        let mut chain: Vec<Step> = (0..long).map(|place| branch(place + 1, long)).collect();
        chain.push(Step::Leaf);
        assert_eq!(depths(&chain).unwrap()[0], long as u64 + 1);
    }
}
