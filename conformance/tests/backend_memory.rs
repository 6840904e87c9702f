//! The reference backend obeys the laws, by itself and behind the wrapper that injects faults.

use std::sync::Arc;

use async_trait::async_trait;
use conformance::backend_suite::Place;
use storage_core::backend::FaultBackend;
use storage_core::{Backend, MemoryBackend};

#[derive(Default)]
struct Memory(Arc<MemoryBackend>);

#[async_trait]
impl Place for Memory {
    async fn open(&self) -> Arc<dyn Backend> {
        self.0.reopen();
        self.0.clone()
    }
}

mod memory {
    conformance::backend_suite!(super::Memory::default());
}

/// Without a script the wrapper changes nothing.
#[derive(Default)]
struct Faultless(Memory);

#[async_trait]
impl Place for Faultless {
    async fn open(&self) -> Arc<dyn Backend> {
        Arc::new(FaultBackend::new(self.0.open().await))
    }
}

mod faultless {
    conformance::backend_suite!(super::Faultless::default());
}
