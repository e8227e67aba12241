//! A refresh gives what opening anew gives, and says what differs, after anything that is done to
//! files and directories.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tfevents::catalog::spread::InTurn;
use tfevents::catalog::{Catalog, Changes, Growth, Local, Root, Roots, Snapshot};

/// Directories in which files may be, and names of which one is no event file.
const DIRECTORIES: [&str; 6] = ["", "a", "a/b", "a/b/c", "d", "d/e"];
const NAMES: [&str; 4] = ["1.tfevents", "2.tfevents", "10.tfevents", "notes.txt"];

/// No coarser than this are the times of the file systems that tests run on.
const TICK: Duration = Duration::from_millis(12);

/// Something done to the files of a log.
#[derive(Debug, Clone)]
enum Step {
    Append(usize, usize, u64),
    Truncate(usize, usize, u64),
    /// Another file takes the place, by a rename.
    Replace(usize, usize, u64),
    Delete(usize, usize),
    MakeDirectory(usize),
    RemoveDirectory(usize),
    /// A file moves to another directory.
    Move(usize, usize, usize),
    /// Nothing happens for so long that directories need not be listed again.
    Settle,
    Refresh,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let directory = 0..DIRECTORIES.len();
    let name = 0..NAMES.len();
    let step = prop_oneof![
        4 => (directory.clone(), name.clone(), 0..50u64).prop_map(|(d, n, s)| Step::Append(d, n, s)),
        1 => (directory.clone(), name.clone(), 0..20u64)
            .prop_map(|(d, n, s)| Step::Truncate(d, n, s)),
        1 => (directory.clone(), name.clone(), 0..90u64)
            .prop_map(|(d, n, s)| Step::Replace(d, n, s)),
        2 => (directory.clone(), name.clone()).prop_map(|(d, n)| Step::Delete(d, n)),
        1 => directory.clone().prop_map(Step::MakeDirectory),
        1 => (1..DIRECTORIES.len()).prop_map(Step::RemoveDirectory),
        1 => (directory.clone(), name, directory).prop_map(|(d, n, to)| Step::Move(d, n, to)),
        1 => Just(Step::Settle),
        3 => Just(Step::Refresh),
    ];
    prop::collection::vec(step, 1..40)
}

fn place(root: &Path, directory: usize, name: usize) -> PathBuf {
    root.join(DIRECTORIES[directory]).join(NAMES[name])
}

fn write(path: &Path, bytes: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(&vec![7; bytes as usize]).unwrap();
}

/// Waits until directories that change from now on have other times than those of now.
fn settle() {
    std::thread::sleep(TICK + Duration::from_millis(2));
}

fn run(step: &Step, root: &Path) {
    match *step {
        Step::Append(directory, name, bytes) => write(&place(root, directory, name), bytes),
        Step::Truncate(directory, name, length) => {
            if let Ok(file) = File::options()
                .write(true)
                .open(place(root, directory, name))
            {
                let present = file.metadata().unwrap().len();
                file.set_len(length.min(present)).unwrap();
            }
        }
        Step::Replace(directory, name, bytes) => {
            let path = place(root, directory, name);
            let other = root.join("other");
            write(&other, bytes);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::rename(other, path).unwrap();
        }
        Step::Delete(directory, name) => drop(fs::remove_file(place(root, directory, name))),
        Step::MakeDirectory(directory) => {
            fs::create_dir_all(root.join(DIRECTORIES[directory])).unwrap();
        }
        Step::RemoveDirectory(directory) => {
            drop(fs::remove_dir_all(root.join(DIRECTORIES[directory])));
        }
        Step::Move(directory, name, to) => {
            let target = root.join(DIRECTORIES[to]);
            fs::create_dir_all(&target).unwrap();
            drop(fs::rename(
                place(root, directory, name),
                target.join(NAMES[name]),
            ));
        }
        Step::Settle => settle(),
        Step::Refresh => {}
    }
}

/// A state of a file that no other file shares.
#[derive(Debug, Clone, PartialEq)]
struct State {
    run: String,
    length: u64,
    stat: (u64, i64, i64, Option<SystemTime>, SystemTime),
}

/// The files below `root` by a walk of its own.
fn naive(root: &Path, directory: &Path, found: &mut BTreeMap<PathBuf, State>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        if metadata.is_dir() {
            naive(root, &path, found);
        } else if path.to_string_lossy().ends_with("tfevents") {
            use std::os::unix::fs::MetadataExt;
            let run = directory
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let stat = (
                metadata.ino(),
                metadata.ctime(),
                metadata.ctime_nsec(),
                metadata.created().ok(),
                metadata.modified().unwrap(),
            );
            let run = if run.is_empty() { ".".to_owned() } else { run };
            let length = metadata.len();
            found.insert(path, State { run, length, stat });
        }
    }
}

/// Names of runs, and their files with lengths.
fn shown(snapshot: &Snapshot) -> Vec<(String, Vec<(PathBuf, u64)>)> {
    let files = |run: &tfevents::catalog::Run| {
        let files = run.files.iter();
        files.map(|f| (f.path.clone(), f.length())).collect()
    };
    snapshot
        .runs
        .iter()
        .map(|run| (run.name.clone(), files(run)))
        .collect()
}

fn check(changes: &Changes, before: &BTreeMap<PathBuf, State>, now: &BTreeMap<PathBuf, State>) {
    let mut runs = BTreeSet::new();
    let (mut files, mut removed, mut replaced) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut bytes = 0;
    for (path, state) in now {
        let known = before.get(path);
        if known == Some(state) {
            continue;
        }
        let is_same = |k: &&State| (k.stat.0, k.stat.3) == (state.stat.0, state.stat.3);
        let continued = known.filter(|k| is_same(k) && k.length <= state.length);
        bytes += state.length - continued.map_or(0, |k| k.length);
        if known.is_some() && continued.is_none() {
            replaced.insert(path.clone());
        }
        files.insert(path.clone());
        runs.insert(state.run.clone());
    }
    for (path, state) in before.iter().filter(|(path, _)| !now.contains_key(*path)) {
        removed.insert(path.clone());
        runs.insert(state.run.clone());
    }
    let set = |paths: &[PathBuf]| paths.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&changes.files), files);
    assert_eq!(set(&changes.removed), removed);
    assert_eq!(set(&changes.replaced), replaced);
    assert_eq!(changes.bytes, bytes);
    let told = changes.runs.iter().map(|run| run.name.clone());
    assert_eq!(told.collect::<BTreeSet<_>>(), runs);
    for run in &changes.runs {
        let of_run = |files: &BTreeMap<PathBuf, State>| -> BTreeMap<PathBuf, u64> {
            let files = files.iter().filter(|(_, state)| state.run == run.name);
            files
                .map(|(path, state)| (path.clone(), state.length))
                .collect()
        };
        let (was, is) = (of_run(before), of_run(now));
        let lost = was
            .keys()
            .any(|path| removed.contains(path) || replaced.contains(path));
        let expected = match (was.len(), is.len()) {
            (0, _) => Growth::New,
            (_, 0) => Growth::Removed,
            _ if lost => Growth::Rewritten,
            (1, 1) => Growth::Appended,
            _ => Growth::Undecided, // no file here has an event, so their order is not known
        };
        assert_eq!(run.growth, expected, "{}", run.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_refresh_gives_what_opening_anew_gives_and_says_what_differs(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let place = Root::Directory { name: String::new(), path: root.to_owned() };
        let roots = Roots { places: vec![place].into(), missing_ok: true };
        let catalog = Catalog { roots, store: Arc::new(Local { tick: TICK }) };
        let mut snapshot = Arc::new(catalog.open(&mut InTurn).unwrap());
        let mut before = BTreeMap::new();
        for step in steps.iter().chain([&Step::Refresh, &Step::Refresh]) {
            run(step, root);
            if !matches!(step, Step::Refresh) {
                continue;
            }
            let (refreshed, changes) = catalog.refresh(&snapshot, &mut InTurn).unwrap();
            let anew = catalog.open(&mut InTurn).unwrap();
            prop_assert_eq!(shown(&refreshed), shown(&anew));
            let mut now = BTreeMap::new();
            naive(root, root, &mut now);
            check(&changes, &before, &now);
            let is_same = Changes::default() == changes;
            prop_assert_eq!(is_same, before == now);
            (snapshot, before) = (refreshed, now);
        }
    }
}
