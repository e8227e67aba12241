//! What each layer may know, and where unsafe code may stand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// The files that may hold unsafe code, and nothing else may.
const UNSAFE: [&str; 5] = [
    "record/crc.rs",
    "source/guard.rs",
    "source/map.rs",
    "table/memory.rs",
    "writer/system.rs",
];

/// Every layer, from the ground up, and the layers below that it is made of.
const LAYERS: [(&str, &[&str]); 11] = [
    ("source", &[]),
    ("record", &[]),
    ("event", &[]),
    ("catalog", &["source", "record"]),
    ("table", &["event"]),
    ("scan", &["source", "record", "event", "catalog", "table"]),
    (
        "logdir",
        &["source", "record", "event", "catalog", "table", "scan"],
    ),
    ("export", &["event", "scan", "logdir"]),
    ("summary", &["event"]),
    ("media", &["summary"]),
    ("writer", &["record", "event"]),
];

/// What layers share: no layer, and no layer is below them but those they are made of.
const SHARED: [&str; 4] = ["error", "filter", "interrupt", "proto"];

/// A word, and the layers or files that alone may mention it.
const ALLOWED: [(&str, &[&str]); 5] = [
    (
        "std::fs",
        &[
            "source/",
            "catalog/local/",
            "logdir/records.rs", // may be no regular file, so it is read as a stream
            "export/",
            "writer/",
        ],
    ),
    (
        "std::thread",
        &[
            "scan/pool.rs",
            "scan/threads.rs",
            "logdir/options.rs", // how many there may be
            "export/",
            "writer/",
        ],
    ),
    (
        "PathBuf",
        &[
            "error.rs", "source/", "catalog/", "scan/", "logdir/", "export/", "writer/",
        ],
    ),
    (
        "arrow_",
        &["table/", "scan/", "logdir/", "export/", "error.rs"],
    ),
    (
        "prost",
        &["event/canonical.rs", "proto/", "scan/", "logdir/", "table/"],
    ),
];

/// A layer, and what else none of its lines may mention.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    ("record/", &["std::io", "crate::proto"]),
    ("event/", &["std::io"]),
    ("catalog/", &["crate::proto", "crate::filter"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file: no comments, and no tests, which stand last where they are not in a file.
fn code(path: &Path) -> String {
    without_tests(&fs::read_to_string(path).unwrap())
}

fn without_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let line = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The path of a file below `src`, with slashes.
fn name(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    path.to_str().unwrap().replace('\\', "/")
}

/// The files of the crate that are no tests.
fn files() -> Vec<PathBuf> {
    let mut files = sources(&root());
    files.retain(|path| !path.ends_with("tests.rs"));
    files
}

/// The names that stand behind `prefix`, each alone or in braces.
fn behind(code: &str, prefix: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let is_part = |c: &char| c.is_alphanumeric() || *c == '_';
        text.trim_start().chars().take_while(is_part).collect()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let (mut depth, mut part) = (1, 0);
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && c == ',') {
                found.push(word(&list[part..i]));
                part = i + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}

#[test]
fn the_names_of_imports_are_found() {
    let code = "use crate::a::b; use crate::{c, d::{e, f}, g}; super::h::i()";
    assert_eq!(behind(code, "crate::"), ["a", "c", "d", "g"]);
    assert_eq!(behind(code, "super::"), ["h"]);
}

#[test]
fn the_code_behind_the_name_of_a_test_module_counts() {
    let code =
        without_tests("a // b\n#[cfg(test)]\nmod tests;\nc\n#[cfg(test)]\nmod tests {\n d }");
    assert_eq!(code.split_whitespace().last(), Some("c"));
    assert!(!code.contains('b'));
}

/// What leads from a file to the root of the crate.
fn supers(name: &str) -> String {
    let path = name.strip_suffix("/mod.rs").unwrap_or(name);
    "super::".repeat(path.split('/').count())
}

#[test]
fn every_layer_is_listed() {
    let listed: Vec<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let layer = path.file_stem().unwrap().to_str().unwrap();
        let known = layer == "lib" || listed.contains(&layer) || SHARED.contains(&layer);
        assert!(known, "{layer}");
    }
}

#[test]
fn no_layer_knows_those_above_it() {
    let names: Vec<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    for (height, (layer, below)) in LAYERS.into_iter().enumerate() {
        assert!(below.iter().all(|other| names[..height].contains(other)));
        let files = sources(&root().join(layer));
        assert!(!files.is_empty(), "{layer}");
        for path in files.iter().filter(|p| !p.ends_with("tests.rs")) {
            let code = code(path);
            let mut used = behind(&code, "crate::");
            used.extend(behind(&code, &supers(&name(path))));
            assert!(!code.contains("crate as "), "{}", name(path));
            used.retain(|word| word != layer && names.contains(&&**word));
            for other in used {
                let may = below.contains(&&*other);
                assert!(may, "{} mentions {other}", name(path));
            }
        }
    }
}

#[test]
fn files_threads_paths_and_arrow_stay_where_they_belong() {
    for path in files() {
        let (name, code) = (name(&path), code(&path));
        for (word, allowed) in ALLOWED {
            let may = allowed.iter().any(|place| name.starts_with(place));
            assert!(may || !code.contains(word), "{name} mentions {word}");
        }
        for (layer, words) in FORBIDDEN {
            let is_exception = name == "event/canonical.rs";
            for word in words
                .iter()
                .filter(|_| name.starts_with(layer) && !is_exception)
            {
                assert!(!code.contains(word), "{name} mentions {word}");
            }
        }
    }
}

#[test]
fn only_the_slow_path_of_event_uses_prost() {
    for path in sources(&root().join("event")) {
        let uses = code(&path).contains("prost") || code(&path).contains("crate::proto");
        assert_eq!(uses, path.ends_with("canonical.rs"), "{}", path.display());
    }
}

#[test]
fn unsafe_code_stands_in_the_named_files_only() {
    for path in sources(&root()) {
        let name = name(&path);
        let code = code(&path);
        let has =
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl");
        assert_eq!(has, UNSAFE.contains(&&*name), "{name}");
        assert_eq!(code.contains("unsafe_code"), has, "{name}");
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    for path in sources(&root()) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}
