//! `.cargo/local.toml`: what cargo itself has to know about this machine, so that plain `cargo build`, `cargo bench` and
//! an editor profit from the set-up too. The committed `.cargo/config.toml` includes it when it is there.

use std::fs;

use super::{BuildingParts, write_whole};
use crate::failure::Failure;
use crate::paths;

/// Writes the file when its content changes: an untouched file leaves cargo's builds fresh.
pub fn write(parts: &BuildingParts) -> Result<(), Failure> {
    let path = paths::root().join(".cargo/local.toml");
    let content = render(&variables(parts));
    if fs::read_to_string(&path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    write_whole(&path, content.as_bytes())
}

fn variables(parts: &BuildingParts) -> Vec<(&'static str, String)> {
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let mut variables = vec![
        ("CAUSEWAY_ONNXRUNTIME", text(&parts.onnxruntime)),
        ("ROCKSDB_LIB_DIR", text(&parts.rocksdb)),
        ("ROCKSDB_STATIC", "1".to_owned()),
    ];
    if parts.libclang.by_variable {
        variables.push(("LIBCLANG_PATH", text(&parts.libclang.directory)));
    }
    variables
}

fn render(variables: &[(&str, String)]) -> String {
    let mut content = String::from("# Written by `cargo xtask setup` for this machine; not committed.\n[env]\n");
    for (name, value) in variables {
        content.push_str(&format!("{name} = {}\n", quoted(value)));
    }
    content
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_a_table_of_strings() {
        let content = render(&[("ROCKSDB_STATIC", "1".into()), ("ROCKSDB_LIB_DIR", "/a \"b\"\\c".into())]);
        let expected = "[env]\nROCKSDB_STATIC = \"1\"\nROCKSDB_LIB_DIR = \"/a \\\"b\\\"\\\\c\"\n";
        assert!(content.ends_with(expected), "{content}");
    }
}
