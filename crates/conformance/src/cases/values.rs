//! What goes in comes out.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use mobula::Ray;
use serde::{Deserialize, Serialize};

use crate::check::equal;

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Shape {
    Unit,
    Tuple(i32, String),
    Struct { x: f64, inner: Box<Option<Shape>> },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct All {
    integers: (u8, i8, u64, i64, u128),
    floats: Vec<f64>,
    text: String,
    letter: char,
    maps: (BTreeMap<String, u32>, HashMap<u8, bool>),
    shapes: Vec<Shape>,
    nothing: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    skipped: Option<u8>,
}

#[mobula::task]
fn echo(all: All) -> All {
    all
}

pub fn every_shape_comes_back(ray: &Ray) -> Result<()> {
    let inner = Box::new(Some(Shape::Tuple(-1, "ΟΔΟΣ".into())));
    let all = All {
        integers: (u8::MAX, i8::MIN, u64::MAX, i64::MIN, u128::MAX),
        floats: vec![0.1, -0.0, f64::MIN_POSITIVE, f64::INFINITY, f64::MAX],
        text: "line\nbreak\0nul \u{1f600}".into(),
        letter: 'İ',
        maps: ([("b".into(), 1), ("a".into(), 2)].into(), [(1, true), (2, false)].into()),
        shapes: vec![Shape::Unit, Shape::Struct { x: 0.5, inner }],
        nothing: None,
        skipped: None,
    };
    equal(echo::remote(all.clone()).submit(ray)?.get(ray)?, all)
}

#[mobula::task]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

pub fn by_value_and_by_reference(ray: &Ray) -> Result<()> {
    let one = ray.put(1)?;
    let two = add::remote(&one, 1).submit(ray)?;
    let five = add::remote(two.clone(), add::remote(two, one).submit(ray)?).submit(ray)?;
    equal(five.get(ray)?, 5)
}

#[mobula::task]
fn borrowed(text: &str, list: &[u16], map: &BTreeMap<String, u8>) -> String {
    format!("{text} {list:?} {map:?}")
}

pub fn borrowed_parameters(ray: &Ray) -> Result<()> {
    let map = BTreeMap::from([("k".to_string(), 9)]);
    let expected = borrowed("text", &[1, 2], &map);
    let list = ray.put(vec![1, 2])?;
    equal(borrowed::remote("text".to_string(), list, map).submit(ray)?.get(ray)?, expected)
}

#[mobula::task]
#[allow(clippy::too_many_arguments)]
fn eight(
    a: u8,
    b: &str,
    c: (),
    d: Vec<u8>,
    e: Option<String>,
    f: f32,
    g: [i16; 3],
    h: (bool, char),
) -> String {
    format!("{a} {b} {c:?} {d:?} {e:?} {f} {g:?} {h:?}")
}

pub fn many_arguments(ray: &Ray) -> Result<()> {
    let expected = eight(1, "two", (), vec![3], Some("4".into()), 0.5, [6, 6, 6], (true, '7'));
    let (d, g) = (ray.put(vec![3_u8])?, ray.put([6_i16; 3])?);
    let call = eight::remote(1, "two".to_string(), (), d, Some("4".to_string()), 0.5, &g, (true, '7'));
    equal(call.submit(ray)?.get(ray)?, expected)
}

#[mobula::task]
fn total(list: &[u64]) -> u64 {
    list.iter().sum()
}

pub fn large_arguments(ray: &Ray) -> Result<()> {
    let list: Vec<u64> = (0..500_000).map(|i| i * 65_536 / 7).collect();
    let expected = total(&list);
    equal(total::remote(list.clone()).submit(ray)?.get(ray)?, expected)?;
    equal(total::remote(ray.put(list)?).submit(ray)?.get(ray)?, expected)
}
