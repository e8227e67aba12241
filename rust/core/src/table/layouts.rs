//! `layouts`: custom-scalar layouts, as stored and as JSON.

use super::blobs::Blobs;
use super::schema::Wanted;
use super::{Checked, Entry, Memory, Rows, room};
use crate::event::tensor::Fault;
use crate::proto::plugins::{Category, Chart, ChartContent, Layout};
use arrow_array::ArrayRef;
use arrow_array::builder::StringBuilder;
use prost::Message;
use serde_json::{Value, json};
use std::sync::Arc;

/// The columns of `layouts`.
pub struct Layouts {
    data: Blobs,
    layout: StringBuilder,
}

impl Layouts {
    /// No rows yet.
    pub fn new(wanted: &Wanted, memory: &mut Memory) -> Self {
        Self {
            data: Blobs::new(wanted.has("data"), memory),
            layout: StringBuilder::new(),
        }
    }
}

impl Rows for Layouts {
    fn push(&mut self, entry: &Checked<Entry<'_>>) -> Result<usize, Fault> {
        let data = entry
            .tensor()?
            .strings()
            .next()
            .ok_or("layout tensor without a string")?;
        let layout = Layout::decode(data).map_err(|_| "layout that is no Layout message")?;
        let json = to_json(&layout).to_string();
        room(&self.layout, json.len())?;
        self.layout.append_value(json);
        self.data.push(data);
        Ok(1)
    }

    fn size(&self) -> usize {
        self.data.size()
    }

    fn finish(&mut self, memory: &mut Memory) -> Vec<ArrayRef> {
        vec![self.data.finish(memory), Arc::new(self.layout.finish())]
    }
}

/// The layout as protobuf's JSON mapping writes it, with the field names of the `.proto`.
fn to_json(layout: &Layout) -> Value {
    let category = |c: &Category| json!({"title": c.title, "chart": c.chart.iter().map(chart).collect::<Vec<_>>(), "closed": c.closed});
    json!({"version": layout.version, "category": layout.category.iter().map(category).collect::<Vec<_>>()})
}

fn chart(chart: &Chart) -> Value {
    match &chart.content {
        Some(ChartContent::Multiline(lines)) => {
            json!({"title": chart.title, "multiline": {"tag": lines.tag}})
        }
        Some(ChartContent::Margin(margin)) => {
            let series: Vec<Value> = margin
                .series
                .iter()
                .map(|s| json!({"value": s.value, "lower": s.lower, "upper": s.upper}))
                .collect();
            json!({"title": chart.title, "margin": {"series": series}})
        }
        None => json!({"title": chart.title}),
    }
}
