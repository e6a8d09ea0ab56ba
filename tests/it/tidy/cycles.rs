//! No cycles between modules.
//!
//! Read from the text: every path that begins with `crate::` or `super::` is an edge, re-exports are
//! followed to where they lead. A module and those inside it may name each other; siblings, with all
//! that is inside them, may depend on each other one way only.

use super::{CRATES, code, files};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Module = Vec<String>;

#[test]
fn no_module_cycles() {
    let mut found = Vec::new();
    for (name, folder) in CRATES {
        let modules: BTreeMap<Module, String> = files(folder, ".rs")
            .into_iter()
            .map(|(path, text)| (module(path.strip_prefix(folder).unwrap()), code(&text)))
            .collect();
        for (parent, edges) in sibling_edges(&modules) {
            if let Some(cycle) = cycle(&edges) {
                found.push(format!(
                    "{name}: inside `{}`: {}",
                    parent.join("::"),
                    cycle.join(" → ")
                ));
            }
        }
    }
    assert!(
        found.is_empty(),
        "modules form cycles:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_cycle_is_found() {
    let source = |text: &str| text.to_owned();
    let modules = BTreeMap::from([
        (vec![], source("mod a; mod b; pub use b::inner::Thing;")),
        (
            vec!["a".to_owned()],
            source("use crate::{Thing, other::{self, x}};"),
        ),
        (vec!["b".to_owned()], source("mod inner;")),
        (
            vec!["b".to_owned(), "inner".to_owned()],
            source("fn f() { super::super::a::go() }"),
        ),
    ]);
    let edges = sibling_edges(&modules);
    assert_eq!(
        cycle(&edges[&Vec::new()]),
        Some(["a", "b", "a"].map(str::to_owned).to_vec())
    );
}

fn module(path: &Path) -> Module {
    let mut parts: Module = path
        .with_extension("")
        .iter()
        .map(|p| p.to_string_lossy().into_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main"))
    {
        parts.pop();
    }
    parts
}

/// For each module, which of its children depend on which.
fn sibling_edges(
    modules: &BTreeMap<Module, String>,
) -> BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> {
    let mut graphs: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (from, text) in modules {
        for path in paths(text) {
            let Some(to) = resolve(modules, from, &path) else {
                continue;
            };
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if shared < from.len() && shared < to.len() {
                graphs
                    .entry(from[..shared].to_vec())
                    .or_default()
                    .entry(from[shared].clone())
                    .or_default()
                    .insert(to[shared].clone());
            }
        }
    }
    graphs
}

/// The module that a path leads to.
fn resolve(modules: &BTreeMap<Module, String>, from: &Module, path: &[String]) -> Option<Module> {
    let mut at: Module = if path[0] == "crate" {
        Vec::new()
    } else {
        from.clone()
    };
    let mut rest = path;
    while let Some((first, more)) = rest.split_first() {
        match first.as_str() {
            "crate" | "self" => {}
            "super" => drop(at.pop()?),
            name => {
                let child = at.iter().cloned().chain([name.to_owned()]).collect();
                if modules.contains_key(&child) {
                    at = child;
                } else if let Some(target) = re_export(modules, &at, name) {
                    return Some(target);
                } else {
                    return Some(at);
                }
            }
        }
        rest = more;
    }
    Some(at)
}

/// Where a module's `pub use child::…::Name` comes from.
fn re_export(modules: &BTreeMap<Module, String>, module: &Module, name: &str) -> Option<Module> {
    let text = modules.get(module)?;
    for statement in text.split(';') {
        let Some(at) = statement
            .rfind("pub")
            .filter(|at| statement[*at..].contains("use "))
        else {
            continue;
        };
        let tree = statement[at..].split_once("use ")?.1.trim();
        for path in expand(tree) {
            if path.last().is_some_and(|last| last == name)
                && path[0] != "crate"
                && path[0] != "super"
            {
                let mut target = module.clone();
                target.extend(path[..path.len() - 1].iter().cloned());
                while !modules.contains_key(&target) {
                    target.pop()?;
                }
                return (target != *module).then_some(target);
            }
        }
    }
    None
}

/// All paths in the text that begin with `crate::` or `super::`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '$')) {
                found.extend(expand(&text[at..]));
            }
        }
    }
    found
}

/// The paths of a use tree such as `a::{b, c::{d, e}}`; what follows the tree is not looked at.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(&mut tree.trim_start(), &mut Vec::new(), &mut found);
    found
}

fn walk(rest: &mut &str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let depth = prefix.len();
    loop {
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        if end > 0 {
            prefix.push(rest[..end].to_owned());
            *rest = &rest[end..];
        }
        let Some(after) = rest.strip_prefix("::") else {
            break;
        };
        *rest = after;
        if let Some(inside) = rest.strip_prefix('{') {
            *rest = inside;
            loop {
                *rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix('}') {
                    *rest = after;
                    prefix.truncate(depth);
                    return;
                }
                let before = rest.len();
                walk(rest, prefix, found);
                *rest = rest.trim_start();
                // `as Name`, `*`, commas.
                let skip = rest.find([',', '}']).unwrap_or(rest.len());
                *rest = &rest[skip..];
                *rest = rest.strip_prefix(',').unwrap_or(rest);
                if rest.len() == before {
                    return;
                }
            }
        }
        if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            break;
        }
    }
    if prefix.len() > depth {
        found.push(prefix.clone());
    }
    prefix.truncate(depth);
}

/// A cycle, with its first element again at its end.
fn cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        node: &str,
        edges: &BTreeMap<String, BTreeSet<String>>,
        trail: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(at) = trail.iter().position(|t| t == node) {
            return Some(
                trail[at..]
                    .iter()
                    .cloned()
                    .chain([node.to_owned()])
                    .collect(),
            );
        }
        if done.contains(node) {
            return None;
        }
        trail.push(node.to_owned());
        for next in edges.get(node).into_iter().flatten() {
            if let Some(found) = visit(next, edges, trail, done) {
                return Some(found);
            }
        }
        trail.pop();
        done.insert(node.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    edges
        .keys()
        .find_map(|node| visit(node, edges, &mut Vec::new(), &mut done))
}
