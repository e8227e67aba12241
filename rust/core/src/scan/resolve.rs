//! What a value is: the one place that says it, for rows, `series`, `events` and the audit alike.
//!
//! An event is taken in in two phases. First a [`Gate`] makes sure that it is an event by the rules
//! of prost, and that no later value of it is irregular: rows that were made are not taken back.
//! Then values are resolved and used. The gate is passed once an event, when the first value asks
//! for it, so that events without a value of interest cost nothing.
//!
//! A bad value is no reason to lose those beside it: they count, and the event is listed as damage
//! with the first reason.

use super::plugin::Attribution;
use super::record::Trouble;
use super::tags::{LocalTag, Tags};
use crate::event::Irregular;
use crate::event::check::{Checked, Proof};
use crate::event::kind::{Kind, kind_of};
use crate::event::tensor::Fault;
use crate::event::view::{Content, Value, Values, is_regular};
use crate::table::{Entry, Judge, mesh_name};

/// Whether an event may be taken in; asked once an event.
pub struct Gate<'e> {
    payload: &'e [u8],
    summary: &'e [u8],
    proof: Option<Proof>,
}

impl<'e> Gate<'e> {
    /// The gate of an event with this summary.
    #[inline(always)]
    pub fn new(payload: &'e [u8], summary: &'e [u8]) -> Self {
        Self {
            payload,
            summary,
            proof: None,
        }
    }

    /// The gate of an event of which nothing is left to check, if it `is_plain`.
    #[inline(always)]
    pub fn opened_if(mut self, is_plain: bool) -> Self {
        self.proof = is_plain.then(Proof::seen);
        self
    }

    /// Fails, the first time, if the event must be given its usual form, or is none.
    #[inline(always)]
    pub fn pass(&mut self) -> Result<Proof, Irregular> {
        if let Some(proof) = self.proof {
            return Ok(proof);
        }
        // A value that stands alone proves regular before it makes a row.
        if !is_alone(self.summary) && !is_regular(self.summary) {
            return Err(Irregular);
        }
        let proof = Proof::of(self.payload)?;
        self.proof = Some(proof);
        Ok(proof)
    }
}

/// Whether the summary has one value and nothing else.
#[inline(always)]
fn is_alone(summary: &[u8]) -> bool {
    let mut values = Values::of(summary);
    matches!(values.next(), Some(Some(_))) && values.is_empty()
}

/// Hands on the values of a summary with their numbers. Of what is wrong with some, the first reason is returned, once
/// all have been seen.
#[inline(always)]
pub fn for_each_value<'a>(
    summary: &'a [u8],
    mut each: impl FnMut(u32, &'a [u8]) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut bad = None;
    let mut number = 0;
    let mut values = Values::of(summary);
    while !values.is_empty() {
        let Some(message) = values.next().ok_or(Irregular)? else {
            continue;
        };
        let this = number;
        number += 1;
        match each(this, message) {
            Ok(()) => {}
            Err(Trouble::Bad(reason)) => drop(bad.get_or_insert(reason)),
            Err(Trouble::Irregular) => return Err(Trouble::Irregular),
        }
    }
    bad.map_or(Ok(()), |reason| Err(Trouble::Bad(reason)))
}

/// A value, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// Its parts.
    pub value: Value<'a>,
    /// Number of its tag.
    pub tag: LocalTag,
    /// Whose data it is.
    pub attribution: Attribution,
    /// `None` if it holds nothing.
    pub kind: Option<Kind>,
}

impl<'a> Resolved<'a> {
    /// The value as rows take it, described by `metadata` if it has none of its own.
    #[inline(always)]
    pub fn entry<'m>(self, proof: Proof, metadata: Option<&'m [u8]>) -> Checked<Entry<'m>>
    where
        'a: 'm,
    {
        let value: Value<'m> = self.value;
        proof.covers(Entry {
            value: value.with_metadata(metadata),
            plugin: self.attribution.plugin,
            is_described: metadata.is_none(),
            graph: None,
        })
    }
}

impl Tags<'_> {
    /// What a value is. `None` if its tag is not wanted; a tensor may yet be part of a mesh with a
    /// tag of its own, where meshes are `listed_by_name`.
    #[inline(always)]
    pub fn resolve<'a>(
        &mut self,
        message: &'a [u8],
        gate: &mut Gate<'_>,
        listed_by_name: bool,
    ) -> Result<Option<Resolved<'a>>, Irregular> {
        let value = Value::parse(message).ok_or(Irregular)?;
        let tag = self.id(value.series_tag()).ok_or(Irregular)?;
        let may_be_mesh = listed_by_name && matches!(value.content, Content::Tensor(_));
        if !self.is_wanted(tag) && !may_be_mesh {
            return Ok(None);
        }
        // Metadata of what is no event is not believed.
        if value.metadata.is_some_and(|m| self.is_new_metadata(tag, m)) {
            gate.pass()?;
        }
        let attribution = self.attribution_of(tag, &value)?;
        let kind = kind_of(&value.content, attribution.plugin).ok_or(Irregular)?;
        Ok(Some(Resolved {
            value,
            tag,
            attribution,
            kind,
        }))
    }

    /// Fails if the value makes no row, although it is of a kind.
    #[inline(always)]
    pub fn judge(
        &self,
        judge: &mut Judge,
        resolved: &Resolved<'_>,
        proof: Proof,
    ) -> Result<(), Fault> {
        let Some(kind) = resolved.kind else {
            return Ok(());
        };
        if matches!(resolved.value.content, Content::Simple(_)) {
            return Ok(());
        }
        let metadata = match kind {
            Kind::Meshes => self.first_metadata(resolved.tag, &resolved.value),
            _ => None,
        };
        judge.check(kind, &resolved.entry(proof, metadata.as_deref()))
    }

    /// The number of the tag that a part of a mesh is listed by: the name of the mesh.
    pub fn of_mesh(&mut self, value: &Value<'_>) -> Result<LocalTag, Fault> {
        let name = self.id(mesh_name(value));
        name.ok_or("mesh whose name is no UTF-8")
    }
}
