//! A restricted unpickler: it reads a state dict of tensors, and refuses all else.
//!
//! A pickle is a program for a stack machine that may call any function by name. This machine knows the few
//! that tensors need (`OrderedDict`, `_rebuild_tensor_v2`, `_rebuild_parameter`, storages), and only describes
//! what they would make; everything else is refused by name. Beside the tensors there may be numbers, lists and
//! the like, as in the checkpoints of other programs, which hold the state dict as `state_dict` or
//! `model_state_dict`. Values live in one list and refer to each other by
//! position, so shared parts stay shared, nothing is recursive, and memory is proportional to the pickle.

use std::collections::HashMap;

use super::elements::Kind;
use super::shorten;
use crate::error::CheckpointError;

/// A tensor, as the pickle describes it.
#[derive(Debug, PartialEq)]
pub(super) struct Described {
    pub name: String,
    /// The file of its numbers.
    pub key: String,
    /// What numbers they are.
    pub kind: Kind,
    /// Its first number there.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// How far apart the numbers of each dimension are.
    pub strides: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Value {
    Mark,
    /// Seen where it does not matter: what it is.
    Other(&'static str),
    List(Vec<usize>),
    Integer(i64),
    Text(String),
    Tuple(Vec<usize>),
    /// A dict of names and values; also what `OrderedDict()` makes.
    Dict(Vec<(usize, usize)>),
    Global(Global),
    Storage {
        key: String,
        kind: Kind,
    },
    Tensor {
        key: String,
        kind: Kind,
        offset: usize,
        shape: Vec<usize>,
        strides: Vec<usize>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    RebuildFromType,
    Storage(Kind),
    /// A type of tensors, which matters to nobody.
    Type,
    /// `torch.device`, whose result says where tensors were.
    Device,
}

/// Where other programs keep a state dict among other things.
const NESTED: [&str; 2] = ["state_dict", "model_state_dict"];

fn damaged<T>(what: &str) -> Result<T, CheckpointError> {
    Err(CheckpointError::Damaged(format!("in the pickle, {what}")))
}

fn forbidden<T>(what: String) -> Result<T, CheckpointError> {
    Err(CheckpointError::Forbidden(what))
}

struct Machine<'a> {
    input: &'a [u8],
    values: Vec<Value>,
    /// Positions in `values`.
    stack: Vec<usize>,
    memo: HashMap<u32, usize>,
}

/// Reads a pickled state dict.
pub(super) fn read(pickle: &[u8]) -> Result<Vec<Described>, CheckpointError> {
    let mut machine = Machine { input: pickle, values: Vec::new(), stack: Vec::new(), memo: HashMap::new() };
    let result = machine.run()?;
    machine.describe(result)
}

impl Machine<'_> {
    fn bytes(&mut self, count: usize) -> Result<&[u8], CheckpointError> {
        let Some((bytes, rest)) = self.input.split_at_checked(count) else {
            return damaged("the end comes too soon");
        };
        self.input = rest;
        Ok(bytes)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], CheckpointError> {
        let mut number = [0; N];
        number.copy_from_slice(self.bytes(N)?);
        Ok(number)
    }

    fn text(&mut self, count: usize) -> Result<String, CheckpointError> {
        match std::str::from_utf8(self.bytes(count)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => damaged("a text is not UTF-8"),
        }
    }

    fn line(&mut self) -> Result<String, CheckpointError> {
        let Some(end) = self.input.iter().position(|&byte| byte == b'\n') else {
            return damaged("a name has no end");
        };
        let line = self.text(end)?;
        self.bytes(1)?;
        Ok(line)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<usize, CheckpointError> {
        match self.stack.pop() {
            Some(at) => Ok(at),
            None => damaged("the stack is empty"),
        }
    }

    fn top(&self) -> Result<usize, CheckpointError> {
        match self.stack.last() {
            Some(&at) => Ok(at),
            None => damaged("the stack is empty"),
        }
    }

    /// Everything above the last mark.
    fn pop_mark(&mut self) -> Result<Vec<usize>, CheckpointError> {
        let Some(mark) = self.stack.iter().rposition(|&at| matches!(self.values[at], Value::Mark)) else {
            return damaged("a mark is missing");
        };
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn tuple(&mut self, count: usize) -> Result<(), CheckpointError> {
        let Some(start) = self.stack.len().checked_sub(count) else {
            return damaged("the stack is empty");
        };
        let items = self.stack.split_off(start);
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn get(&mut self, slot: u32) -> Result<(), CheckpointError> {
        match self.memo.get(&slot) {
            Some(&at) => self.stack.push(at),
            None => return damaged("something is recalled that was not kept"),
        }
        Ok(())
    }

    fn put(&mut self, slot: u32) -> Result<(), CheckpointError> {
        let top = self.top()?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn run(&mut self) -> Result<usize, CheckpointError> {
        loop {
            let [opcode] = self.number::<1>()?;
            match opcode {
                0x80 => drop(self.number::<1>()?),
                // FRAME, a hint about lengths.
                0x95 => drop(self.number::<8>()?),
                b'(' => self.push(Value::Mark),
                b')' => self.push(Value::Tuple(Vec::new())),
                0x85..=0x87 => self.tuple(usize::from(opcode - 0x84))?,
                b't' => {
                    let items = self.pop_mark()?;
                    self.push(Value::Tuple(items));
                }
                b'}' => self.push(Value::Dict(Vec::new())),
                b'N' => self.push(Value::Other("None")),
                0x88 | 0x89 => self.push(Value::Other("a flag")),
                b'G' => {
                    self.bytes(8)?;
                    self.push(Value::Other("a number"));
                }
                // Whole numbers of any length.
                0x8a => {
                    let [count] = self.number()?;
                    let bytes = self.bytes(count.into())?;
                    let mut number = [if bytes.last().is_some_and(|last| *last >= 128) { 255 } else { 0 }; 8];
                    let fits = bytes.len() <= 8;
                    number.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                    let number = i64::from_le_bytes(number);
                    self.push(if fits { Value::Integer(number) } else { Value::Other("a number") });
                }
                b'B' => {
                    let count = u32::from_le_bytes(self.number()?) as usize;
                    self.bytes(count)?;
                    self.push(Value::Other("bytes"));
                }
                b'C' => {
                    let [count] = self.number()?;
                    self.bytes(count.into())?;
                    self.push(Value::Other("bytes"));
                }
                b']' => self.push(Value::List(Vec::new())),
                b'a' => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                b'e' => {
                    let items = self.pop_mark()?;
                    self.append(items)?;
                }
                // An empty set, and what goes into one.
                0x8f => self.push(Value::List(Vec::new())),
                0x90 => {
                    let items = self.pop_mark()?;
                    self.append(items)?;
                }
                b'0' => drop(self.pop()?),
                b'2' => {
                    let top = self.top()?;
                    self.stack.push(top);
                }
                b'J' => {
                    let number = i32::from_le_bytes(self.number()?);
                    self.push(Value::Integer(number.into()));
                }
                b'K' => {
                    let [number] = self.number()?;
                    self.push(Value::Integer(number.into()));
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.number()?);
                    self.push(Value::Integer(number.into()));
                }
                b'X' => {
                    let count = u32::from_le_bytes(self.number()?) as usize;
                    let text = self.text(count)?;
                    self.push(Value::Text(text));
                }
                0x8c => {
                    let [count] = self.number()?;
                    let text = self.text(count.into())?;
                    self.push(Value::Text(text));
                }
                b'q' => {
                    let [slot] = self.number()?;
                    self.put(slot.into())?;
                }
                b'r' => {
                    let slot = u32::from_le_bytes(self.number()?);
                    self.put(slot)?;
                }
                0x94 => self.put(self.memo.len() as u32)?,
                b'h' => {
                    let [slot] = self.number()?;
                    self.get(slot.into())?;
                }
                b'j' => {
                    let slot = u32::from_le_bytes(self.number()?);
                    self.get(slot)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(&module, &name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Value::Text(module), Value::Text(name)) = (&self.values[module], &self.values[name])
                    else {
                        return damaged("a global's name is no text");
                    };
                    let (module, name) = (module.clone(), name.clone());
                    self.global(&module, &name)?;
                }
                b'Q' => self.persistent()?,
                b'R' => self.reduce()?,
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(vec![key, value])?;
                }
                b'u' => {
                    let items = self.pop_mark()?;
                    self.set(items)?;
                }
                b'b' => {
                    // The `_metadata` attribute of a state dict: versions of the layers. Or attributes of a tensor.
                    let (state, object) = (self.pop()?, self.top()?);
                    let both = (&self.values[object], &self.values[state]);
                    if !matches!(both, (Value::Dict(_) | Value::Tensor { .. }, Value::Dict(_))) {
                        return forbidden("the state of an object".to_owned());
                    }
                }
                b'.' => return self.pop(),
                _ => return forbidden(format!("opcode 0x{opcode:02x}")),
            }
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), CheckpointError> {
        let global = match (module, name) {
            ("collections", "OrderedDict") => Global::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor,
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                Global::RebuildParameter
            }
            ("torch._tensor", "_rebuild_from_type_v2") => Global::RebuildFromType,
            ("torch", "device") => Global::Device,
            ("torch", "Tensor") | ("torch.nn.parameter", "Parameter") => Global::Type,
            ("torch", storage) if let Some(kind) = Kind::of_storage(storage) => Global::Storage(kind),
            _ => return forbidden(format!("{}.{}", shorten(module), shorten(name))),
        };
        self.push(Value::Global(global));
        Ok(())
    }

    /// `("storage", FloatStorage, key, device, count)`.
    fn persistent(&mut self) -> Result<(), CheckpointError> {
        let id = self.pop()?;
        if let Value::Tuple(items) = &self.values[id]
            && let [kind, class, key, _, _] = items[..]
            && let Value::Text(kind) = &self.values[kind]
            && kind == "storage"
            && let Value::Global(Global::Storage(kind_of)) = self.values[class]
            && let Value::Text(key) = &self.values[key]
            && !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_digit())
        {
            let key = key.clone();
            self.push(Value::Storage { key, kind: kind_of });
            return Ok(());
        }
        forbidden("a storage that is none of numbers".to_owned())
    }

    fn reduce(&mut self) -> Result<(), CheckpointError> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return damaged("a call's arguments are no tuple");
        };
        let made = match self.values[function] {
            Value::Global(Global::OrderedDict) if arguments.is_empty() => Value::Dict(Vec::new()),
            Value::Global(Global::RebuildTensor) => self.tensor(arguments)?,
            Value::Global(Global::RebuildParameter) => self.parameter(arguments)?,
            // The function, the type, its arguments, and attributes.
            Value::Global(Global::RebuildFromType) => match arguments[..] {
                [function, _, inner, _] => match (&self.values[function], &self.values[inner]) {
                    (Value::Global(Global::RebuildTensor), Value::Tuple(inner)) => self.tensor(inner)?,
                    (Value::Global(Global::RebuildParameter), Value::Tuple(inner)) => {
                        self.parameter(inner)?
                    }
                    _ => return damaged("a tensor is not described as PyTorch does"),
                },
                _ => return damaged("a tensor is not described as PyTorch does"),
            },
            Value::Global(Global::Device) => Value::Other("a device"),
            _ => return forbidden("a call of something that is no function of its own".to_owned()),
        };
        self.push(made);
        Ok(())
    }

    /// `_rebuild_parameter(tensor, requires_grad, hooks)`.
    fn parameter(&self, arguments: &[usize]) -> Result<Value, CheckpointError> {
        match arguments.first().map(|&tensor| &self.values[tensor]) {
            Some(tensor @ Value::Tensor { .. }) => Ok(tensor.clone()),
            _ => damaged("a parameter is no tensor"),
        }
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`.
    fn tensor(&self, arguments: &[usize]) -> Result<Value, CheckpointError> {
        if let [storage, offset, shape, strides, ..] = arguments[..]
            && let Value::Storage { key, kind } = &self.values[storage]
            && let Value::Integer(offset) = self.values[offset]
            && let (Some(shape), Some(strides)) = (self.sizes(shape), self.sizes(strides))
            && let Ok(offset) = usize::try_from(offset)
            && shape.len() == strides.len()
        {
            return Ok(Value::Tensor { key: key.clone(), kind: *kind, offset, shape, strides });
        }
        damaged("a tensor is not described as PyTorch does")
    }

    /// A tuple of a few sizes.
    fn sizes(&self, at: usize) -> Option<Vec<usize>> {
        let Value::Tuple(items) = &self.values[at] else { return None };
        if items.len() > 8 {
            return None;
        }
        let size = |&item: &usize| match self.values[item] {
            Value::Integer(size) => usize::try_from(size).ok(),
            _ => None,
        };
        items.iter().map(size).collect()
    }

    /// Adds names and values, alternating, to the dict on top.
    fn set(&mut self, items: Vec<usize>) -> Result<(), CheckpointError> {
        let (pairs, rest) = items.as_chunks::<2>();
        let top = self.top()?;
        match &mut self.values[top] {
            Value::Dict(dict) if rest.is_empty() => {
                dict.extend(pairs.iter().map(|&[key, value]| (key, value)))
            }
            _ => return damaged("something is set in what is no dict"),
        }
        Ok(())
    }

    fn append(&mut self, items: Vec<usize>) -> Result<(), CheckpointError> {
        let top = self.top()?;
        match &mut self.values[top] {
            Value::List(list) => list.extend(items),
            _ => return damaged("something is added to what is no list"),
        }
        Ok(())
    }

    /// The state dict: what was saved, or what other programs save it as a part of.
    fn state_dict(&self, result: usize) -> Result<&[(usize, usize)], CheckpointError> {
        let no = || CheckpointError::Tensors(format!("there is {}, and no state dict", self.what(result)));
        let Value::Dict(dict) = &self.values[result] else { return Err(no()) };
        let is_tensor = |&(_, value): &(usize, usize)| matches!(self.values[value], Value::Tensor { .. });
        if dict.is_empty() || dict.iter().any(is_tensor) {
            return Ok(dict);
        }
        let nested = dict.iter().find_map(|&(name, value)| match (&self.values[name], &self.values[value]) {
            (Value::Text(name), Value::Dict(inner)) if NESTED.contains(&name.as_str()) => Some(&inner[..]),
            _ => None,
        });
        nested.filter(|inner| inner.iter().any(is_tensor)).ok_or_else(no)
    }

    /// A value in words.
    fn what(&self, at: usize) -> String {
        match &self.values[at] {
            Value::Mark => "nothing".to_owned(),
            Value::Other(what) => (*what).to_owned(),
            Value::Integer(_) => "a number".to_owned(),
            Value::Text(_) => "a text".to_owned(),
            Value::Tuple(items) => format!("a tuple of {}", items.len()),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Dict(items) => {
                let names = items.iter().take(8).map(|&(name, _)| match &self.values[name] {
                    Value::Text(name) => format!("{:?}", shorten(name)),
                    _ => "something".to_owned(),
                });
                let more = if items.len() > 8 { ", …" } else { "" };
                format!("a dict of {}{more}", names.collect::<Vec<_>>().join(", "))
            }
            Value::Global(_) => "a function".to_owned(),
            Value::Storage { .. } => "a storage".to_owned(),
            Value::Tensor { shape, .. } => format!("a tensor of shape {shape:?}"),
        }
    }

    fn describe(&self, result: usize) -> Result<Vec<Described>, CheckpointError> {
        let dict = self.state_dict(result)?;
        // One for each tensor of the network, and enough to say what is one too many.
        if dict.len() > 64 {
            return Err(CheckpointError::Tensors(format!("there are {} tensors, more than 64", dict.len())));
        }
        let tensor = |&(name, tensor): &(usize, usize)| match (&self.values[name], &self.values[tensor]) {
            (Value::Text(name), Value::Tensor { key, kind, offset, shape, strides }) => Ok(Described {
                name: name.clone(),
                key: key.clone(),
                kind: *kind,
                offset: *offset,
                shape: shape.clone(),
                strides: strides.clone(),
            }),
            (Value::Text(name), _) => Err(CheckpointError::Tensors(format!(
                "{:?} is no tensor, but {}",
                shorten(name),
                self.what(tensor)
            ))),
            _ => damaged("a tensor has no name"),
        };
        dict.iter().map(tensor).collect()
    }
}
