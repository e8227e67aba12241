//! The tables about a log: files and damage.

use super::scan::{Batches, Resolved};
use super::{View, embeddings};
use crate::error::{Error, Result};
use crate::event::kind::Kind;
use crate::filter::Filter;
use crate::scan::Ordered;
use crate::scan::survey::{Audit, AuditTask};
use crate::scan::walk::Damage;
use crate::table::keys::{int64, strings};
use crate::table::schema::{self, Layout, TensorData};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::SchemaRef;
use std::path::Path;
use std::sync::Arc;

pub(super) type GoOn<'a> = &'a mut dyn FnMut() -> bool;

/// A table that is one batch, made when the stream is first asked.
struct Once<F>(Option<F>);

impl<F: FnOnce(GoOn<'_>) -> Result<RecordBatch> + Send> Batches for Once<F> {
    fn next(&mut self, go_on: GoOn<'_>) -> Option<Result<RecordBatch>> {
        let batch = (self.0.take()?)(go_on);
        Some(batch).filter(|b| b.as_ref().map_or(true, |b| b.num_rows() > 0))
    }
}

/// The columns asked for of a table whose columns `full` are always the same.
pub(super) fn layout(full: SchemaRef, filter: &Filter) -> Result<Layout> {
    let detail = full.index_of(schema::DETAIL);
    let usual = detail.unwrap_or(full.fields().len());
    Layout::of(full, usual, TensorData::Any, filter.columns.as_deref())
}

/// Rows in one batch that `make` makes, in the columns asked for.
pub(super) fn once(
    full: SchemaRef,
    filter: &Filter,
    make: impl Fn(GoOn<'_>) -> Result<Vec<ArrayRef>> + Send + Sync + 'static,
) -> Result<Resolved> {
    let layout = layout(full, filter)?;
    let schema = Arc::clone(&layout.schema);
    let make = Arc::new(make);
    Ok(Resolved::new(schema, move || {
        let (make, layout) = (Arc::clone(&make), layout.clone());
        let make = move |go_on: GoOn<'_>| project(&layout, &make(go_on)?);
        Ok(Box::new(Once(Some(make))) as Box<dyn Batches>)
    }))
}

/// The columns asked for, out of all of them.
pub(super) fn project(layout: &Layout, arrays: &[ArrayRef]) -> Result<RecordBatch> {
    let columns = layout.projection.iter().map(|&i| Arc::clone(&arrays[i]));
    let rows = arrays.first().map(|a| a.len());
    let options = RecordBatchOptions::new().with_row_count(rows);
    RecordBatch::try_new_with_options(Arc::clone(&layout.schema), columns.collect(), &options)
        .map_err(Error::internal)
}

/// The shape of all tensors, if they have one and it is worth saying.
pub(super) fn common_shape(
    view: &View,
    filter: &Filter,
    go_on: GoOn<'_>,
) -> Result<Option<Vec<u64>>> {
    let columns = Some(vec!["shape".to_owned()]);
    let filter = Filter {
        columns,
        ..filter.clone()
    };
    let shapes = super::rows::rows(view.clone(), Kind::Tensors, filter, TensorData::Any)?;
    let mut stream = shapes.stream()?;
    let mut common: Option<Vec<u64>> = None;
    while let Some(batch) = stream.next(go_on) {
        for shape in batch?.column(0).as_list::<i32>().iter().flatten() {
            let shape: Vec<u64> = shape
                .as_primitive::<Int64Type>()
                .values()
                .iter()
                .map(|d| *d as u64)
                .collect();
            match &common {
                None => common = Some(shape),
                Some(known) if *known == shape => {}
                Some(_) => return Ok(None),
            }
        }
    }
    let fits = |shape: &Vec<u64>| {
        let count = shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d));
        !shape.is_empty() && count.is_some_and(|n| n > 0 && i32::try_from(n).is_ok())
    };
    Ok(common.filter(fits))
}

/// A file's records and damage, every record checked.
struct FileSummary {
    records: u64,
    damage: Vec<Damage>,
    writer: Option<String>,
    version: Option<String>,
}

fn audit(view: &View, go_on: GoOn<'_>) -> Result<Vec<FileSummary>> {
    let empty = || FileSummary {
        records: 0,
        damage: Vec::new(),
        writer: None,
        version: None,
    };
    let mut files: Vec<FileSummary> = view.files.iter().map(|_| empty()).collect();
    let task = AuditTask {
        access: view.access(true),
    };
    // Listing damage is no reason to fail at it.
    let mut ordered = Ordered::new(
        task,
        view.files.clone(),
        view.options.threads,
        false,
        Default::default(),
    );
    while let Some(next) = ordered.next(go_on) {
        let (unit, decoded) = next?;
        for (file, span) in ordered.parts(unit).zip(decoded.spans) {
            files[file].records += span.records;
            files[file].damage.extend(span.damage);
        }
        let Audit { versions, .. } = decoded.output;
        for (file, writer, version) in versions {
            let file = &mut files[file as usize];
            file.writer = writer.or(file.writer.take());
            file.version = version;
        }
    }
    Ok(files)
}

/// The table of files.
pub(super) fn files(view: View, filter: &Filter) -> Result<Resolved> {
    once(schema::files(), filter, move |go_on| {
        let all = audit(&view, go_on)?;
        let run =
            |task: &crate::scan::FileTask| view.snapshot.runs[task.run as usize].name.as_str();
        let damaged = |f: &FileSummary| f.damage.iter().map(|d| d.length).sum::<u64>() as i64;
        let writer: StringArray = all.iter().map(|f| f.writer.as_deref()).collect();
        let version: StringArray = all.iter().map(|f| f.version.as_deref()).collect();
        Ok(vec![
            strings(view.files.iter().map(run)),
            strings(view.paths()),
            int64(view.files.iter().map(|f| f.length as i64).collect()),
            int64(all.iter().map(|f| f.records as i64).collect()),
            int64(all.iter().map(damaged).collect()),
            Arc::new(writer),
            Arc::new(version),
        ])
    })
}

/// The table of damage.
pub(super) fn damage(view: View, filter: Filter) -> Result<Resolved> {
    once(schema::damage(), &filter.clone(), move |go_on| {
        let all = audit(&view, go_on)?;
        let mut rows: Vec<(String, Damage)> = view
            .paths()
            .zip(all)
            .flat_map(|(path, file)| file.damage.into_iter().map(move |d| (path.clone(), d)))
            .collect();
        let whole = |path: &Path, length: u64, reason: String| {
            let path = path.to_string_lossy().into_owned();
            let damage = Damage {
                offset: 0,
                length,
                reason,
            };
            (path, damage)
        };
        let unlisted = view.snapshot.unlisted.iter();
        rows.extend(unlisted.map(|entry| whole(&entry.path, 0, entry.reason.clone())));
        let projector = embeddings::damage(&view, &filter)?;
        rows.extend(
            projector
                .into_iter()
                .map(|(p, length, r)| whole(&p, length, r)),
        );
        Ok(vec![
            strings(rows.iter().map(|(path, _)| path)),
            int64(rows.iter().map(|(_, d)| d.offset as i64).collect()),
            int64(rows.iter().map(|(_, d)| d.length as i64).collect()),
            strings(rows.iter().map(|(_, d)| &d.reason)),
        ])
    })
}
