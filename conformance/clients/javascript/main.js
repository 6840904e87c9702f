'use strict';
// The client etcd3, over gRPC: main.js HOST:PORT

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Etcd3, EtcdLockFailedError, Range } = require('etcd3');
const { run } = require('./checks');

const hosts = process.argv[2];
const etcd = new Etcd3({ hosts });

async function kvPutGet() {
  await etcd.put('kv/a').value('1');
  assert.equal(await etcd.get('kv/a').string(), '1');
  assert.equal(await etcd.get('kv/none').string(), null);
  const previous = await etcd.put('kv/a').value('2').getPrevious();
  assert.equal(previous.value.toString(), '1');
}

async function kvPrefix() {
  for (const name of ['c', 'a', 'b']) await etcd.put(`prefix/${name}`).value(name);
  const found = await etcd.getAll().prefix('prefix/').sort('Key', 'Descend').limit(2).strings();
  assert.deepEqual(found, { 'prefix/c': 'c', 'prefix/b': 'b' });
  assert.equal(await etcd.getAll().prefix('prefix/').count(), 3);
  assert.equal((await etcd.delete().prefix('prefix/')).deleted, '3');
}

async function kvTransaction() {
  await etcd.put('txn').value('old');
  const swap = () => etcd.if('txn', 'Value', '==', 'old').then(etcd.put('txn').value('new')).else(etcd.get('txn')).commit();
  assert.equal((await swap()).succeeded, true);
  const second = await swap();
  assert.equal(second.succeeded, false);
  assert.equal(second.responses[0].response_range.kvs[0].value.toString(), 'new');
}

async function kvMemory() {
  await etcd.put('stm').value('1');
  await etcd.stm().transact(async tx => {
    const n = Number(await tx.get('stm'));
    await tx.put('stm').value(String(n + 1));
  });
  assert.equal(await etcd.get('stm').string(), '2');
}

async function leaseKeys() {
  const lease = etcd.lease(60, { autoKeepAlive: false });
  await lease.put('lease/a').value('1');
  assert.equal((await lease.keepaliveOnce()).TTL, '60');
  await lease.revoke();
  assert.equal(await etcd.get('lease/a').string(), null);
}

async function leaseExpires() {
  const watcher = await etcd.watch().key('lease/b').only('delete').create();
  const gone = once(watcher, 'delete');
  const lease = etcd.lease(2, { autoKeepAlive: false });
  await lease.put('lease/b').value('1');
  await gone;
  await watcher.cancel();
}

async function watchEvents() {
  const { header } = await etcd.put('watch/a').value('1');
  const watcher = await etcd.watch().prefix('watch/').startRevision(header.revision).withPreviousKV().create();
  const seen = [];
  const enough = new Promise(resolve => {
    watcher.on('data', ({ events }) => {
      for (const { type, kv, prev_kv: prev } of events) seen.push([type, kv.value.toString(), prev?.value.toString()]);
      if (seen.length === 3) resolve();
    });
  });
  await etcd.put('watch/a').value('2');
  await etcd.put('elsewhere').value('x');
  await etcd.delete().key('watch/a');
  await enough;
  await watcher.cancel();
  assert.deepEqual(seen, [['Put', '1', undefined], ['Put', '2', '1'], ['Delete', '', '2']]);
}

async function lockExcludes() {
  const first = await etcd.lock('lock').acquire();
  await assert.rejects(etcd.lock('lock').acquire(), EtcdLockFailedError);
  await first.release();
  await etcd.lock('lock').do(async () => assert.notEqual(await etcd.getAll().prefix('lock').count(), 0));
}

async function election() {
  const named = etcd.election('election', 10);
  const first = named.campaign('a');
  await once(first, 'elected');
  assert.equal(await named.leader(), 'a');
  const second = named.campaign('b');
  await second.getCampaignKey();
  const elected = once(second, 'elected');
  await first.resign();
  await elected;
  assert.equal(await named.leader(), 'b');
  await second.resign();
}

async function authPermissions() {
  const root = await etcd.user('root').create("root's");
  await root.addRole('root');
  const role = await etcd.role('reader').create();
  await role.grant({ permission: 'Read', range: Range.prefix('kv/') });
  await (await etcd.user('alice').create("alice's")).addRole(role);
  await etcd.auth.authEnable();
  const as = (username, password) => new Etcd3({ hosts, auth: { username, password } });
  const clients = [as('alice', "alice's"), as('alice', 'wrong'), as('root', "root's")];
  const [alice, wrong, admin] = clients;
  try {
    await assert.rejects(etcd.get('kv/a').string(), /user name is empty/);
    await assert.rejects(wrong.get('kv/a').string(), /authentication failed/);
    assert.equal(await alice.get('kv/a').string(), '2');
    await assert.rejects(alice.get('txn').string(), /permission denied/);
    await assert.rejects(alice.put('kv/a').value('3'), /permission denied/);
  } finally {
    await admin.auth.authDisable();
    clients.forEach(client => client.close());
  }
}

run('etcd3 (JavaScript)', [
  ['a key that is put is got, also with the value before', kvPutGet],
  ['a prefix is got in order, counted and deleted', kvPrefix],
  ['a transaction compares and swaps', kvTransaction],
  ['software transactional memory reads and writes', kvMemory],
  ['a lease holds keys, is renewed, and takes them with it', leaseKeys],
  ['a lease that is not renewed ends', leaseExpires],
  ['a watch sees what was and what comes, with the values before', watchEvents],
  ['a lock has one holder', lockExcludes],
  ['an election has one leader, and then the next', election],
  ['a user may do what its roles say, and no more', authPermissions],
]).then(failed => {
  etcd.close();
  console.log('done');
  process.exit(failed > 0 ? 1 : 0);
});
