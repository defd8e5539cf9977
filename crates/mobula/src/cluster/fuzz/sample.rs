//! Inputs for the targets without a fuzzer: well-formed ones, a little damaged, the same for the same seed.

use super::program::Tree;
use crate::codec::Encoder;
use crate::task::{GATHER, INLINE, NEXT_REF};
use crate::{Blob, Value};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

/// An input for the C table (`kind` 0), for values (1) or for arguments (2).
pub fn sample(kind: u8, seed: u64) -> Vec<u8> {
    let mut random = Random(seed ^ u64::from(kind) << 56);
    let mut out = Vec::new();
    for _ in 0..1 + random.below(4) {
        match kind {
            0 => operation(&mut random, &mut out),
            _ => {
                out.push(random.byte());
                objects(&mut random, &mut out);
            }
        }
    }
    for _ in 0..random.below(4).saturating_sub(1) {
        damage(&mut random, &mut out);
    }
    out
}

fn damage(random: &mut Random, out: &mut Vec<u8>) {
    if out.is_empty() {
        return;
    }
    let at = random.below(out.len() as u64) as usize;
    match random.below(4) {
        0 => out[at] = random.byte(),
        1 => out[at] ^= 1 << random.below(8),
        2 => out.insert(at, random.byte()),
        _ => out.truncate(at),
    }
}

fn operation(random: &mut Random, out: &mut Vec<u8>) {
    let kind = random.byte();
    out.push(kind);
    match kind % 4 {
        // Which instance, whether one at all, which id, how many returns, whether whole.
        0..3 => {
            out.extend([random.byte(), random.byte(), random.byte()]);
            out.extend([if random.flag() { 0 } else { random.byte() }, random.byte()]);
        }
        _ => out.push(0),
    }
    objects(random, out);
    // The script of the host's answers.
    let n = random.below(40) as u8;
    out.push(n);
    out.extend((0..n).map(|_| if random.flag() { 0 } else { random.byte() }));
}

impl Random {
    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }
}

fn objects(random: &mut Random, out: &mut Vec<u8>) {
    let n = random.below(4) as u8;
    out.push(n);
    for at in 0..n {
        let (blobs, refs) = (random.below(4) as u8, random.below(4) as u8);
        out.push(blobs | refs << 2);
        for _ in 0..blobs {
            let len = random.below(9) as u8;
            out.push(len);
            out.extend((0..len).map(|_| random.byte()));
        }
        let message = message(random, at == 0);
        let len = message.len().min(249);
        out.push(len as u8);
        out.extend(&message[..len]);
    }
}

/// An argument message, or a single value.
fn message(random: &mut Random, arguments: bool) -> Vec<u8> {
    let mut message = Vec::new();
    if !arguments || random.below(4) == 0 {
        value(random, &mut message);
        return message;
    }
    for _ in 0..random.below(4) {
        match random.below(6) {
            0 => message.push(NEXT_REF),
            1 => {
                message.push(GATHER);
                message.extend((random.below(4) as u32).to_le_bytes());
            }
            _ => {
                message.push(INLINE);
                value(random, &mut message);
            }
        }
    }
    message
}

fn value(random: &mut Random, out: &mut Vec<u8>) {
    fn put<T: Value>(out: &mut Vec<u8>, value: T) {
        let mut encoder = Encoder::whole();
        if encoder.append(&value).is_ok() {
            out.extend(&*encoder.finish().data);
        }
    }
    match random.below(12) {
        0 => put(out, ()),
        1 => put(out, random.below(4)),
        2 => put(out, random.next()),
        3 => put(out, random.byte() as i8),
        4 => put(out, "Σ text".to_string()),
        5 => put(out, vec!["a".to_string(), String::new()]),
        6 => put(out, vec![random.byte(); random.below(5) as usize]),
        7 => put(out, vec![0_u64, 1]),
        8 => put(out, Blob::from(vec![random.byte(); 3])),
        9 => put(out, f64::from_bits(random.next())),
        10 => put(out, tree(random, 3)),
        _ => put(out, vec![tree(random, 2), Tree::Leaf]),
    }
}

fn tree(random: &mut Random, depth: u64) -> Tree {
    match random.below(2 + depth) {
        0 => Tree::Leaf,
        1 => Tree::Number(random.next() as i128),
        2 => Tree::Map([("k".to_string(), ('İ', random.flag()))].into()),
        3 => Tree::Named { text: "t".into(), blob: vec![1; 2].into(), maybe: Some(0.5) },
        _ => Tree::Nodes((0..random.below(3)).map(|_| tree(random, depth - 1)).collect()),
    }
}
