//! Decoding of values: arbitrary messages with arbitrary lists beside them.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::input::Input;
use super::program::{CounterHandle, Tree};
use super::{accepted, introduced, python};
use crate::codec::{self, Encoded, Encoder};
use crate::{Blob, ObjectRef, Value};

/// Decodes each message as some type: an error, or a value that comes back as itself.
///
/// # Panics
/// Where that is not so.
pub fn values(data: &[u8]) {
    introduced();
    let mut input = Input::new(data);
    let before = python::live();
    while let Some(kind) = input.byte() {
        for value in accepted(&mut input) {
            decode(kind, &value);
        }
    }
    python::end();
    assert_eq!(python::live(), before);
}

fn decode(kind: u8, value: &Encoded) {
    const KINDS: &[fn(&Encoded)] = &[
        stable::<()>,
        stable::<bool>,
        stable::<(u8, i8, u16, i16)>,
        stable::<(u32, i32, u64, i64)>,
        stable::<u128>,
        stable::<(f32, f64)>,
        stable::<char>,
        stable::<String>,
        stable::<Vec<u8>>,
        stable::<Vec<String>>,
        stable::<[i16; 3]>,
        stable::<Option<Option<u8>>>,
        stable::<Result<u8, String>>,
        stable::<BTreeMap<String, Vec<u64>>>,
        readable::<HashMap<u8, bool>>,
        stable::<PathBuf>,
        stable::<Duration>,
        stable::<Tree>,
        stable::<Vec<Tree>>,
        stable::<Blob>,
        stable::<Vec<Blob>>,
        stable::<ObjectRef<u64>>,
        stable::<Vec<ObjectRef<Blob>>>,
        stable::<CounterHandle>,
        list::<Vec<u64>>,
        list::<Vec<Tree>>,
    ];
    KINDS[usize::from(kind) % KINDS.len()](value);
}

fn readable<T: DeserializeOwned>(value: &Encoded) {
    let _ = codec::decode::<T>(value);
}

fn list<T: DeserializeOwned>(value: &Encoded) {
    let _ = codec::decode_list::<T>(vec![value.clone(), value.clone()].into_iter());
}

/// What was decoded and encoded decodes again, to the same bytes.
fn stable<T: Value>(value: &Encoded) {
    let Ok(decoded) = codec::decode::<T>(value) else { return };
    let encode = |value: &T| {
        let mut encoder = Encoder::default();
        encoder.append(value).map(|()| encoder.finish())
    };
    let Ok(once) = encode(&decoded) else { panic!("a decoded value cannot be encoded") };
    let again = codec::decode::<T>(&once).and_then(|value| encode(&value));
    let Ok(again) = again else { panic!("an encoded value cannot be decoded") };
    assert_eq!((&once.data, &once.blobs, once.refs.len()), (&again.data, &again.blobs, again.refs.len()));
}
