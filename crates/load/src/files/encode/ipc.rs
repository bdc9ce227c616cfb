//! Arrow IPC files, one record batch for each unit.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, PrimitiveBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch, downcast_primitive_array,
};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::Encoder;
use crate::files::cut::Unit;

pub(super) struct Ipc(FileWriter<Vec<u8>>);

impl Ipc {
    pub(super) fn new(schema: &SchemaRef) -> Result<Ipc, ArrowError> {
        FileWriter::try_new(Vec::new(), schema).map(Ipc)
    }
}

impl Encoder for Ipc {
    fn write(&mut self, unit: &Unit) -> Result<(), ArrowError> {
        let columns = unit.rows.columns().iter().map(plain).collect();
        self.0
            .write(&RecordBatch::try_new(unit.rows.schema(), columns)?)
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        self.0.finish()
    }

    fn encoded(&mut self) -> &mut Vec<u8> {
        self.0.get_mut()
    }
}

/// The array made anew. Buffers are written as they lie in memory, and equal arrays may differ in what lies under nulls, behind
/// the last bit, and in having a bitmap for no nulls.
fn plain(array: &ArrayRef) -> ArrayRef {
    let any = array.as_ref();
    downcast_primitive_array! {
        any => primitive(any),
        DataType::Boolean => {
            let mut builder = BooleanBuilder::with_capacity(any.len());
            any.as_boolean().iter().for_each(|value| builder.append_option(value));
            Arc::new(builder.finish())
        },
        DataType::Utf8 => {
            let mut builder = StringBuilder::with_capacity(any.len(), any.as_string::<i32>().values().len());
            any.as_string::<i32>().iter().for_each(|value| builder.append_option(value));
            Arc::new(builder.finish())
        },
        DataType::Binary => {
            let mut builder = BinaryBuilder::with_capacity(any.len(), any.as_binary::<i32>().values().len());
            any.as_binary::<i32>().iter().for_each(|value| builder.append_option(value));
            Arc::new(builder.finish())
        },
        _ => Arc::clone(array),
    }
}

fn primitive<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> ArrayRef {
    let mut builder =
        PrimitiveBuilder::<T>::with_capacity(array.len()).with_data_type(array.data_type().clone());
    array.iter().for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

#[cfg(test)]
mod tests {
    use arrow_array::Int32Array;
    use arrow_buffer::NullBuffer;

    use super::*;

    #[test]
    fn equal_arrays_become_equal_bytes() {
        let garbage = Int32Array::new(
            vec![9, 7, 1].into(),
            Some(NullBuffer::from(vec![true, false, true])),
        );
        let none = Int32Array::new(vec![9, 7, 1].into(), Some(NullBuffer::new_valid(3)));
        let [garbage, none] = [garbage, none].map(|array| plain(&(Arc::new(array) as ArrayRef)));
        assert_eq!(
            garbage.to_data().buffers()[0].as_slice(),
            [9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
        );
        assert_eq!(garbage.null_count(), 1);
        assert!(none.nulls().is_none());
    }
}
