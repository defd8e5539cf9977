//! What may cross from one task to another.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that tasks take and return: whatever serde reads and writes, and threads may share.
///
/// Implemented for every type that qualifies; there is nothing to write. Between the threads of the local engine a value
/// is shared as it is, and cloned only where a task takes by value what others still hold. On a cluster it becomes
/// MessagePack with field names, in which, as in most of serde's formats, `Some(None)` reads as `None`. For large raw data use [`Blob`](crate::Blob), alone or inside the type.
///
/// ```compile_fail,E0277
/// #[derive(Clone)]
/// struct Opaque; // says nothing to serde
///
/// #[mobula::task]
/// fn takes(opaque: Opaque) {}
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be passed between tasks",
    note = "derive `Clone`, `serde::Serialize` and `serde::Deserialize` for it; it must also be `Send`, `Sync` and own its data"
)]
pub trait Value: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Value for T {}
