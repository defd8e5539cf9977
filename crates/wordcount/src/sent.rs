//! What a type has that is sent as the bytes it consists of.

macro_rules! sent_as_bytes {
    ($type:ty) => {
        impl $type {
            /// The bytes to send.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// The bytes to send, without a copy.
            #[must_use]
            pub fn into_bytes(self) -> Vec<u8> {
                self.0
            }
        }

        impl AsRef<[u8]> for $type {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
    };
}

pub(crate) use sent_as_bytes;
