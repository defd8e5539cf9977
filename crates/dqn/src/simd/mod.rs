//! The widest vectors that the processor has, and the same bits on all of them.
//!
//! The learner is written once over [`Lanes`]: sixteen numbers. The result of every operation is fixed lane
//! by lane: sums over a long dimension run one after the other in a lane, with fused multiply-adds on every
//! machine, and the few sums across lanes add them in one fixed order. So the width changes the time, and
//! never a bit. Without the instruction, a fused multiply-add is a call of the library's: right, and slow.

pub(crate) mod lanes;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

/// Which instructions compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Plain Rust, on any machine.
    Portable,
    /// 8 lanes at a time: AVX2, FMA and BMI1.
    Avx2,
    /// 16 lanes at a time: AVX-512F.
    Avx512,
}

impl Width {
    /// Every width, widest last.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The fastest width that this processor runs.
    pub fn best() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|width| width.is_supported()).unwrap_or(Self::Portable)
    }

    /// Whether this processor runs the width.
    pub fn is_supported(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
                    && std::arch::is_x86_feature_detected!("bmi1")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_supported() && std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// Asks for the cache line at `what`, which is read soon; elsewhere than on x86-64 it does nothing.
#[inline(always)]
pub(crate) fn prefetch<T>(what: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is part of every x86-64, and changes nothing but the caches.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
            std::ptr::from_ref(what).cast(),
        );
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = what;
}

/// Calls a generic function with the lanes of a width that this processor is known to run.
macro_rules! dispatch {
    ($width:expr, $function:ident($($name:ident: $type:ty),* $(,)?) $(-> $output:ty)?) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma,bmi1")]
        unsafe fn avx2($($name: $type),*) $(-> $output)? {
            $function::<$crate::simd::x86::Avx2>($($name),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx2,fma,bmi1")]
        unsafe fn avx512($($name: $type),*) $(-> $output)? {
            $function::<$crate::simd::x86::Avx512>($($name),*)
        }
        match $width {
            // SAFETY: a width is kept only where `is_supported` found its instructions.
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Width::Avx2 => unsafe { avx2($($name),*) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            $crate::simd::Width::Avx512 => unsafe { avx512($($name),*) },
            _ => $function::<$crate::simd::lanes::Portable>($($name),*),
        }
    }};
}
pub(crate) use dispatch;
