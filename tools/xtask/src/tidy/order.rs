//! The shape of core and control: each module uses only what stands above it in its package's `lib.rs`, and what has one
//! door is reached through that door.

use super::source::{declared_module, is_product, module_path, names_below, product, test_modules};
use super::{none, rust_files};

/// What only one module of control may use: the crate, the name in it (`*` for all), and the module.
const DOORS: [(&str, &str, &str); 7] = [
    ("quinn::", "*", "http"),
    ("h3::", "*", "http"),
    ("lapin::", "*", "bus"),
    ("causeway_core::", "ingress", "gate"),
    ("hyper::", "server", "http"),
    ("hyper::", "service", "http"),
    ("hyper_util::", "server", "http"),
];

/// A file of the program: its path in the repository, its modules from the package's root on, its text without tests.
struct File {
    path: String,
    modules: Vec<String>,
    text: String,
}

/// One module's use of another, in either order.
struct Use {
    place: String,
    user: String,
    used: String,
}

#[test]
fn modules_use_only_what_stands_above_them() {
    for package in ["core", "control"] {
        let order = modules(package);
        let against = uses_against(package, &order).into_iter();
        let told = against.map(|found| format!("{}: {} uses {}", found.place, found.user, found.used));
        none(
            told.collect(),
            &format!("move what is used up in {package}/src/lib.rs, or what both need to where it stands"),
        );
    }
}

#[test]
fn what_has_one_door_is_reached_through_it() {
    let mut found = Vec::new();
    for File { path, modules, text } in files("control") {
        for (root, name, door) in DOORS {
            let is_meant = |used: &str| name == "*" || used == name;
            let uses = names_below(&text, root).into_iter().filter(|(_, used)| is_meant(used) && modules[0] != door);
            found.extend(uses.map(|(line, _)| format!("{path}:{line}: {root}{name}, which is for `{door}` alone")));
        }
    }
    none(found, "ask the module that is the door");
}

/// The modules of a package's `lib.rs` that are not for tests alone, in their order.
pub fn modules(package: &str) -> Vec<String> {
    let path = format!("{package}/src/lib.rs");
    let (_, text) = rust_files().find(|(found, _)| *found == path).expect("the package has a lib.rs");
    product(&text).lines().filter_map(declared_module).map(str::to_owned).collect()
}

fn uses_against(package: &str, order: &[String]) -> Vec<Use> {
    let place = |module: &str| order.iter().position(|listed| listed == module);
    let is_against = |found: &Use| place(&found.user).zip(place(&found.used)).is_some_and(|(user, used)| used > user);
    files(package).iter().flat_map(uses).filter(is_against).collect()
}

/// What a file names from the package's root on, by `crate::` or by as many `super::` as it lies deep.
fn uses(file: &File) -> Vec<Use> {
    let roots = ["crate::".to_owned(), "super::".repeat(file.modules.len())];
    let names = roots.iter().flat_map(|root| names_below(&file.text, root));
    let uses =
        names.map(|(line, used)| Use { place: format!("{}:{line}", file.path), user: file.modules[0].clone(), used });
    uses.collect()
}

/// The files of a package's program below its root.
fn files(package: &str) -> Vec<File> {
    let source = format!("{package}/src/");
    let within = |(path, text): (String, String)| {
        let inner = path.strip_prefix(&source)?.to_owned();
        (is_product(&inner) && !matches!(inner.as_str(), "lib.rs" | "main.rs")).then_some((path, inner, text))
    };
    let all: Vec<_> = rust_files().filter_map(within).collect();
    let for_tests = files_for_tests(package);
    let of_program = all.into_iter().filter(|(path, ..)| !for_tests.iter().any(|prefix| path.starts_with(prefix)));
    let file = |(path, inner, text): (String, String, String)| {
        let modules = module_path(&inner).into_iter().map(str::to_owned).collect();
        File { path, modules, text: product(&text) }
    };
    of_program.map(file).collect()
}

/// Where the modules lie that are compiled for tests alone: their files, and the folders of what is below them.
fn files_for_tests(package: &str) -> Vec<String> {
    let source = format!("{package}/src/");
    let in_package = rust_files().filter(|(path, _)| path.starts_with(&source));
    let places = in_package.flat_map(|(path, text)| {
        let folder =
            path.trim_end_matches("lib.rs").trim_end_matches("main.rs").trim_end_matches(".rs").trim_end_matches('/');
        let places = |name: &str| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/")];
        test_modules(&text).into_iter().flat_map(places).collect::<Vec<_>>()
    });
    places.collect()
}
