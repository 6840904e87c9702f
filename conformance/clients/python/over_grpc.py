"""The client aetcd, over gRPC."""

import asyncio

import aetcd
from aetcd import rpc
from aetcd.rtypes import EventKind

from checks import equal, run


async def kv_put_get(etcd):
    """a key that is put is got, with its revisions"""
    put = await etcd.put(b"kv/a", b"1")
    got = await etcd.get(b"kv/a")
    equal((got.value, got.mod_revision, got.version), (b"1", put.header.revision, 1))


async def kv_prefix(etcd):
    """a prefix is got in order, and deleted"""
    for name in (b"c", b"a", b"b"):
        await etcd.put(b"prefix/" + name, name)
    equal([kv.value for kv in await etcd.get_prefix(b"prefix/", sort_order="ascend", sort_target="key")], [b"a", b"b", b"c"])
    equal((await etcd.delete_prefix(b"prefix/")).deleted, 3)
    equal(len(await etcd.get_prefix(b"prefix/")), 0)


async def kv_transaction(etcd):
    """a transaction compares and swaps"""
    await etcd.put(b"txn", b"old")
    t = etcd.transactions
    swap = dict(compare=[t.value(b"txn") == b"old"], success=[t.put(b"txn", b"new")], failure=[t.get(b"txn")])
    equal((await etcd.transaction(**swap))[0], True)
    succeeded, answers = await etcd.transaction(**swap)
    equal((succeeded, answers[0][0][0]), (False, b"new"))
    equal(await etcd.replace(b"txn", b"other", b"x"), False)


async def kv_compaction(etcd):
    """a watch from a compacted revision is told so"""
    revision = (await etcd.put(b"compacted", b"1")).header.revision
    last = (await etcd.put(b"compacted", b"2")).header.revision
    await etcd.compact(last)
    try:
        await anext(aiter(await etcd.watch(b"compacted", start_revision=revision)))
    except aetcd.exceptions.RevisionCompactedError as error:
        equal(error.compacted_revision, last)
    else:
        raise AssertionError("it was not told")


async def lease_keys(etcd):
    """a lease holds keys, is renewed, and takes them with it"""
    lease = await etcd.lease(60)
    await etcd.put(b"lease/a", b"1", lease=lease)
    equal((lease.ttl, await lease.granted_ttl(), list(await lease.keys())), (60, 60, [b"lease/a"]))
    equal((await lease.refresh()).TTL, 60)
    await lease.revoke()
    equal(await etcd.get(b"lease/a"), None)


async def lease_expires(etcd):
    """a lease that is not renewed ends"""
    lease = await etcd.lease(2)
    start = (await etcd.put(b"lease/b", b"1", lease=lease)).header.revision
    gone = await etcd.watch_once(b"lease/b", timeout=15, start_revision=start + 1)
    equal(gone.kind, EventKind.DELETE)


async def lease_twice(etcd):
    """a lease that exists is not granted again"""
    await etcd.lease(60, lease_id=4711)
    try:
        await etcd.lease(60, lease_id=4711)
    except aetcd.exceptions.DuplicateLeaseError:
        await etcd.revoke_lease(4711)
    else:
        raise AssertionError("it was")


async def watch_events(etcd):
    """a watch sees what was and what comes, with the values before"""
    start = (await etcd.put(b"watch/a", b"1")).header.revision
    watch = await etcd.watch_prefix(b"watch/", start_revision=start, prev_kv=True)
    events = aiter(watch)
    await etcd.put(b"watch/a", b"2")
    await etcd.put(b"elsewhere", b"x")
    await etcd.delete(b"watch/a")
    seen = [await anext(events) for _ in range(3)]
    await watch.cancel()
    equal([event.kind for event in seen], [EventKind.PUT, EventKind.PUT, EventKind.DELETE])
    equal([event.kv.value for event in seen], [b"1", b"2", b""])
    equal([event.prev_kv.value for event in seen[1:]], [b"1", b"2"])


async def lock_excludes(etcd):
    """a lock has one holder, and goes to who waits"""
    first, second = etcd.lock(b"lock"), etcd.lock(b"lock")
    equal((await first.acquire(timeout=0), await second.acquire(timeout=0)), (True, False))
    waiting = asyncio.create_task(second.acquire(timeout=15))
    equal(await first.release(), True)
    equal((await waiting, await second.is_acquired(), await first.is_acquired()), (True, True, False))
    await second.release()


async def cluster_members(etcd):
    """there is one member, and it leads"""
    members = [member async for member in etcd.members()]
    equal(len(members), 1)
    status = await etcd.status()
    equal(status.leader.id, members[0].id)


async def auth_permissions(etcd, host, port):
    """a user may do what its roles say, and no more"""
    admin = rpc.AuthStub(etcd.channel)
    await admin.UserAdd(rpc.AuthUserAddRequest(name="root", password="root's"))
    await admin.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="root", role="root"))
    await admin.UserAdd(rpc.AuthUserAddRequest(name="alice", password="alice's"))
    await admin.RoleAdd(rpc.AuthRoleAddRequest(name="reader"))
    allowed = rpc.Permission(permType=rpc.Permission.READ, key=b"kv/", range_end=b"kv0")
    await admin.RoleGrantPermission(rpc.AuthRoleGrantPermissionRequest(name="reader", perm=allowed))
    await admin.UserGrantRole(rpc.AuthUserGrantRoleRequest(user="alice", role="reader"))
    await admin.AuthEnable(rpc.AuthEnableRequest())
    try:
        await refused(aetcd.Client(host, port), lambda c: c.get(b"kv/a"), "user name is empty")
        await refused(aetcd.Client(host, port, "alice", "wrong"), lambda c: c.connect(), "authentication failed")
        async with aetcd.Client(host, port, "alice", "alice's") as alice:
            equal((await alice.get(b"kv/a")).value, b"1")
            for call in (lambda c: c.get(b"watch/a"), lambda c: c.put(b"kv/a", b"2")):
                await refused(alice, call, "permission denied")
    finally:
        async with aetcd.Client(host, port, "root", "root's") as root:
            await rpc.AuthStub(root.channel).AuthDisable(rpc.AuthDisableRequest(), metadata=root.metadata)


async def refused(client, call, why):
    try:
        await call(client)
    except aetcd.exceptions.ClientError as error:
        if why not in str(error):
            raise
    else:
        raise AssertionError(f"it was not refused: {why}")


async def main(host, port):
    """Runs all checks against the server at this address. Returns how many failed."""
    checks = (
        kv_put_get, kv_prefix, kv_transaction, kv_compaction, lease_keys, lease_expires, lease_twice, watch_events,
        lock_excludes, cluster_members,
    )
    async with aetcd.Client(host, port) as etcd:
        failed = await run("aetcd", checks, etcd)
        return failed + await run("aetcd", (auth_permissions,), etcd, host, port)
