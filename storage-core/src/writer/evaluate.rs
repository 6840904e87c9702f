//! Requests on their way into the next group.

use super::Writer;
use super::batch::Work;
use crate::auth::Access;
use crate::error::StoreError;
use crate::machine::Request;
use crate::read::ReadError;

impl Writer {
    /// Evaluates a request, or keeps it for the turn that has to come first.
    pub(super) async fn receive(&mut self, work: Work) {
        if self.others.wants_turn() || !self.held.is_empty() {
            self.held.push_back(work);
        } else {
            self.evaluate(work).await;
        }
    }

    /// Evaluates what waited for this, as much as a group takes.
    pub(super) async fn evaluate_held(&mut self) {
        while self.has_room()
            && let Some(work) = self.held.pop_front()
        {
            self.evaluate(work).await;
        }
    }

    /// Evaluates a request on top of everything before it.
    pub(super) async fn evaluate(&mut self, work: Work) {
        if let Err(error) = self.fetch_needed(&work.request, &work.access).await {
            // It has an answer if the log has not gone on.
            let others_may_sweep = self.others.possible && self.poisoned.is_none();
            self.next.is_stale |= others_may_sweep && matches!(error, ReadError::Missing);
            return self.next.push(work, Err(error.into()), None);
        }
        let used = self.backend.size().allocated;
        let began = self.counters.now();
        let (answer, evaluated) = self.machine.evaluate(&work.request, &work.access, used);
        self.counters.evaluated(&work.request, answer.is_ok(), began);
        match (&self.poisoned, evaluated) {
            (Some(reason), Some(evaluated)) => self.refuse(work, evaluated, reason.clone()),
            (_, evaluated) => self.next.push(work, answer, evaluated),
        }
    }

    /// Fetches the values that the evaluation of `request` compares or keeps, where they are not at hand.
    pub(super) async fn fetch_needed(&mut self, request: &Request, access: &Access) -> Result<(), ReadError> {
        let missing = self.machine.missing_values(request, access);
        if missing.is_empty() {
            return Ok(());
        }
        let values = self.values.get(&missing).await.map_err(|e| StoreError::from_read(&e))?;
        for (id, value) in missing.into_iter().zip(values) {
            let value = value.ok_or(ReadError::Missing)?;
            self.machine.prefetch(id, value);
        }
        Ok(())
    }

    pub(super) async fn ask_self(&mut self, request: Request) {
        self.evaluate(Work { request, access: Access::Trusted, reply: None, _permit: None }).await;
    }
}
