//! Raw bytes that travel without copies.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::codec;

/// Raw bytes: the type for anything large.
///
/// A `Blob` is shared, never copied, between the threads of the local engine. On a Ray cluster it is a buffer outside the
/// pickle (protocol 5): written once into the object store, and read from there in place by every worker of that node.
/// It derefs to `[u8]`, and cloning it copies a pointer.
///
/// Blobs may stand anywhere inside a value (`Vec<Blob>`, a field of a struct). Outside Mobula, in `serde_json` say, a
/// `Blob` is an ordinary byte string.
///
/// ```
/// use mobula::Blob;
/// let blob = Blob::from(vec![1, 2, 3]);
/// assert_eq!(&blob[..2], [1, 2]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blob(Bytes);

impl Blob {
    /// A blob over memory that something else owns: a memory map, an aligned vector. `owner` is dropped with the last clone.
    pub fn from_owner<T: AsRef<[u8]> + Send + 'static>(owner: T) -> Self {
        Blob(Bytes::from_owner(owner))
    }

    /// A part of this blob, sharing its memory; `None` where `range` leaves it.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Option<Self> {
        self.0.get(range.clone()).is_some().then(|| Blob(self.0.slice(range)))
    }
}

impl Deref for Blob {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Blob(bytes.into())
    }
}

impl From<&'static [u8]> for Blob {
    fn from(bytes: &'static [u8]) -> Self {
        Blob(Bytes::from_static(bytes))
    }
}

impl From<String> for Blob {
    fn from(text: String) -> Self {
        Blob(text.into())
    }
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        Blob(bytes)
    }
}

impl From<Blob> for Bytes {
    fn from(blob: Blob) -> Self {
        blob.0
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.len())
    }
}

/// Below this a blob stands in the message itself: a buffer of its own costs the host more than the copy.
const INLINE: usize = 64 << 10;

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.len() >= INLINE
            && let Some(index) = codec::export_blob(&self.0)
        {
            return serializer.serialize_u64(index);
        }
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BlobVisitor)
    }
}

struct BlobVisitor;

impl<'de> Visitor<'de> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_u64<E: de::Error>(self, index: u64) -> Result<Blob, E> {
        codec::import_blob(index)
            .map(Blob)
            .ok_or_else(|| E::custom(format!("no buffer number {index} came with this value")))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob(Bytes::copy_from_slice(bytes)))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
        Ok(bytes.into())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Blob, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_shares_memory_and_is_checked() {
        let blob = Blob::from(vec![1, 2, 3, 4]);
        let part = blob.slice(1..3).unwrap();
        assert_eq!(&*part, [2, 3]);
        assert_eq!(part.as_ptr(), blob[1..].as_ptr());
        assert_eq!(blob.slice(2..5), None);
    }

    #[test]
    fn outside_mobula_a_blob_is_a_byte_string() {
        let blob = Blob::from(vec![7; 3000]);
        let json = serde_json::to_string(&blob).unwrap();
        assert_eq!(serde_json::from_str::<Blob>(&json).unwrap(), blob);
    }
}
