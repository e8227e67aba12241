//! Batches to files.

#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod whole;

#[cfg(feature = "parquet")]
pub use parquet::write_parquet;
