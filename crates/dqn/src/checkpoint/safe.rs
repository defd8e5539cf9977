//! safetensors: a header of JSON, and the numbers.

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::{Loaded, shorten};
use crate::error::CheckpointError;
use crate::floats::{from_bytes, to_bytes};
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
    let mut loaded = Vec::new();
    for (name, view) in file.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(CheckpointError::Tensors(format!(
                "tensor {:?} is of type {:?}, only F32 is read",
                shorten(name),
                view.dtype()
            )));
        }
        let values = from_bytes(view.data())
            .ok_or_else(|| CheckpointError::Damaged("a tensor that is cut short".to_owned()))?;
        loaded.push(Loaded { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    Ok(loaded)
}
