//! The values of hyperparameters, and the column that those of one name make.

use crate::proto::hparams::{self as message, Kind as Given};
use arrow_array::ArrayRef;
use arrow_array::builder::{BooleanBuilder, Float64Builder, StringBuilder};
use std::fmt::Write;
use std::sync::Arc;

/// A hyperparameter's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Number(f64),
    Text(String),
    Bool(bool),
    /// A list or a struct.
    Json(String),
}

impl From<message::Value> for Value {
    fn from(value: message::Value) -> Self {
        match value.kind {
            None | Some(Given::NullValue(_)) => Self::Null,
            Some(Given::NumberValue(number)) => Self::Number(number),
            Some(Given::StringValue(text)) => Self::Text(text),
            Some(Given::BoolValue(yes)) => Self::Bool(yes),
            Some(Given::ListValue(_) | Given::StructValue(_)) => {
                let mut text = String::new();
                write_json(&value, &mut text);
                Self::Json(text)
            }
        }
    }
}

impl Value {
    fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Number(value) => Some(number(*value)),
            Self::Text(text) | Self::Json(text) => Some(text.clone()),
            Self::Bool(yes) => Some(yes.to_string()),
        }
    }
}

/// One type for all values of a hyperparameter: float64, bool, or text, which it is where the types
/// differ. Float64 if there are only nulls.
pub(super) fn typed<'a>(values: impl Iterator<Item = Option<&'a Value>> + Clone) -> ArrayRef {
    let present = || values.clone().flatten().filter(|v| **v != Value::Null);
    if present().all(|v| matches!(v, Value::Number(_))) {
        numbers(values.map(|v| match v {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }))
    } else if present().all(|v| matches!(v, Value::Bool(_))) {
        let mut column = BooleanBuilder::new();
        values.for_each(|v| {
            column.append_option(match v {
                Some(Value::Bool(yes)) => Some(*yes),
                _ => None,
            });
        });
        Arc::new(column.finish())
    } else {
        let mut column = StringBuilder::new();
        values.for_each(|v| column.append_option(v.and_then(Value::text)));
        Arc::new(column.finish())
    }
}

/// A column of numbers.
pub(super) fn numbers(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    let mut column = Float64Builder::new();
    values.for_each(|v| column.append_option(v));
    Arc::new(column.finish())
}

/// A number as text: whole ones without a fraction; NaN and infinities as Python's `json` has them.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if value.fract() == 0.0 && value.abs() < 2f64.powi(53) {
        format!("{value}")
    } else {
        format!("{value:?}")
    }
}

/// Appends a value as JSON, spaced as Python's `json` does.
fn write_json(value: &message::Value, out: &mut String) {
    // Writing to a string does not fail.
    let _ = match &value.kind {
        None | Some(Given::NullValue(_)) => out.write_str("null"),
        Some(Given::NumberValue(value)) => out.write_str(&number(*value)),
        Some(Given::StringValue(text)) => out.write_str(&quoted(text)),
        Some(Given::BoolValue(yes)) => write!(out, "{yes}"),
        Some(Given::ListValue(list)) => {
            out.push('[');
            for (i, item) in list.values.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_json(item, out);
            }
            out.write_str("]")
        }
        Some(Given::StructValue(all)) => {
            out.push('{');
            for (i, (name, item)) in all.fields.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                out.push_str(&quoted(name));
                out.push_str(": ");
                write_json(item, out);
            }
            out.write_str("}")
        }
    };
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_schema::DataType;

    #[test]
    fn a_hyperparameter_of_several_types_is_text() {
        let values = [
            Value::Number(0.1),
            Value::Text("x".into()),
            Value::Bool(false),
            Value::Null,
            Value::Json("[1, 2]".into()),
        ];
        let column = typed(values.iter().map(Some).chain([None]));
        let column = column.as_string::<i32>();
        assert_eq!(
            column.iter().collect::<Vec<_>>(),
            [
                Some("0.1"),
                Some("x"),
                Some("false"),
                None,
                Some("[1, 2]"),
                None
            ]
        );
    }

    #[test]
    fn a_null_has_no_type() {
        let null = Value::Null;
        let bools = typed([Some(&Value::Bool(true)), Some(&null), None].into_iter());
        assert_eq!(bools.data_type(), &DataType::Boolean);
        assert_eq!(bools.null_count(), 2);
        let nothing = typed([Some(&null)].into_iter());
        assert_eq!(nothing.data_type(), &DataType::Float64);
    }

    #[test]
    fn lists_and_structs_are_json() {
        let number = |n| message::Value {
            kind: Some(Given::NumberValue(n)),
        };
        let list = message::ListValue {
            values: vec![number(1.0), number(0.5), message::Value { kind: None }],
        };
        let fields = [
            ("a\"".to_owned(), number(1e300)),
            (
                "b".to_owned(),
                message::Value {
                    kind: Some(Given::ListValue(list)),
                },
            ),
        ];
        let value = message::Value {
            kind: Some(Given::StructValue(message::Struct {
                fields: fields.into(),
            })),
        };
        let text = r#"{"a\"": 1e300, "b": [1, 0.5, null]}"#;
        assert_eq!(Value::from(value), Value::Json(text.to_owned()));
    }
}
