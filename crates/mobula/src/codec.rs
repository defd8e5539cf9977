//! How a value becomes bytes: MessagePack, with blobs and object references beside it.
//!
//! serde knows nothing of buffers that must not be copied, nor of references that Ray has to see. Both are therefore set
//! aside while a value is written and stand in the message as an index; a frame of the thread that encodes or decodes
//! holds the lists. Messages are written with field names, so that Python reads them as dictionaries.

use std::cell::RefCell;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::engine::RawRef;
use crate::{Error, Result};

/// A value in transit.
#[derive(Default, Clone)]
pub struct Encoded {
    /// The MessagePack message.
    pub(crate) data: Bytes,
    /// Buffers that the message names by index.
    pub(crate) blobs: Vec<Bytes>,
    /// References that the message names by index: they keep their objects alive.
    pub(crate) refs: Vec<RawRef>,
}

thread_local! {
    static FRAME: RefCell<Option<Frame>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Frame {
    blobs: Vec<Bytes>,
    refs: Vec<RawRef>,
}

/// Runs `f` with `frame` as this thread's frame and gives both back; the frame before it returns, also on a panic.
fn with_frame<T>(frame: Option<Frame>, f: impl FnOnce() -> T) -> (T, Option<Frame>) {
    struct Restore(Option<Frame>);
    impl Drop for Restore {
        fn drop(&mut self) {
            FRAME.set(self.0.take());
        }
    }
    let restore = Restore(FRAME.replace(frame));
    let out = f();
    let frame = FRAME.take();
    drop(restore);
    (out, frame)
}

/// Sets a blob aside and gives its index; `None` outside an encoding.
pub(crate) fn export_blob(blob: &Bytes) -> Option<u64> {
    FRAME.with_borrow_mut(|frame| {
        let frame = frame.as_mut()?;
        frame.blobs.push(blob.clone());
        Some(frame.blobs.len() as u64 - 1)
    })
}

pub(crate) fn import_blob(index: u64) -> Option<Bytes> {
    FRAME.with_borrow(|frame| frame.as_ref()?.blobs.get(index as usize).cloned())
}

/// Sets a reference aside and gives its index; `None` outside an encoding.
pub(crate) fn export_ref(raw: &RawRef) -> Option<u64> {
    FRAME.with_borrow_mut(|frame| {
        let frame = frame.as_mut()?;
        frame.refs.push(raw.clone());
        Some(frame.refs.len() as u64 - 1)
    })
}

pub(crate) fn import_ref(index: u64) -> Option<RawRef> {
    FRAME.with_borrow(|frame| frame.as_ref()?.refs.get(index as usize).cloned())
}

/// Builds one message out of several values that share their lists of blobs and references.
pub(crate) struct Encoder {
    pub(crate) data: Vec<u8>,
    /// `None`: nothing is set aside.
    frame: Option<Frame>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder { data: Vec::new(), frame: Some(Frame::default()) }
    }
}

impl Encoder {
    /// For readers that know neither buffers nor references: a blob stands in the message whatever its size, and a
    /// reference is an error.
    pub(crate) fn whole() -> Encoder {
        Encoder { data: Vec::new(), frame: None }
    }

    pub(crate) fn append<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let (data, frame) = (&mut self.data, self.frame.take());
        let (done, frame) =
            with_frame(frame, || value.serialize(&mut rmp_serde::Serializer::new(data).with_struct_map()));
        self.frame = frame;
        done.map_err(|e| Error::Codec(format!("cannot encode a {}: {e}", std::any::type_name::<T>())))
    }

    pub(crate) fn finish(self) -> Encoded {
        let Frame { blobs, refs } = self.frame.unwrap_or_default();
        Encoded { data: self.data.into(), blobs, refs }
    }
}

#[cfg(test)]
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Encoded> {
    let mut encoder = Encoder::default();
    encoder.append(value)?;
    Ok(encoder.finish())
}

/// Reads one value from the front of `data`, and moves `data` past it.
pub(crate) fn decode_front<T: DeserializeOwned>(
    data: &mut &[u8],
    blobs: &[Bytes],
    refs: &[RawRef],
) -> Result<T> {
    let frame = Frame { blobs: blobs.to_vec(), refs: refs.to_vec() };
    let (value, _) = with_frame(Some(frame), || {
        let mut reader = rmp_serde::Deserializer::new(&mut *data);
        T::deserialize(&mut reader)
    });
    value.map_err(|e| Error::Codec(format!("cannot decode a {}: {e}", std::any::type_name::<T>())))
}

pub(crate) fn decode<T: DeserializeOwned>(value: &Encoded) -> Result<T> {
    let mut data = &value.data[..];
    let decoded = decode_front(&mut data, &value.blobs, &value.refs)?;
    if !data.is_empty() {
        return Err(Error::Codec(format!("{} bytes follow a {}", data.len(), std::any::type_name::<T>())));
    }
    Ok(decoded)
}

/// Reads a `T`, which has to be a sequence, out of its elements, each with blobs and references of its own.
pub(crate) fn decode_list<T: DeserializeOwned>(
    elements: impl ExactSizeIterator<Item = Encoded>,
) -> Result<T> {
    T::deserialize(List(elements)).map_err(|e| {
        Error::Codec(format!("cannot decode a {} from its elements: {e}", std::any::type_name::<T>()))
    })
}

struct List<I>(I);

impl<'de, I: ExactSizeIterator<Item = Encoded>> Deserializer<'de> for List<I> {
    type Error = rmp_serde::decode::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_seq(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, I: ExactSizeIterator<Item = Encoded>> SeqAccess<'de> for List<I> {
    type Error = rmp_serde::decode::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let Some(element) = self.0.next() else { return Ok(None) };
        let frame = Frame { blobs: element.blobs, refs: element.refs };
        let (value, _) = with_frame(Some(frame), || {
            seed.deserialize(&mut rmp_serde::Deserializer::new(&element.data[..]))
        });
        value.map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blob;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
    enum Shape {
        Dot,
        Line { from: (i8, i64), blob: Blob },
        Many(Vec<Blob>),
    }

    fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, blobs: usize) {
        let encoded = encode(&value).unwrap();
        assert_eq!(encoded.blobs.len(), blobs);
        assert_eq!(decode::<T>(&encoded).unwrap(), value);
    }

    #[test]
    fn values_come_back_and_large_blobs_stand_outside() {
        round_trip((), 0);
        round_trip((u64::MAX, i64::MIN, f32::MIN_POSITIVE, "Σ".to_string(), Some(7)), 0);
        round_trip(Shape::Dot, 0);
        round_trip(Shape::Line { from: (-1, 1 << 40), blob: vec![1; 10].into() }, 0);
        round_trip(Shape::Many(vec![vec![1; 10].into(), vec![2; 100_000].into(), vec![3; 65_536].into()]), 2);
    }

    #[test]
    fn a_whole_message_has_its_blobs_in_it_and_no_references() {
        let blob = Blob::from(vec![7; 100_000]);
        let mut whole = Encoder::whole();
        whole.append(&(1, &blob)).unwrap();
        let whole = whole.finish();
        assert_eq!((whole.blobs.len(), whole.refs.len()), (0, 0));
        assert_eq!(decode::<(u8, Blob)>(&whole).unwrap(), (1, blob));
        let ray = crate::Ray::local(crate::LocalConfig::default());
        let error = Encoder::whole().append(&ray.put(1).unwrap()).unwrap_err();
        assert!(error.to_string().contains("an ObjectRef can only be passed between tasks"), "{error}");
    }

    #[test]
    fn a_large_blob_is_not_copied() {
        let blob = Blob::from(vec![1; 100_000]);
        let back: Blob = decode(&encode(&blob).unwrap()).unwrap();
        assert_eq!(back.as_ptr(), blob.as_ptr());
    }

    #[test]
    fn broken_messages_are_errors() {
        let good = encode(&vec![1u32, 2, 3]).unwrap();
        for cut in 0..good.data.len() {
            let broken = Encoded { data: good.data.slice(..cut), ..good.clone() };
            assert!(matches!(decode::<Vec<u32>>(&broken), Err(Error::Codec(_))));
        }
        let longer = Encoded { data: [&good.data[..], &[0]].concat().into(), ..good };
        assert!(decode::<Vec<u32>>(&longer).unwrap_err().to_string().contains("1 bytes follow"));
        let no_blob = Encoded { data: encode(&7u64).unwrap().data, ..Default::default() };
        assert!(decode::<Blob>(&no_blob).unwrap_err().to_string().contains("no buffer number 7"));
    }

    #[test]
    fn a_list_is_decoded_from_elements_with_buffers_of_their_own() {
        let blobs = vec![Blob::from(vec![1; 2000]), Blob::from(vec![2; 2000]), Blob::from(vec![3; 2])];
        let elements: Vec<Encoded> = blobs.iter().map(|b| encode(b).unwrap()).collect();
        assert_eq!(decode_list::<Vec<Blob>>(elements.into_iter()).unwrap(), blobs);
        let wrong = vec![encode("text").unwrap()];
        assert!(decode_list::<Vec<u32>>(wrong.into_iter()).is_err());
    }
}
