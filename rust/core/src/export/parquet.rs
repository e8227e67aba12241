//! Batches to one Parquet file, whole or not at all.
//!
//! Numbers that change slowly are stored as what changes: steps as deltas, floats byte by byte in
//! streams of their own (the exponents of a loss curve are nearly constant), names and repeated
//! edges of histograms as dictionaries; zstd does the rest. The columns of a row group are encoded at the same time, by
//! as many threads as the log is read with. The file is written under a temporary name beside its
//! final one and takes that name when it is complete.

use super::whole::{Temporary, target};
use crate::error::{Error, Result};
use crate::logdir::Scan;
use crate::scan::Budget;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::SchemaDescriptor;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// How often the caller is asked whether to go on.
const TICK: Duration = Duration::from_millis(20);

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 20;
/// … unless it holds more than so many bytes.
const GROUP_BYTES: usize = 64 << 20;

/// Writes all rows of `scan` to `path`; how many there were. `threads` encode; those of the scan by
/// default, and no more of them work at once, decoding included.
pub fn write_parquet(
    scan: &Scan,
    path: &Path,
    threads: Option<usize>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<u64> {
    if path.as_os_str().is_empty() {
        return Err(Error::argument("path=\"\"; it is empty"));
    }
    let at = |error: std::io::Error| Error::io(error, path);
    if path.is_dir() {
        return Err(at(std::io::ErrorKind::IsADirectory.into()));
    }
    let target = target(path).map_err(at)?;
    let temporary = Temporary::beside(&target).map_err(at)?;
    let file = temporary.create().map_err(at)?;
    let mut stream = scan.stream(go_on)?;
    let own = || Arc::new(Budget::new(scan.threads()));
    let threads = Threads {
        encoders: threads.unwrap_or_else(|| scan.threads()),
        budget: stream.budget().cloned().unwrap_or_else(own),
    };
    let mut group = Groups::begin(BufWriter::new(file), scan.schema(go_on)?, threads)
        .map_err(|error| translate(&error, path))?;
    while let Some(batch) = stream.next(go_on) {
        group
            .push(batch?, go_on)
            .map_err(|error| translate(&error, path))?;
    }
    if !go_on() {
        return Err(Error::interrupted());
    }
    let rows = group
        .finish(go_on)
        .map_err(|error| translate(&error, path))?;
    temporary.become_final(&target).map_err(at)?;
    Ok(rows)
}

/// Who encodes.
struct Threads {
    encoders: usize,
    /// Shared with the threads that decode.
    budget: Arc<Budget>,
}

/// Row groups under construction.
struct Groups {
    writer: SerializedFileWriter<BufWriter<File>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    threads: Threads,
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    groups: usize,
    total: u64,
}

impl Groups {
    fn begin(
        file: BufWriter<File>,
        schema: SchemaRef,
        threads: Threads,
    ) -> Result<Self, ParquetError> {
        let plain = ArrowWriter::try_new(std::io::sink(), schema.clone(), None)?;
        let properties = properties(&plain.into_serialized_writer()?.0.schema_descr().clone())?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        let (writer, factory) = writer.into_serialized_writer()?;
        Ok(Self {
            writer,
            factory,
            schema,
            threads,
            batches: Vec::new(),
            rows: 0,
            bytes: 0,
            groups: 0,
            total: 0,
        })
    }

    fn push(
        &mut self,
        mut batch: RecordBatch,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), ParquetError> {
        while self.rows + batch.num_rows() > GROUP_ROWS {
            let head = batch.slice(0, GROUP_ROWS - self.rows);
            batch = batch.slice(head.num_rows(), batch.num_rows() - head.num_rows());
            self.add(head);
            self.flush(go_on)?;
        }
        self.add(batch);
        if self.bytes > GROUP_BYTES {
            self.flush(go_on)
        } else {
            Ok(())
        }
    }

    fn add(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.bytes += batch.columns().iter().map(size).sum::<usize>();
        self.batches.push(batch);
    }

    fn flush(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let batches = std::mem::take(&mut self.batches);
        let chunks = self.encode(&batches, go_on)?;
        let mut group = self.writer.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.groups += 1;
        self.total += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// Encodes the columns of a row group side by side.
    fn encode(
        &self,
        batches: &[RecordBatch],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        let mut writers = self.factory.create_column_writers(self.groups)?.into_iter();
        let mut work: Vec<(usize, Vec<ArrowColumnWriter>)> = Vec::new();
        for (column, field) in self.schema.fields().iter().enumerate() {
            // A nested column has a writer for each of its leaves.
            let leaves = batches.first().map_or(Ok(0), |b| {
                compute_leaves(field, &b.column(column).slice(0, 0)).map(|leaves| leaves.len())
            })?;
            work.push((column, writers.by_ref().take(leaves).collect()));
        }
        // Floats take longest, so they go first and the small columns fill the gaps.
        let weight = |c: usize| batches.first().map_or(0, |b| size(b.column(c)));
        work.sort_by_key(|(column, _)| weight(*column));
        let threads = self.threads.encoders.clamp(1, work.len().max(1));
        let work = Mutex::new(work);
        let done: Mutex<Vec<(usize, Vec<ArrowColumnChunk>)>> = Mutex::default();
        let stop = AtomicBool::new(false);
        let encode = || -> Result<(), ParquetError> {
            loop {
                let next = work.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some((column, writers)) = next else {
                    return Ok(());
                };
                let encode = || self.encode_column(column, writers, batches, &stop);
                let chunks = self.threads.budget.spend(encode)?;
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((column, chunks));
            }
        };
        std::thread::scope(|scope| {
            let encoders: Vec<_> = (0..threads).map(|_| scope.spawn(encode)).collect();
            while !encoders.iter().all(ScopedJoinHandle::is_finished) {
                if !go_on() {
                    stop.store(true, Ordering::Relaxed);
                    break;
                }
                std::thread::park_timeout(TICK);
            }
            encoders.into_iter().try_for_each(|encoder| {
                encoder
                    .join()
                    .unwrap_or_else(|_| Err(ParquetError::General("a thread panicked".to_owned())))
            })
        })?;
        if stop.into_inner() {
            return Err(ParquetError::External(Box::new(Error::interrupted())));
        }
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(column, _)| *column);
        Ok(done.into_iter().flat_map(|(_, chunks)| chunks).collect())
    }

    fn encode_column(
        &self,
        column: usize,
        mut writers: Vec<ArrowColumnWriter>,
        batches: &[RecordBatch],
        stop: &AtomicBool,
    ) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
        for batch in batches {
            if stop.load(Ordering::Relaxed) {
                return Err(ParquetError::External(Box::new(Error::interrupted())));
            }
            let leaves = compute_leaves(self.schema.field(column), batch.column(column))?;
            for (writer, leaf) in writers.iter_mut().zip(leaves) {
                writer.write(&leaf)?;
            }
        }
        writers.into_iter().map(ArrowColumnWriter::close).collect()
    }

    fn finish(mut self, go_on: &mut dyn FnMut() -> bool) -> Result<u64, ParquetError> {
        self.flush(go_on)?;
        self.writer.close()?;
        Ok(self.total)
    }
}

/// Encodings by physical type.
fn properties(schema: &SchemaDescriptor) -> Result<WriterProperties, ParquetError> {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(3)?);
    let mut builder: WriterPropertiesBuilder = WriterProperties::builder()
        .set_compression(zstd)
        .set_created_by(format!("tfevents {}", env!("CARGO_PKG_VERSION")));
    for column in schema.columns() {
        let path = column.path().clone();
        // pyarrow before 17 cannot read split byte streams with nulls, or within lists.
        let required = column.max_def_level() == 0;
        builder = match column.physical_type() {
            Type::DOUBLE | Type::FLOAT if required => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT),
            Type::INT64 => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
            _ => builder,
        };
    }
    Ok(builder.build())
}

fn translate(error: &ParquetError, path: &Path) -> Error {
    if let ParquetError::External(inner) = error
        && let Some(ours) = inner.downcast_ref::<Error>()
    {
        return ours.clone();
    }
    Error::io(std::io::Error::other(error.to_string()), path)
}

/// Bytes of the rows of an array, without the parts of its buffers that a slice leaves out.
fn size(array: &ArrayRef) -> usize {
    array
        .to_data()
        .get_slice_memory_size()
        .unwrap_or_else(|_| array.get_array_memory_size())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::kind::Kind;
    use crate::filter::Filter;
    use crate::logdir::{LogDir, Options, Root};
    use arrow_array::cast::AsArray;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    fn log() -> LogDir {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden");
        let root = Root::Directory {
            name: String::new(),
            path,
        };
        LogDir::open(vec![root], Options::default()).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let name = |e: std::io::Result<std::fs::DirEntry>| e.unwrap().file_name();
        entries.map(|e| name(e).into_string().unwrap()).collect()
    }

    #[test]
    fn every_kind_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.parquet");
        for kind in Kind::ALL {
            let scan = log().scan(kind, Filter::default()).unwrap();
            for threads in [1, 3] {
                let rows = write_parquet(&scan, &path, Some(threads), &mut || true).unwrap();
                let batches = scan.collect(&mut || true).unwrap();
                let schema = scan.schema(&mut || true).unwrap();
                let expected: usize = batches.iter().map(RecordBatch::num_rows).sum();
                assert_eq!(rows, expected as u64, "{kind:?}");
                let file = File::open(&path).unwrap();
                let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                let read: Vec<RecordBatch> = reader.build().unwrap().map(|b| b.unwrap()).collect();
                let whole = |batches: &[RecordBatch]| {
                    arrow_select::concat::concat_batches(&schema, batches).unwrap()
                };
                let (read, batches) = (whole(&read), whole(&batches));
                for (i, field) in schema.fields().iter().enumerate() {
                    // Dictionaries may be numbered anew; their values count.
                    let plain = |batch: &RecordBatch| match batch.column(i).as_any_dictionary_opt()
                    {
                        Some(d) => arrow_select::take::take(d.values(), d.keys(), None).unwrap(),
                        None => batch.column(i).clone(),
                    };
                    let (a, b) = (plain(&read), plain(&batches));
                    assert_eq!(
                        format!("{a:?}"),
                        format!("{b:?}"),
                        "{kind:?} {}",
                        field.name()
                    );
                }
            }
        }
        assert_eq!(names(folder.path()), ["out.parquet"]);
    }

    #[test]
    fn what_does_not_succeed_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.parquet");
        std::fs::write(&path, b"before").unwrap();
        let scan = log().scan(Kind::Scalars, Filter::default()).unwrap();
        assert!(write_parquet(&scan, &path, Some(1), &mut || false).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        assert_eq!(names(folder.path()), ["out.parquet"]);
        assert!(write_parquet(&scan, folder.path(), Some(1), &mut || true).is_err());
        let nowhere = folder.path().join("no/where.parquet");
        assert!(write_parquet(&scan, &nowhere, Some(1), &mut || true).is_err());
    }
}
