//! Rust source as text: enough of it to see which modules a file uses and which tests it has. It relies on rustfmt.

/// A path within a package's `src`, as modules: `state/emit.rs` is `["state", "emit"]`.
pub fn module_path(path: &str) -> Vec<&str> {
    path.trim_end_matches(".rs").split('/').collect()
}

/// Whether the program has this file: tests and what lies below a `tests` module are not part of it.
pub fn is_product(path: &str) -> bool {
    !module_path(path).contains(&"tests")
}

/// The text without comments and without what is compiled for tests alone. Lines keep their numbers.
pub fn product(text: &str) -> String {
    let (mut kept, mut lines) = (String::with_capacity(text.len()), text.lines());
    while let Some(line) = lines.next() {
        if is_for_tests(line) {
            let skipped = item_lines(lines.clone());
            lines.by_ref().take(skipped).for_each(drop);
            kept.push_str(&"\n".repeat(skipped));
        } else {
            kept.push_str(line.split("//").next().unwrap_or_default());
        }
        kept.push('\n');
    }
    kept
}

/// The modules in files of their own that are compiled for tests alone.
pub fn test_modules(text: &str) -> Vec<&str> {
    let pairs = text.lines().zip(text.lines().skip(1));
    pairs.filter(|(attribute, _)| is_for_tests(attribute)).filter_map(|(_, item)| declared_module(item)).collect()
}

/// The name in `mod name;`.
pub fn declared_module(line: &str) -> Option<&str> {
    let (visibility, name) = line.trim().strip_suffix(';')?.split_once("mod ")?;
    (visibility.is_empty() || visibility.starts_with("pub")).then_some(name)
}

/// The names that stand directly below `root` (as `crate::`), each with the number of its line.
pub fn names_below(text: &str, root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(root) {
        // A longer path or word that only ends like the root is another.
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        found.extend(first_names(&text[at + root.len()..]).into_iter().map(|name| (line, name)));
    }
    found
}

/// The name that the text starts with, or each first name of the group in braces that it starts with.
fn first_names(text: &str) -> Vec<String> {
    let Some(group) = text.strip_prefix('{') else {
        return vec![leading_name(text)];
    };
    let (mut names, mut depth, mut expects_name) = (Vec::new(), 1, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expects_name = true,
            c if expects_name && !c.is_whitespace() => {
                names.push(leading_name(&group[at..]));
                expects_name = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn leading_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The names of the tests that are run, of whatever framework: a function below an attribute that ends in `test`.
pub fn tests(text: &str) -> Vec<String> {
    let (mut names, mut is_test, mut is_ignored) = (Vec::new(), false, false);
    for line in text.lines().map(str::trim) {
        if let Some(attribute) = line.strip_prefix("#[") {
            let attribute = attribute.split(['(', ']']).next().unwrap_or_default();
            is_test |= attribute == "test" || attribute.ends_with("::test");
            is_ignored |= attribute.starts_with("ignore");
        } else if !line.starts_with("//") {
            let name = line.trim_start_matches("async ").strip_prefix("fn ").map(leading_name);
            names.extend(name.filter(|_| is_test && !is_ignored));
            (is_test, is_ignored) = (false, false);
        }
    }
    names
}

fn is_for_tests(line: &str) -> bool {
    let line = line.trim();
    line == "#[cfg(test)]" || line.starts_with("#[cfg(all(test,")
}

/// How many lines the item at the beginning has, its further attributes included.
fn item_lines<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let mut indent = None;
    for (index, line) in lines.enumerate() {
        let inner = line.trim_start();
        let opened = *indent.get_or_insert(&line[..line.len() - inner.len()]);
        let is_attribute = inner.starts_with("#[");
        let closes = line.strip_prefix(opened).is_some_and(|rest| rest.starts_with('}'));
        let ends_alone = !line[opened.len().min(line.len())..].starts_with(char::is_whitespace) && inner.ends_with(';');
        if !is_attribute && (closes || ends_alone) {
            return index + 1;
        }
    }
    0
}

#[test]
fn what_is_for_tests_and_comments_do_not_count() {
    let text = "use crate::a; // not crate::b\n#[cfg(test)]\nmod fixture;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    use crate::c;\n\n    \
                fn f() {}\n}\nfn g() -> crate::d::D {}\n";
    let found = names_below(&product(text), "crate::");
    assert_eq!(found, [(1, "a".to_owned()), (11, "d".to_owned())]);
    assert_eq!(test_modules(text), ["fixture"]);
}

#[test]
fn groups_and_foreign_paths_are_told_apart() {
    let text = "use crate::{\n    a::{x, y},\n    b, c::{self, d},\n};\nuse other::crate::z;\nuse mycrate::y;\n";
    let names: Vec<String> = names_below(text, "crate::").into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn tests_are_known_by_their_attribute() {
    let text = "#[test]\nfn one() {}\n\n#[tokio::test(flavor = \"current_thread\")]\n// Why.\nasync fn two() {}\n\n\
                #[test]\n#[ignore = \"long\"]\nfn three() {}\n\nfn four() {}\n";
    assert_eq!(tests(text), ["one", "two"]);
}
