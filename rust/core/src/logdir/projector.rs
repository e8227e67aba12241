//! The projector files beside the events, read.
//!
//! `projector_config.pbtxt` names, for each embedding, a file of tab-separated numbers (or raw
//! little-endian floats with a shape), metadata and a sprite image. Paths in it are taken from the
//! directory it lies in, and only if they stay inside: a config is input, and could name anything.

use super::pbtxt::{EmbeddingInfo, PbtxtError, ProjectorConfig};
use super::{Root, View, unique_name};
use crate::catalog::Store;
use crate::error::{Error, Result};
use crate::filter::Filter;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a config may lie in a run.
const CONFIGS: [&str; 2] = [
    "projector_config.pbtxt",
    "plugins/org_tensorflow_tensorboard_projector/projector_config.pbtxt",
];

/// Header and rows of a metadata file.
type Labels = (Vec<String>, Vec<Vec<String>>);

/// One embedding as read.
pub(super) struct Embedding {
    pub(super) run: usize,
    pub(super) name: String,
    pub(super) step: i64,
    pub(super) wall_time: f64,
    pub(super) shape: [u64; 2],
    pub(super) values: Vec<f32>,
    /// Header and rows; one column called `label` where the file has no header.
    pub(super) metadata: Option<Labels>,
    pub(super) sprite: Option<Vec<u8>>,
    /// The file with the values.
    pub(super) file: PathBuf,
}

/// The names of the runs, and the directories that may hold a config, with the run of each.
pub(super) fn places(view: &View) -> (Vec<String>, Vec<(usize, PathBuf)>) {
    let mut runs: Vec<String> = view.run_names().map(str::to_owned).collect();
    let mut directories: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (number, run) in view.snapshot.runs.iter().enumerate() {
        for directory in run.files.iter().filter_map(|file| file.path.parent()) {
            directories.insert(directory.to_owned(), number);
        }
    }
    // A config may lie in a root without event files of its own.
    for root in &*view.catalog.roots.places {
        if let Root::Directory { name, path } | Root::Matched { name, path } = root
            && !directories.contains_key(path)
        {
            directories.insert(path.clone(), runs.len());
            runs.push(if name.is_empty() {
                ".".to_owned()
            } else {
                name.clone()
            });
        }
    }
    let mut places: Vec<(usize, PathBuf)> = directories.into_iter().map(|(d, n)| (n, d)).collect();
    places.sort();
    (runs, places)
}

/// Takes the config that was read, and what went wrong; an error if that is the end of it.
pub(super) type OnError<'a> = &'a mut dyn FnMut(&Path, Error) -> Result<()>;

/// How many bytes the file at `path` has; 0 if that cannot be told.
pub(super) fn length(store: &dyn Store, path: &Path) -> u64 {
    store.stat(path).map_or(0, |stat| stat.identity.length)
}

/// Reads the configs of all places. What cannot be read is damage like any other: it costs the
/// embedding it belongs to, or its labels, or its sprite, and no other.
pub(super) fn read(
    store: &dyn Store,
    runs: &[String],
    places: &[(usize, PathBuf)],
    filter: &Filter,
    found: &mut Vec<Embedding>,
    on_error: OnError<'_>,
) -> Result<()> {
    for (run, config) in configs(store, runs, places, filter) {
        if let Err(error) = read_config(store, &config, run, filter, found, on_error) {
            on_error(&config, error)?;
        }
    }
    Ok(())
}

/// Run and name of every embedding in the configs of all places. A config that cannot be read has
/// none.
pub(super) fn names(
    store: &dyn Store,
    runs: &[String],
    places: &[(usize, PathBuf)],
    filter: &Filter,
) -> Vec<(usize, String)> {
    configs(store, runs, places, filter)
        .filter_map(|(run, config)| Some((run, parsed(store, &config).ok()?)))
        .flat_map(|(run, parsed)| {
            let listed = parsed.embeddings.into_iter();
            listed.map(move |info| (run, split_name(&info.tensor_name).0.to_owned()))
        })
        .filter(|(_, name)| filter.tags.matches(name))
        .collect()
}

/// The configs that there are, with the number of their run.
fn configs<'a>(
    store: &'a dyn Store,
    runs: &'a [String],
    places: &'a [(usize, PathBuf)],
    filter: &'a Filter,
) -> impl Iterator<Item = (usize, PathBuf)> + 'a {
    places
        .iter()
        .filter(|(run, _)| filter.runs.matches(&runs[*run]))
        .flat_map(|(run, directory)| CONFIGS.map(|name| (*run, directory.join(name))))
        .filter(|(_, config)| store.stat(config).is_ok())
}

/// The bytes of a regular file; anything else might never end.
fn contents(store: &dyn Store, path: &Path) -> Result<Vec<u8>> {
    let stat = store.stat(path).map_err(|e| Error::io(e, path))?;
    if !stat.is_file {
        return Err(Error::damaged(path, 0, "no regular file"));
    }
    let source = store.open(path, None, false);
    let read = source.and_then(|source| source.read_all());
    read.map_err(|e| Error::io(e, path))
}

fn parsed(store: &dyn Store, config: &Path) -> Result<ProjectorConfig> {
    let text = contents(store, config)?;
    let text = String::from_utf8(text).map_err(|_| Error::damaged(config, 0, "no UTF-8"))?;
    let bad = |e: PbtxtError| Error::damaged(config, 0, format!("line {}: {}", e.line, e.reason));
    ProjectorConfig::parse(&text).map_err(bad)
}

fn read_config(
    store: &dyn Store,
    config: &Path,
    run: usize,
    filter: &Filter,
    found: &mut Vec<Embedding>,
    on_error: OnError<'_>,
) -> Result<()> {
    let parsed = parsed(store, config)?;
    let base = config.parent().unwrap_or(config);
    let modified = store
        .stat(config)
        .ok()
        .and_then(|stat| stat.identity.modified_ns());
    let since = modified.and_then(|ns| u64::try_from(ns).ok());
    let wall_time = since.map_or(0.0, |ns| Duration::from_nanos(ns).as_secs_f64());
    let mut report = |error: Error| on_error(config, error);
    for info in &parsed.embeddings {
        let (name, step) = split_name(&info.tensor_name);
        // Without a tensor file the values are in a TensorFlow checkpoint.
        let known = filter.tags.matches(name) && filter.matches_time(step, wall_time);
        if !known || info.tensor_path.is_empty() {
            continue;
        }
        let (shape, values) = match tensor(store, base, info) {
            Ok(tensor) => tensor,
            Err(error) => {
                report(error)?;
                continue;
            }
        };
        let mut embedding = Embedding {
            run,
            name: name.to_owned(),
            step,
            wall_time,
            shape,
            values,
            metadata: None,
            sprite: None,
            file: base.join(&info.tensor_path),
        };
        match metadata_of(store, base, info, shape[0]) {
            Ok(metadata) => embedding.metadata = metadata,
            Err(error) => report(error)?,
        }
        match sprite_of(store, base, info) {
            Ok(sprite) => embedding.sprite = sprite,
            Err(error) => report(error)?,
        }
        found.push(embedding);
    }
    Ok(())
}

fn sprite_of(store: &dyn Store, base: &Path, info: &EmbeddingInfo) -> Result<Option<Vec<u8>>> {
    match &info.sprite {
        Some(sprite) if !sprite.image_path.is_empty() => {
            contents(store, &inside(store, base, &sprite.image_path)?).map(Some)
        }
        _ => Ok(None),
    }
}

/// PyTorch and tensorboardX name a tensor `<tag>:<step, five digits>`.
fn split_name(name: &str) -> (&str, i64) {
    match name.rsplit_once(':') {
        Some((tag, step)) if step.len() >= 5 && step.bytes().all(|b| b.is_ascii_digit()) => {
            (tag, step.parse().unwrap_or(0))
        }
        _ => (name, 0),
    }
}

/// The file `name` under `base`, which it must not lead out of.
fn inside(store: &dyn Store, base: &Path, name: &str) -> Result<PathBuf> {
    let path = base.join(name);
    let real = store.resolve(&path).map_err(|e| Error::io(e, &path))?;
    let base = store.resolve(base).map_err(|e| Error::io(e, base))?;
    if !real.starts_with(&base) {
        return Err(Error::damaged(
            &path,
            0,
            "projector config names a file outside its directory",
        ));
    }
    Ok(real)
}

fn tensor(store: &dyn Store, base: &Path, info: &EmbeddingInfo) -> Result<([u64; 2], Vec<f32>)> {
    let path = inside(store, base, &info.tensor_path)?;
    let bytes = contents(store, &path)?;
    let text = std::str::from_utf8(&bytes)
        .ok()
        .filter(|_| path.extension().is_none_or(|e| e != "bytes"));
    let Some(text) = text else {
        let values: Vec<f32> = bytes
            .as_chunks()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect();
        let shape: Vec<u64> = info.tensor_shape.iter().map(|&n| u64::from(n)).collect();
        return match shape[..] {
            [n, d] if n.checked_mul(d) == Some(values.len() as u64) => Ok(([n, d], values)),
            _ => Err(Error::damaged(
                &path,
                0,
                "raw tensor does not have the bytes of its tensor_shape",
            )),
        };
    };
    let (mut values, mut width, mut points) = (Vec::new(), None, 0);
    for line in text.lines().filter(|line| !line.is_empty()) {
        let before = values.len();
        for number in line.split('\t') {
            let value = number.trim().parse::<f32>();
            let bad =
                |_| Error::damaged(&path, 0, format!("{number:?} in row {points} is no number"));
            values.push(value.map_err(bad)?);
        }
        let columns = values.len() - before;
        if *width.get_or_insert(columns) != columns {
            return Err(Error::damaged(
                &path,
                0,
                format!("row {points} has {columns} columns"),
            ));
        }
        points += 1;
    }
    Ok(([points, width.unwrap_or(0) as u64], values))
}

fn metadata_of(
    store: &dyn Store,
    base: &Path,
    info: &EmbeddingInfo,
    points: u64,
) -> Result<Option<Labels>> {
    if info.metadata_path.is_empty() {
        return Ok(None);
    }
    let path = inside(store, base, &info.metadata_path)?;
    let text = contents(store, &path)?;
    let text = String::from_utf8_lossy(&text); // as `text()` shows what is no UTF-8
    let mut lines: Vec<&str> = text.split('\n').collect();
    if lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    // TensorBoard's rule: a tab in the first line makes it a header.
    let header: Vec<String> = match lines.first() {
        Some(first) if first.contains('\t') => distinct(lines.remove(0).split('\t')),
        _ => vec!["label".to_owned()],
    };
    if header.len().saturating_mul(lines.len()) > 16 * (text.len() + 256) {
        let reason = "metadata with far more columns than its rows have";
        return Err(Error::damaged(&path, 0, reason));
    }
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| line.splitn(header.len(), '\t').map(str::to_owned).collect())
        .collect();
    rows.resize(
        usize::try_from(points).unwrap_or(0).min(rows.len()),
        Vec::new(),
    );
    Ok(Some((header, rows)))
}

/// The names of columns; one that is there already gets a number.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names.map(|name| unique_name(name, &mut taken)).collect()
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn a_step_is_five_digits_behind_a_colon() {
        assert_eq!(split_name("logits:00003"), ("logits", 3));
        assert_eq!(split_name("a:b:123456"), ("a:b", 123_456));
        assert_eq!(split_name("layer/kernel:0"), ("layer/kernel:0", 0));
        assert_eq!(split_name("x:12e45"), ("x:12e45", 0));
    }
}
