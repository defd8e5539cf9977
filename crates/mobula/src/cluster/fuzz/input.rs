//! The fuzzer's bytes, read as choices. At their end every choice is the first.

pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Input(bytes)
    }

    pub fn left(&self) -> bool {
        !self.0.is_empty()
    }

    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// 0 to 15.
    pub fn small(&mut self) -> u8 {
        self.byte().unwrap_or(0) % 16
    }

    pub fn flag(&mut self) -> bool {
        self.byte().unwrap_or(0) % 2 == 1
    }

    pub fn choose<'c, T>(&mut self, from: &'c [T]) -> Option<&'c T> {
        let at = usize::from(self.byte().unwrap_or(0));
        from.get(at % from.len().max(1))
    }

    /// A length, then that many bytes, or as many as there are.
    pub fn bytes(&mut self) -> &'a [u8] {
        let wanted = usize::from(self.byte().unwrap_or(0));
        // Most are short; a few are long enough to count as large.
        let wanted = if wanted >= 250 { (wanted - 249) * 1000 } else { wanted };
        let (bytes, rest) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}
