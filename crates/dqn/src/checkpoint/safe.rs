//! safetensors: a header of JSON, and the numbers.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::elements::Kind;
use super::{Loaded, MAX_BYTES, shorten};
use crate::error::CheckpointError;
use crate::floats::to_bytes;
use crate::weights::Weights;

pub(super) fn write(weights: &Weights) -> Result<Vec<u8>, CheckpointError> {
    let damaged = |error: safetensors::SafeTensorError| CheckpointError::Damaged(error.to_string());
    weights.tensors(|tensors| {
        let bytes: Vec<_> = tensors.iter().map(|tensor| to_bytes(tensor.values)).collect();
        let mut views = Vec::new();
        for (tensor, bytes) in tensors.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, tensor.shape.to_vec(), bytes).map_err(damaged)?;
            views.push((tensor.name, view));
        }
        serialize(views, None).map_err(damaged)
    })
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Loaded>, CheckpointError> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|error| CheckpointError::Damaged(error.to_string()))?;
    let (mut loaded, mut total) = (Vec::new(), 0);
    for (name, view) in file.iter() {
        let Some(kind) = kind(view.dtype()) else {
            return Err(CheckpointError::Tensors(format!(
                "tensor {:?} is of type {:?}, and no network has such numbers",
                shorten(name),
                view.dtype()
            )));
        };
        let count = view.data().len() / kind.size();
        total += count as u64 * 4;
        if total > MAX_BYTES {
            return Err(CheckpointError::TooLarge(total, MAX_BYTES));
        }
        let values = (0..count)
            .map(|at| kind.at(view.data(), at, false))
            .collect::<Option<Vec<f32>>>()
            .ok_or_else(|| CheckpointError::Damaged("a tensor that is cut short".to_owned()))?;
        loaded.push(Loaded { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    Ok(loaded)
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F64 => Kind::F64,
        Dtype::F32 => Kind::F32,
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::Bf16,
        Dtype::I64 => Kind::I64,
        Dtype::I32 => Kind::I32,
        Dtype::I16 => Kind::I16,
        Dtype::I8 => Kind::I8,
        Dtype::U8 => Kind::U8,
        Dtype::BOOL => Kind::Bool,
        _ => return None,
    })
}
