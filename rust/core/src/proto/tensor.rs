//! `TensorProto` and its shape.

use prost::Message;

/// A tensor: raw bytes in `tensor_content`, or elements in the one list that fits `dtype`.
///
/// Fewer elements than the shape asks for: the last one is repeated.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// A number of the enum DataType.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Absent: a scalar.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<TensorShapeProto>,
    /// Always 0.
    #[prost(int32, tag = "3")]
    pub version_number: i32,
    /// Row-major, little-endian.
    #[prost(bytes = "vec", tag = "4")]
    pub tensor_content: Vec<u8>,
    /// DT_FLOAT.
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    /// DT_DOUBLE.
    #[prost(double, repeated, tag = "6")]
    pub double_val: Vec<f64>,
    /// All integers of up to 32 bits but DT_UINT32.
    #[prost(int32, repeated, tag = "7")]
    pub int_val: Vec<i32>,
    /// DT_STRING.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
    /// DT_COMPLEX64: real and imaginary parts in turn.
    #[prost(float, repeated, tag = "9")]
    pub scomplex_val: Vec<f32>,
    /// DT_INT64.
    #[prost(int64, repeated, tag = "10")]
    pub int64_val: Vec<i64>,
    /// DT_BOOL.
    #[prost(bool, repeated, tag = "11")]
    pub bool_val: Vec<bool>,
    /// DT_COMPLEX128: real and imaginary parts in turn.
    #[prost(double, repeated, tag = "12")]
    pub dcomplex_val: Vec<f64>,
    /// DT_HALF and DT_BFLOAT16: bit patterns in the low 16 bits.
    #[prost(int32, repeated, tag = "13")]
    pub half_val: Vec<i32>,
    /// DT_RESOURCE.
    #[prost(message, repeated, tag = "14")]
    pub resource_handle_val: Vec<ResourceHandleProto>,
    /// DT_VARIANT.
    #[prost(message, repeated, tag = "15")]
    pub variant_val: Vec<VariantTensorDataProto>,
    /// DT_UINT32.
    #[prost(uint32, repeated, tag = "16")]
    pub uint32_val: Vec<u32>,
    /// DT_UINT64.
    #[prost(uint64, repeated, tag = "17")]
    pub uint64_val: Vec<u64>,
    /// Eight-bit floats, one byte each.
    #[prost(bytes = "vec", tag = "18")]
    pub float8_val: Vec<u8>,
}

/// The size of each dimension.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// The outermost first.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
    /// Not even the number of dimensions is known.
    #[prost(bool, tag = "3")]
    pub unknown_rank: bool,
}

/// One dimension.
#[derive(Clone, PartialEq, Message)]
pub struct Dim {
    /// -1 where it is not known.
    #[prost(int64, tag = "1")]
    pub size: i64,
    /// Seldom set.
    #[prost(string, tag = "2")]
    pub name: String,
}

/// An element of a DT_VARIANT tensor: a value of a registered type.
#[derive(Clone, PartialEq, Message)]
pub struct VariantTensorDataProto {
    /// The type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// What the type makes of it.
    #[prost(bytes = "vec", tag = "2")]
    pub metadata: Vec<u8>,
    /// The tensors it is made of.
    #[prost(message, repeated, tag = "3")]
    pub tensors: Vec<TensorProto>,
}

/// An element of a DT_RESOURCE tensor: names something that lives on a device.
#[derive(Clone, PartialEq, Message)]
pub struct ResourceHandleProto {
    /// The device.
    #[prost(string, tag = "1")]
    pub device: String,
    /// The container on the device.
    #[prost(string, tag = "2")]
    pub container: String,
    /// The name in the container.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Of the type.
    #[prost(uint64, tag = "4")]
    pub hash_code: u64,
    /// The type, for error messages.
    #[prost(string, tag = "5")]
    pub maybe_type_name: String,
    /// What the resource holds.
    #[prost(message, repeated, tag = "6")]
    pub dtypes_and_shapes: Vec<DtypeAndShape>,
}

/// Type and shape of what a resource holds.
#[derive(Clone, PartialEq, Message)]
pub struct DtypeAndShape {
    /// A number of the enum DataType.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// The shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}
