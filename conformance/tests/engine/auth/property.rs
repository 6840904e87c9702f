//! The store says of users, roles and permissions what the model says, after whatever changes, restarts and refusals.

use std::sync::Arc;

use conformance::model::{Asker, AuthModel};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use storage_core::auth::{AuthError, Caller, PasswordHash};
use storage_core::backend::{Fault, FaultBackend};
use storage_core::{Backend, DeleteRangeRequest, KeyRange, Store, StoreError, StoreOptions};

use super::*;
use crate::support::put;
use crate::support::seed::{self, Time};

#[derive(Clone, Debug)]
enum Step {
    Change(Asker, AuthChange),
    /// The storage refuses what the change would write.
    Refused(AuthChange),
    Ask(Asker, KeyRange),
    Reopen,
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => select(vec!["root", "a", "b"]), 1 => select(vec!["", "c"])].prop_map(str::to_owned)
}

/// Few keys, with some that touch and some that do not.
fn any_keys() -> impl Strategy<Value = KeyRange> {
    let start = prop_oneof![9 => select(vec!["\0", "a", "a\0", "b", "c", "d"]), 1 => Just("")];
    let end = select(vec!["", "", "\0", "a", "a\0", "b", "c", "d"]);
    (start, end).prop_map(|(start, end)| keys(start, end))
}

fn permission() -> impl Strategy<Value = Option<Permission>> {
    let permission = (select(vec![Read, Write, ReadWrite]), any_keys());
    prop::option::weighted(0.95, permission.prop_map(|(kind, keys)| Permission { kind, keys }))
}

fn any_change() -> impl Strategy<Value = AuthChange> {
    let pair = || (name(), name());
    prop_oneof![
        2 => Just(AuthChange::Enable),
        1 => Just(AuthChange::Disable),
        2 => (name(), any::<bool>()).prop_map(|(name, with)| AuthChange::UserAdd {
            name: name.into(),
            password: with.then(|| PasswordHash::new("hash")),
        }),
        1 => name().prop_map(|name| user_delete(&name)),
        1 => name().prop_map(|name| AuthChange::UserChangePassword {
            name: name.into(),
            password: PasswordHash::new("other"),
        }),
        4 => pair().prop_map(|(user, role)| user_grant(&user, &role)),
        1 => pair().prop_map(|(user, role)| user_revoke(&user, &role)),
        2 => name().prop_map(|name| role_add(&name)),
        1 => name().prop_map(|name| role_delete(&name)),
        8 => (name(), permission()).prop_map(|(role, permission)| AuthChange::RoleGrantPermission {
            role: role.into(),
            permission,
        }),
        2 => (name(), any_keys()).prop_map(|(role, keys)| AuthChange::RoleRevokePermission { role: role.into(), keys }),
    ]
}

fn asker() -> impl Strategy<Value = Asker> {
    let age = prop_oneof![8 => Just(0), 1 => 1..4u64, 1 => Just(1000)];
    prop_oneof![
        3 => Just(Asker::Trusted),
        1 => Just(Asker::Nobody),
        6 => (name(), age).prop_map(|(name, age)| Asker::User(name, age)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (asker(), any_change()).prop_map(|(asker, change)| Step::Change(asker, change)),
        1 => any_change().prop_map(Step::Refused),
        10 => (asker(), any_keys()).prop_map(|(asker, keys)| Step::Ask(asker, keys)),
        1 => Just(Step::Reopen),
    ]
}

/// Root exists and authentication is on, so that random steps are about what is permitted.
fn begin() -> Vec<Step> {
    let begin = [user_add("root"), user_grant("root", "root"), AuthChange::Enable, user_add("a"), role_add("a")];
    let grants = [user_grant("a", "a"), user_add("b"), role_add("b"), user_grant("b", "b"), user_grant("a", "b")];
    begin.into_iter().chain(grants).map(|change| Step::Change(Asker::Trusted, change)).collect()
}

struct World {
    memory: Arc<MemoryBackend>,
    faults: Arc<FaultBackend>,
    store: Store,
    model: AuthModel,
}

impl World {
    async fn new() -> Self {
        let memory = Arc::new(MemoryBackend::new());
        let (faults, store) = Self::over(&memory).await;
        Self { memory, faults, store, model: AuthModel::default() }
    }

    async fn over(memory: &Arc<MemoryBackend>) -> (Arc<FaultBackend>, Store) {
        let faults = Arc::new(FaultBackend::new(Arc::clone(memory) as _));
        let store = Store::open(Arc::clone(&faults) as Arc<dyn Backend>, StoreOptions::default()).await;
        (faults, store.expect("it opens"))
    }

    fn for_asker(&self, asker: &Asker) -> Store {
        match asker {
            Asker::Trusted => self.store.clone(),
            Asker::Nobody => self.store.for_client(None),
            Asker::User(name, age) => {
                let auth_revision = self.model.revision().saturating_sub(*age);
                self.store.for_client(Some(Caller { user: name.as_str().into(), auth_revision }))
            }
        }
    }

    async fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Change(asker, change) => {
                let position = self.store.position();
                let got = self.for_asker(&asker).change_auth(change.clone()).await.map(drop);
                let want = self.model.change(&asker, &change);
                let taken = self.store.position().0 - position.0;
                same(&(got, taken), &(refusal(want), u64::from(want == Ok(true))))?;
            }
            Step::Refused(change) => {
                // What writes nothing is answered as ever.
                let want = self.model.clone().change(&Asker::Trusted, &change);
                if want == Ok(true) {
                    self.faults.script([Fault::Refused]);
                    let got = self.store.change_auth(change).await;
                    same(&matches!(got, Err(StoreError::Refused(_))), &true)?;
                }
            }
            Step::Ask(asker, keys) => self.ask(&asker, &keys).await?,
            Step::Reopen => {
                self.store.close().await.expect("it closes");
                self.memory.reopen();
                (self.faults, self.store) = Self::over(&self.memory).await;
            }
        }
        same(&AuthModel::from(&*self.store.auth()), &self.model)
    }

    async fn ask(&self, asker: &Asker, keys: &KeyRange) -> Result<(), String> {
        let store = self.for_asker(asker);
        same(&store.check_admin(), &self.model.admin(asker))?;
        // No start is refused by itself, and means the first key to a watch.
        let from_first = if keys.start().is_empty() { keys.starting_at([0].as_slice().into()) } else { keys.clone() };
        same(&store.check_read(keys), &self.model.permits(asker, Read, &from_first))?;
        if keys.start().is_empty() {
            return Ok(());
        }
        let permits = |kind| refusal(self.model.permits(asker, kind, keys));
        let range = storage_core::RangeRequest::new(keys.clone());
        same(&store.range(range.clone()).await.map(drop), &permits(Read))?;
        same(&store.range_stream(range, 100).map(drop), &permits(Read))?;
        for (prev_kv, kind) in [(false, Write), (true, ReadWrite)] {
            let delete = DeleteRangeRequest { keys: keys.clone(), prev_kv };
            same(&store.delete_range(delete).await.map(drop), &permits(kind))?;
            if let Some(key) = keys.as_single() {
                let key = std::str::from_utf8(key).expect("keys of this test are text");
                let put = storage_core::PutRequest { prev_kv, ..put(key, "x") };
                same(&store.put(put).await.map(drop), &permits(kind))?;
            }
        }
        Ok(())
    }
}

fn refusal<T>(outcome: Result<T, AuthError>) -> Result<(), StoreError> {
    outcome.map(drop).map_err(StoreError::Auth)
}

fn same<T: PartialEq + std::fmt::Debug>(got: &T, want: &T) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("\n  store: {got:?}\n  model: {want:?}")) }
}

#[test]
fn users_roles_and_permissions_are_as_the_model_has_them() {
    seed::check(
        "auth::property::users_roles_and_permissions_are_as_the_model_has_them",
        300,
        Time::Paused,
        &vec(step(), 1..60),
        async |steps| {
            let mut world = World::new().await;
            for (at, step) in begin().into_iter().chain(steps).enumerate() {
                let described = format!("{step:?}");
                world.step(step).await.map_err(|e| format!("step {at}, {described}: {e}"))?;
            }
            Ok(())
        },
    );
}
