//! The kinds of numbers that a tensor may have in a file, and what they are as those of a network: as
//! `load_state_dict` copies them.

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl Kind {
    /// Bytes of one.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// By the name of PyTorch's storage class.
    pub(super) fn of_storage(name: &str) -> Option<Self> {
        Some(match name {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::Bf16,
            "LongStorage" => Self::I64,
            "IntStorage" => Self::I32,
            "ShortStorage" => Self::I16,
            "CharStorage" => Self::I8,
            "ByteStorage" => Self::U8,
            "BoolStorage" => Self::Bool,
            _ => return None,
        })
    }

    /// The number at a place counted in numbers; `None` beyond the end. `big` is the order of its bytes.
    pub(super) fn at(self, bytes: &[u8], place: usize, big: bool) -> Option<f32> {
        let start = place.checked_mul(self.size())?;
        let found = bytes.get(start..start.checked_add(self.size())?)?;
        let mut own = [0; 8];
        for (to, from) in own.iter_mut().zip(found) {
            *to = *from;
        }
        if big {
            own[..self.size()].reverse();
        }
        let [a, b, c, d, ..] = own;
        Some(match self {
            Self::F64 => f64::from_le_bytes(own) as f32,
            Self::F32 => f32::from_le_bytes([a, b, c, d]),
            Self::F16 => half(u16::from_le_bytes([a, b])),
            Self::Bf16 => f32::from_bits(u32::from(u16::from_le_bytes([a, b])) << 16),
            Self::I64 => i64::from_le_bytes(own) as f32,
            Self::I32 => i32::from_le_bytes([a, b, c, d]) as f32,
            Self::I16 => i16::from_le_bytes([a, b]).into(),
            Self::I8 => i8::from_le_bytes([a]).into(),
            Self::U8 => a.into(),
            Self::Bool => f32::from(a != 0),
        })
    }
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        0 => {
            // Below the normal ones: so many times 2^-24.
            let size = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(size.to_bits() | sign)
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_the_number_that_it_stands_for() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
        assert!(half(0x8000).is_sign_negative());
    }

    #[test]
    fn numbers_of_all_kinds_are_read() {
        let at = |kind: Kind, bytes: &[u8]| kind.at(bytes, 1, false).unwrap();
        assert_eq!(at(Kind::F64, &[[0; 8], 1.5_f64.to_le_bytes()].concat()), 1.5);
        assert_eq!(at(Kind::Bf16, &[0, 0, 0xc0, 0xbf]), -1.5);
        assert_eq!(at(Kind::I64, &[[0; 8], (-3_i64).to_le_bytes()].concat()), -3.0);
        assert_eq!(at(Kind::I8, &[0, 0xff]), -1.0);
        assert_eq!(Kind::F32.at(&1.5_f32.to_be_bytes(), 0, true), Some(1.5));
        assert_eq!(Kind::F32.at(&[0; 7], 1, false), None);
        assert_eq!(Kind::F64.at(&[0; 7], usize::MAX, false), None);
    }
}
