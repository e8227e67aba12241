//! What is in a log, without its data: series, files, damage, and the events as they are.

mod audit;
mod detail;
mod events;
mod series;

pub use audit::{Audit, AuditTask};
pub use events::{EventRows, EventsTask, WHATS};
pub use series::{Point, SeriesPart, SeriesTask, Stat};
