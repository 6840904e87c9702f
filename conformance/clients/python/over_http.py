"""The client etcd3gw, over the JSON gateway; with it the services Lock and Election, for which it has no methods."""

import base64
import queue
import threading

import etcd3gw
from etcd3gw.exceptions import Etcd3Exception

from checks import equal, run


def text(value):
    """A value of a message, which JSON has in base64."""
    return base64.b64decode(value).decode()


def data(value):
    return base64.b64encode(value.encode()).decode()


def kv_put_get(etcd):
    """a key that is put is got, and replaced only if it is the same"""
    etcd.put("gateway/a", "1")
    equal(etcd.get("gateway/a"), [b"1"])
    equal((etcd.replace("gateway/a", "1", "2"), etcd.replace("gateway/a", "1", "3")), (True, False))
    equal([value for value, _ in etcd.get_prefix("gateway/")], [b"2"])
    equal((etcd.create("gateway/a", "x"), etcd.create("gateway/b", "x")), (False, True))
    equal(etcd.delete_prefix("gateway/"), True)
    equal(etcd.get("gateway/a"), [])


def lease_keys(etcd):
    """a lease holds keys, is renewed, and takes them with it"""
    lease = etcd.lease(ttl=60)
    etcd.put("leased", "1", lease=lease)
    equal((lease.refresh(), lease.keys()), (60, [b"leased"]))
    equal(lease.revoke(), True)
    equal(etcd.get("leased"), [])


def watch_events(etcd):
    """a watch sees what comes, and ends when it is cancelled"""
    events, cancel = etcd.watch("watched")
    seen = queue.Queue()
    reader = threading.Thread(target=lambda: [seen.put(event) for event in events])
    reader.start()
    etcd.put("watched", "1")
    etcd.delete("watched")
    put, deleted = seen.get(timeout=10), seen.get(timeout=10)
    equal((put["kv"]["value"], deleted["type"]), (b"1", "DELETE"))
    cancel()
    reader.join(timeout=10)
    equal(reader.is_alive(), False)


def lock_excludes(etcd):
    """a lock has one holder"""
    first, second = etcd.lock(id="l"), etcd.lock(id="l")
    equal((first.acquire(), second.acquire(), first.is_acquired()), (True, False, True))
    equal((first.release(), second.acquire(), second.release()), (True, True, True))


def lock_service(etcd):
    """the service Lock gives a key to the holder of a lease"""
    lease = etcd.lease(ttl=60)
    locked = etcd.post(etcd.get_url("/lock/lock"), json={"name": data("name"), "lease": str(lease.id)})
    equal(text(locked["key"]), f"name/{int(lease.id):x}")
    etcd.post(etcd.get_url("/lock/unlock"), json={"key": locked["key"]})
    equal(list(etcd.get_prefix("name/")), [])
    lease.revoke()


def election_service(etcd):
    """the service Election has a leader until it resigns"""
    lease = etcd.lease(ttl=60)
    won = etcd.post(etcd.get_url("/election/campaign"), json={"name": data("e"), "lease": str(lease.id), "value": data("v")})
    leader = etcd.post(etcd.get_url("/election/leader"), json={"name": data("e")})
    equal((leader["kv"]["key"], text(leader["kv"]["value"])), (won["leader"]["key"], "v"))
    etcd.post(etcd.get_url("/election/resign"), json={"leader": won["leader"]})
    try:
        etcd.post(etcd.get_url("/election/leader"), json={"name": data("e")})
    except Etcd3Exception as error:
        equal("election: no leader" in str(error.detail_text), True)
    else:
        raise AssertionError("there still is a leader")
    lease.revoke()


def auth_token(etcd):
    """who has the token of a user is that user"""
    call = lambda path, **fields: etcd.post(etcd.get_url(path), json=fields)
    call("/auth/user/add", name="root", password="root's")
    call("/auth/user/grant", user="root", role="root")
    call("/auth/enable")
    try:
        try:
            etcd.get("a")
        except Etcd3Exception as error:
            equal("user name is empty" in str(error.detail_text), True)
        else:
            raise AssertionError("nobody may read")
        etcd.session.headers["Authorization"] = call("/auth/authenticate", name="root", password="root's")["token"]
        equal(etcd.get("a"), [])
    finally:
        call("/auth/disable")
        del etcd.session.headers["Authorization"]


async def main(host, port):
    """Runs all checks against the server at this address. Returns how many failed."""
    checks = (kv_put_get, lease_keys, watch_events, lock_excludes, lock_service, election_service, auth_token)
    return await run("etcd3gw", checks, etcd3gw.client(host=host, port=port, timeout=20))
